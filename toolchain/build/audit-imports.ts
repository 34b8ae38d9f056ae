// What a component imports against what its manifest grants. Never trusts what a build says of itself: it reads the component.

import { importNames } from '../../component/definitions.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import type { SupportedCapability } from '../../host-apis/capabilities.ts';
import { INTERFACE_CAPABILITY } from '../../host-apis/capabilities.ts';
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
    const capability = Object.hasOwn(INTERFACE_CAPABILITY, name) ? INTERFACE_CAPABILITY[name] : undefined;
    return capability === undefined ? [] : [{ interface: name, capability }];
  });
  const used = [...new Set(needs.map(({ capability }) => capability))];
  return {
    imports,
    used,
    missing: needs.filter(({ capability }) => !granted.has(capability)),
    notOffered: imports.filter((name) => !Object.hasOwn(INTERFACE_CAPABILITY, name)),
    unused: [...granted].filter((capability) => !used.includes(capability)),
  };
}

/** Capabilities that the manifest asks anything of. */
export function grantedCapabilities(manifest: Manifest): ReadonlySet<SupportedCapability> {
  return new Set(manifest.gpio.length > 0 ? ['Gpio'] : []);
}

/** `suggestion`: the value of a manifest line that would grant it. Errors: `import-not-offered`, `import-not-granted`. */
export function requireGrants(audit: ImportAudit, suggestion: (capability: SupportedCapability) => string): void {
  const [foreign] = audit.notOffered;
  if (foreign !== undefined) {
    const hint = `a device offers: ${Object.keys(INTERFACE_CAPABILITY).join(', ')}`;
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
