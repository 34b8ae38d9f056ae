// From the one capability table to every call that must be allowed or denied for a manifest. Never a call that the table does not lead to.

import type { Grants } from '../../contracts/core/grants.ts';
import type { FunctionRule } from '../../host-apis/capabilities.ts';
import {
  FUNCTION_RULES,
  OFFERED_INTERFACES,
  capabilitiesOf,
  interfaceCapabilities,
} from '../../host-apis/capabilities.ts';
import type { MatrixRow } from './matrix.ts';
import type { CheckName, Neighbour, ProbeCall } from './probe-call.ts';
import { RECIPES } from './recipes.ts';
import { WASI_RECIPES } from './wasi-recipes.ts';
import { TestkitError } from './testkit-error.ts';

/** An interface that the manifest does not open: a component that imports it is refused before its first instruction. */
export interface ClosedInterface {
  /** With its version. */
  readonly name: string;
  readonly capability: string;
  readonly check: CheckName;
}

export interface DerivedCalls {
  readonly calls: readonly ProbeCall[];
  readonly closed: readonly ClosedInterface[];
  /** A granted pin, which no other app's image may be granted. */
  readonly ownedPin: number | undefined;
}

/** What keeps a second image off a pin that an installed one has. */
export const OWNED_PIN_CHECK: CheckName = 'monitor:gpio';

/** Functions of the table that the kit has no recipe for. */
export function functionsWithoutRecipe(rules: readonly FunctionRule[] = FUNCTION_RULES): readonly string[] {
  return rules.filter((rule) => RECIPES[rule.function] === undefined).map((rule) => rule.function);
}

/** Errors: `recipe-missing`, so that a new function is never silently untested. */
export function deriveCalls(grants: Grants, neighbour: Neighbour): DerivedCalls {
  return { calls: allCalls(grants, neighbour), closed: closedInterfaces(grants), ownedPin: grants.gpioPins[0] };
}

/** The calls that a guest makes by itself, and alone on the device. */
export function guestCalls(grants: Grants, neighbour: Neighbour): readonly ProbeCall[] {
  return allCalls(grants, neighbour).filter(({ sayable, scene }) => sayable !== 'runner' && scene === 'alone');
}

function allCalls(grants: Grants, neighbour: Neighbour): readonly ProbeCall[] {
  const calls = FUNCTION_RULES.flatMap((rule) => {
    const recipe = RECIPES[rule.function];
    if (recipe === undefined)
      throw new TestkitError('recipe-missing', `the kit does not know how to try ${rule.function}`);
    return recipe({ grants, neighbour });
  });
  return [...calls, ...WASI_RECIPES.flatMap((recipe) => recipe({ grants, neighbour }))];
}

/** What a manifest with these grants does not open. */
export function closedInterfaces(grants: Grants): readonly ClosedInterface[] {
  const granted = capabilitiesOf(grants);
  return OFFERED_INTERFACES.flatMap((name) => {
    const anyOf = interfaceCapabilities(name) ?? [];
    if (anyOf.length === 0 || anyOf.some((capability) => granted.has(capability))) return [];
    return [{ name, capability: anyOf.join(' or '), check: `link:${name}` as const }];
  });
}

/** The rule of a function of the table. */
export function ruleOf(name: string): FunctionRule | undefined {
  return FUNCTION_RULES.find((rule) => rule.function === name);
}

/** The interface, function and capability of a call as the matrix has them. A file of the image needs no capability. */
export function shownAs({ function: name, wasi }: ProbeCall): Pick<MatrixRow, 'capability' | 'interface' | 'function'> {
  const rule = ruleOf(name);
  const shown = {
    capability: rule?.capability ?? null,
    interface: rule?.interface ?? '',
    function: rule?.name ?? name,
  };
  switch (wasi?.act) {
    case 'fetch':
      return { ...shown, interface: 'wasi:http/outgoing-handler', function: 'handle' };
    case 'image':
      return { capability: null, interface: 'wasi:filesystem/types', function: '[method]descriptor.open-at' };
    default:
      return shown;
  }
}
