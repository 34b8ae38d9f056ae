// Which calls a dependency of the manifest must be allowed and which denied: what is inside its part, and whatever the app around it may do
// beyond that. Never a call of a runner that was taken over: the broker and the firewall know apps, not parts.

import type { Grants } from '../../contracts/core/grants.ts';
import { grantsOf } from '../../contracts/core/grants.ts';
import type { PackagedDependency, PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { capabilitiesOf, interfaceCapabilities } from '../../host-apis/capabilities.ts';
import type { ClosedInterface } from './derive-calls.ts';
import { closedInterfaces, guestCalls, shownAs } from './derive-calls.ts';
import type { CheckName, Neighbour, ProbeCall } from './probe-call.ts';

export interface PartCalls {
  readonly dependency: PackagedDependency;
  readonly calls: readonly ProbeCall[];
  /** What the app may import and the dependency may not. */
  readonly closed: readonly ClosedInterface[];
}

export function deriveParts(
  { dependencies }: Pick<PackagedManifest, 'dependencies'>,
  grants: Grants,
  neighbour: Neighbour,
): readonly PartCalls[] {
  return dependencies.map((dependency) => {
    const { gpioPins, asked } = dependency;
    const part = grantsOf({ memoryBytes: grants.memoryBytes, ...asked, gpioPins });
    const allowed = allowedCalls(part, neighbour);
    const isInside = (call: ProbeCall): boolean => allowed.some((one) => nameOf(one) === nameOf(call));
    const beyond = allowedCalls(grants, neighbour).filter((call) => call.before.length === 0 && !isInside(call));
    const partCapabilities = capabilitiesOf(part);
    const isOpen = (call: ProbeCall): boolean => {
      const anyOf = interfaceCapabilities(`${shownAs(call).interface}@${versionOf(call)}`) ?? [];
      return anyOf.length === 0 || anyOf.some((capability) => partCapabilities.has(capability));
    };
    const isClosedToApp = new Set(closedInterfaces(grants).map(({ name }) => name));
    const closed = closedInterfaces(part)
      .filter(({ name }) => !isClosedToApp.has(name))
      .map((one): ClosedInterface => ({ ...one, check: 'part:imports' }));
    return { dependency, calls: [...allowed, ...beyond.filter(isOpen).map(deniedByLinker)], closed };
  });
}

function versionOf(call: ProbeCall): string {
  return shownAs(call).interface.startsWith('wasi:') ? '0.2.0' : '0.1.0';
}

/** Of the calls that a guest can say those that must succeed. */
function allowedCalls(grants: Grants, neighbour: Neighbour): readonly ProbeCall[] {
  return guestCalls(grants, neighbour).filter(({ stop, granted }) => granted && stop === undefined);
}

function nameOf({ function: name, resource }: ProbeCall): string {
  return `${name} ${resource}`;
}

function deniedByLinker(call: ProbeCall): ProbeCall {
  const { act } = call.wasi ?? {};
  const stop =
    act === 'store'
      ? ({ error: 'no-folder', layer: 'linker', check: 'part:storage' } as const)
      : ({ error: 'access-denied', layer: 'linker', check: checkOf(call) } as const);
  return { ...call, granted: false, stop };
}

/** A name comes before its addresses: a host outside the part is stopped as it is asked for. */
function checkOf({ function: name, wasi }: ProbeCall): CheckName {
  if (wasi?.act === 'connect' || wasi?.act === 'fetch') return 'part:names';
  return wasi?.act === 'listen' ? 'part:tcp-ports' : `part:${name.split('.')[0] ?? name}`;
}
