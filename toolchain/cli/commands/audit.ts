// `casemate audit`: what a component imports against what its manifest grants. Never runs it, and never says that a device will.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { readComponent } from '../../../component/binary/read-component.ts';
import { sameBytes } from '../../../contracts/core/bytes.ts';
import { decodeImage } from '../../../contracts/core/image.ts';
import type { Manifest } from '../../../contracts/wire/manifest.ts';
import type { SupportedCapability } from '../../../host-apis/capabilities.ts';
import { interfaceCapabilities } from '../../../host-apis/capabilities.ts';
import type { RefusedImport } from '../../../host-apis/capability-imports.ts';
import { MANIFEST_VALUES } from '../../../host-apis/capability-imports.ts';
import { parseManifest } from '../../build/app-source.ts';
import type { ImportAudit } from '../../build/audit-imports.ts';
import { auditImports, grantedCapabilities } from '../../build/audit-imports.ts';
import { sha256 } from '../../build/package-app.ts';
import type { CommandContext } from '../command-context.ts';
import { readInput } from '../files.ts';
import { EXIT } from '../outcome.ts';
import { table } from '../table.ts';

const WASM_MAGIC = Uint8Array.of(0x00, 0x61, 0x73, 0x6d);

interface AuditDocument {
  readonly imports: readonly {
    readonly interface: string;
    readonly functions: readonly string[];
    readonly anyOf: readonly string[] | null;
  }[];
  readonly missing: readonly RefusedImport[];
  readonly unused: readonly SupportedCapability[];
  /** Capabilities that are enough; where the manifest has a value, it is the manifest's own. */
  readonly least: Readonly<Record<string, unknown>>;
}

export function registerAudit(root: Command, { outcome, cwd }: CommandContext): void {
  root
    .command('audit')
    .description(
      'Shows what a component imports that its manifest does not grant, grants that nothing uses, and the least manifest.',
    )
    .argument('<file>', 'component or image package')
    .option('--manifest <file>', 'app_manifest.json (an image has its own)')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate audit app.wasm --manifest app_manifest.json')
    .action(async (file: string, choice: { readonly manifest?: string }) => {
      const bytes = await readInput(resolve(cwd, file));
      const image = sameBytes(bytes.subarray(0, WASM_MAGIC.length), WASM_MAGIC)
        ? undefined
        : decodeImage(bytes, sha256);
      const text = choice.manifest === undefined ? image?.manifest : await readInput(resolve(cwd, choice.manifest));
      const manifest = text === undefined ? undefined : parseManifest(text, choice.manifest);
      const granted = manifest === undefined ? new Set<SupportedCapability>() : grantedCapabilities(manifest);
      const audit = auditImports(readComponent(image?.component ?? bytes), granted);
      if (audit.refused.length > 0) process.exitCode = EXIT.refused;
      const document = documentOf(audit, manifest);
      outcome.result({ file, ...document }, () => describe(document));
    });
}

function documentOf({ wanted, refused, unused, used }: ImportAudit, manifest: Manifest | undefined): AuditDocument {
  const imports = wanted.map(({ name, functions }) => {
    return { interface: name, functions, anyOf: interfaceCapabilities(name) ?? null };
  });
  const least = Object.fromEntries(used.map((capability) => [capability, valueOf(capability, manifest)]));
  return { imports, missing: refused, unused, least };
}

function valueOf(capability: SupportedCapability, manifest: Manifest | undefined): unknown {
  const { storageBytes = 0, hosts = [], tcpServerPorts = [], udpServerPorts = [] } = manifest?.asked ?? {};
  const own: Readonly<Record<SupportedCapability, readonly unknown[]>> = {
    Gpio: (manifest?.gpio ?? []).map((pin) => (pin.kind === 'pin' ? pin.pin : `$${pin.name}`)),
    MutableStorage: storageBytes === 0 ? [] : [{ SizeKB: storageBytes / 1024 }],
    AllowedConnections: hosts,
    AllowedTcpServerPorts: tcpServerPorts,
    AllowedUdpServerPorts: udpServerPorts,
  };
  const value = own[capability];
  if (value.length === 0) return placeholderOf(capability);
  return capability === 'MutableStorage' ? value[0] : value;
}

/** Not a number, so that nobody takes it for a port that the app needs. */
function placeholderOf(capability: SupportedCapability): unknown {
  return capability.endsWith('ServerPorts') ? ['PORT'] : JSON.parse(MANIFEST_VALUES[capability]);
}

function describe({ imports, missing, unused, least }: AuditDocument): string {
  const rows = imports.map(({ interface: name, functions, anyOf }) => {
    const needs = anyOf === null ? 'no device offers it' : anyOf.join(' or ') || 'nothing';
    return [name, needs, functions.join(', ')];
  });
  const lines = missing.map(({ message, hint }) => `missing: ${message}\n  ${hint}`);
  const idle = unused.map((capability) => `unused: ${capability}`);
  const enough = `least manifest: "Capabilities": ${JSON.stringify(least)}`;
  return [table(['IMPORTS', 'NEEDS', 'FUNCTIONS'], rows), ...lines, ...idle, enough].join('\n');
}
