// What a component imports against what its manifest grants. Never trusts what a build says of itself: it reads the component.

import { importNames } from '../../component/definitions.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import type { SupportedCapability } from '../../host-apis/capabilities.ts';
import { OFFERED_INTERFACES, capabilitiesOf, interfaceCapabilities } from '../../host-apis/capabilities.ts';
import { BuildError } from './build-error.ts';

export interface MissingGrant {
  readonly interface: string;
  readonly capability: SupportedCapability;
}

export interface ImportAudit {
  /** Interfaces, in the component's order. */
  readonly imports: readonly string[];
  /** Capabilities that the imports need. */
  readonly used: readonly SupportedCapability[];
  readonly missing: readonly MissingGrant[];
  /** Interfaces that no device offers. */
  readonly notOffered: readonly string[];
  /** Granted, but nothing is imported that they guard. */
  readonly unused: readonly SupportedCapability[];
}

/** `granted`: see `grantedCapabilities`. */
export function auditImports(component: ComponentDefinition, granted: ReadonlySet<SupportedCapability>): ImportAudit {
  const imports = importNames(component);
  const needs = imports.flatMap((name) => {
    const anyOf = interfaceCapabilities(name) ?? [];
    return anyOf.length === 0 ? [] : [{ interface: name, anyOf }];
  });
  const used = [...new Set(needs.flatMap(({ anyOf }) => usedOf(anyOf, granted)))];
  return {
    imports,
    used,
    missing: needs.flatMap(({ interface: name, anyOf }) => {
      const [capability] = anyOf;
      if (capability === undefined || anyOf.some((each) => granted.has(each))) return [];
      return [{ interface: name, capability }];
    }),
    notOffered: imports.filter((name) => interfaceCapabilities(name) === undefined),
    unused: [...granted].filter((capability) => !used.includes(capability)),
  };
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

/** `suggestion`: the value of a manifest line that would grant it. Errors: `import-not-offered`, `import-not-granted`. */
export function requireGrants(audit: ImportAudit, suggestion: (capability: SupportedCapability) => string): void {
  const [foreign] = audit.notOffered;
  if (foreign !== undefined) {
    const hint = `a device offers: ${OFFERED_INTERFACES.join(', ')}`;
    const details = { interfaces: audit.notOffered };
    throw new BuildError('import-not-offered', `the app imports ${foreign}, which no device offers`, {
      fault: 'caller',
      hint,
      details,
    });
  }
  const [missing] = audit.missing;
  if (missing === undefined) return;
  const line = `"${missing.capability}": ${suggestion(missing.capability)}`;
  throw new BuildError(
    'import-not-granted',
    `the app imports ${missing.interface}, and its manifest does not grant ${missing.capability}`,
    {
      fault: 'caller',
      hint: `add to Capabilities in app_manifest.json: ${line}`,
      details: { interface: missing.interface, capability: missing.capability, line },
    },
  );
}
