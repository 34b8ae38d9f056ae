// Whether a manifest grants what a component imports: one rule for build, service and device. Never looks into a component itself.

import type { SupportedCapability } from './capabilities.ts';
import { OFFERED_INTERFACES, interfaceCapabilities } from './capabilities.ts';

/** An interface that a component imports, and the functions of it that it names. */
export interface ImportedInterface {
  readonly name: string;
  readonly functions: readonly string[];
}

export type RefusedImport =
  | { readonly code: 'import-not-offered'; readonly interface: string; readonly message: string; readonly hint: string }
  | {
      readonly code: 'import-not-granted';
      readonly interface: string;
      /** The first function that it wants, or empty: it imports types only. */
      readonly function: string;
      readonly capability: SupportedCapability;
      /** The manifest line to add, e.g. `"MutableStorage": { "SizeKB": 8 }`. */
      readonly line: string;
      readonly message: string;
      readonly hint: string;
    };

/** What stands behind a capability's key when nobody knows better: a person has to say which pin, host or port. */
export const MANIFEST_VALUES: Readonly<Record<SupportedCapability, string>> = {
  Gpio: '["$NAME_OF_THE_PERIPHERAL"]',
  MutableStorage: '{ "SizeKB": 8 }',
  AllowedConnections: '["NAME.OF.THE.HOST"]',
  AllowedTcpServerPorts: '[PORT]',
  AllowedUdpServerPorts: '[PORT]',
};

/** Of the imports those that no device offers, then those that this manifest does not open, in their order. */
export function refusedImports(
  imports: readonly ImportedInterface[],
  granted: ReadonlySet<SupportedCapability>,
  valueOf: (capability: SupportedCapability) => string = (capability) => MANIFEST_VALUES[capability],
): readonly RefusedImport[] {
  const foreign = imports.filter(({ name }) => interfaceCapabilities(name) === undefined).map(notOffered);
  const closed = imports.flatMap((wanted) => {
    const anyOf = interfaceCapabilities(wanted.name) ?? [];
    const [capability] = anyOf;
    if (capability === undefined || anyOf.some((each) => granted.has(each))) return [];
    return [notGranted(wanted, anyOf, `"${capability}": ${valueOf(capability)}`, capability)];
  });
  return [...foreign, ...closed];
}

function notOffered({ name }: ImportedInterface): RefusedImport {
  const hint = `a device offers: ${OFFERED_INTERFACES.join(', ')}`;
  return {
    code: 'import-not-offered',
    interface: name,
    message: `the app imports ${name}, which no device offers`,
    hint,
  };
}

function notGranted(
  { name, functions }: ImportedInterface,
  anyOf: readonly SupportedCapability[],
  line: string,
  capability: SupportedCapability,
): RefusedImport {
  const [first = ''] = functions;
  const wanted = first === '' ? name : `${first} of ${name}`;
  return {
    code: 'import-not-granted',
    interface: name,
    function: first,
    capability,
    line,
    message: `the app imports ${wanted}, and its manifest does not grant ${anyOf.join(' or ')}`,
    hint: `add to Capabilities in app_manifest.json: ${line}`,
  };
}
