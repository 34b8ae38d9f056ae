// What a component imports against what its manifest grants. Never trusts what a build says of itself: it reads the component.

import type { ComponentDefinition } from '../../component/definitions.ts';
import { importedFunctions } from '../../component/imported-functions.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import type { SupportedCapability } from '../../host-apis/capabilities.ts';
import { FUNCTION_RULES, capabilitiesOf, interfaceCapabilities } from '../../host-apis/capabilities.ts';
import type { ImportedInterface, RefusedImport } from '../../host-apis/capability-imports.ts';
import { refusedImports } from '../../host-apis/capability-imports.ts';
import { BuildError } from './build-error.ts';

export interface ImportAudit {
  /** Interfaces, in the component's order. */
  readonly imports: readonly string[];
  /** The same, with the functions that the component names. */
  readonly wanted: readonly ImportedInterface[];
  /** Capabilities that the imports need. */
  readonly used: readonly SupportedCapability[];
  /** What no device offers, then what is not granted. */
  readonly refused: readonly RefusedImport[];
  /** Granted, but nothing is imported that they guard. */
  readonly unused: readonly SupportedCapability[];
}

/** `granted`: see `grantedCapabilities`. `suggestion`: the value of a manifest line that would grant a capability. */
export function auditImports(
  component: ComponentDefinition,
  granted: ReadonlySet<SupportedCapability>,
  {
    suggestion,
    supplied = new Set(),
  }: {
    readonly suggestion?: (capability: SupportedCapability) => string;
    /** Imports that a dependency of the manifest satisfies. */
    readonly supplied?: ReadonlySet<string>;
  } = {},
): ImportAudit {
  const wanted = importedFunctions(component).filter(({ name }) => !supplied.has(name));
  const opened = wanted.flatMap(({ name }) => usedOf(interfaceCapabilities(name) ?? [], granted));
  const guarding = wanted.flatMap(({ name }) => guardsOf(name)).filter((capability) => granted.has(capability));
  const used = [...new Set([...opened, ...guarding])];
  return {
    imports: wanted.map(({ name }) => name),
    wanted,
    used,
    refused: refusedImports(wanted, granted, suggestion),
    unused: [...granted].filter((capability) => !used.includes(capability)),
  };
}

/** Capabilities that guard functions of an interface which everybody may import: files of the image need none, mutable ones do. */
function guardsOf(name: string): readonly SupportedCapability[] {
  const stem = name.split('@')[0];
  return FUNCTION_RULES.flatMap((rule) =>
    rule.interface === stem ? [rule.capability, ...(rule.also ?? [])] : [],
  ).filter((capability) => capability !== undefined);
}

/** Of the capabilities that open an interface those that are granted; when none is, the first stands for what is missing. */
function usedOf(
  anyOf: readonly SupportedCapability[],
  granted: ReadonlySet<SupportedCapability>,
): readonly SupportedCapability[] {
  const held = anyOf.filter((capability) => granted.has(capability));
  return held.length > 0 ? held : anyOf.slice(0, 1);
}

/** Capabilities that the manifest asks anything of. */
export function grantedCapabilities(manifest: Manifest): ReadonlySet<SupportedCapability> {
  return capabilitiesOf({ ...manifest.asked, gpioPins: manifest.gpio.map((_, index) => index) });
}

/** Errors: `import-not-offered`, `import-not-granted`, each with what to do about it. */
export function requireGrants({ refused }: ImportAudit): void {
  const [first] = refused;
  if (first === undefined) return;
  const { code, message, hint } = first;
  const details =
    first.code === 'import-not-offered'
      ? { interfaces: refused.filter((each) => each.code === code).map((each) => each.interface) }
      : { interface: first.interface, function: first.function, capability: first.capability, line: first.line };
  throw new BuildError(code, message, { fault: 'caller', hint, details });
}
