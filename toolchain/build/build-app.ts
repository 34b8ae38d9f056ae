// The build: an app folder, or a component that was made elsewhere, to an unsigned image package. Never leaves out a check that the
// device would make later: what is refused there is refused here, with the line to change.

import { dirname, join } from 'node:path';
import { readComponent } from '../../component/binary/read-component.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import { offeredName } from '../../contracts/core/semver-name.ts';
import { ByteWriter } from '../../contracts/core/bytes.ts';
import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import { APP_FOLDER_DEFAULTS } from '../../contracts/wire/app-folder.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { resolveManifest } from '../../contracts/wire/manifest-package.ts';
import type { SupportedCapability } from '../../host-apis/capabilities.ts';
import { HANDLER_INTERFACE } from '../../host-apis/capabilities.ts';
import { MT3620_RDB } from '../../runtime/board/mt3620_rdb.ts';
import type { ImportAudit } from './audit-imports.ts';
import { auditImports, grantedCapabilities, requireGrants } from './audit-imports.ts';
import { MANIFEST_FILE, parseManifest, readAppSource } from './app-source.ts';
import type { AppSource } from './app-source.ts';
import { dependencyFiles } from './dependency-files.ts';
import { BuildError, problemsError } from './build-error.ts';
import { compileC } from './compile-c.ts';
import { bareManifest } from './bare-manifest.ts';
import type { BoardHardware } from './hardware.ts';
import { loadHardware } from './hardware.ts';
import { checkMemory, initialMemoryBytes } from './memory-need.ts';
import type { PackagedApp, PackageParts } from './package-app.ts';
import { packageApp, sha256 } from './package-app.ts';
import type { SourceTree } from './source-tree.ts';
import { readIfPresent } from './source-tree.ts';
import { suggestGrant } from './suggest-grant.ts';
import { makeComponent, validateComponent } from './wasm-tools.ts';

export interface BuildOptions {
  /** The app folder. */
  readonly folder: string;
  /** A board's name or a definition's path, instead of what casemate.json says. */
  readonly hardware?: string | undefined;
  /** Bytes that the board gives an app. */
  readonly memoryLimitBytes?: number | undefined;
  /** The catalog that the image is for; without one it can only be sideloaded. */
  readonly catalogId?: ComponentId | undefined;
}

export interface ComponentFileOptions {
  readonly componentFile: string;
  /** Absent: a manifest that grants nothing. */
  readonly manifestFile: string | undefined;
  readonly hardware?: string | undefined;
  readonly memoryLimitBytes?: number | undefined;
}

export interface BuildResult {
  readonly name: string;
  readonly componentId: ComponentId;
  readonly imageId: ImageId;
  readonly catalogId: ComponentId | undefined;
  readonly version: string;
  readonly rollbackIndex: number;
  readonly language: string;
  readonly hardware: string;
  /** The unsigned package. */
  readonly image: Uint8Array;
  readonly component: Uint8Array;
  readonly imports: readonly string[];
  /** Capabilities in use, and the pins that the manifest grants. */
  readonly capabilities: readonly SupportedCapability[];
  readonly gpioPins: readonly number[];
  readonly sizes: BuildSizes;
  /** The compiler's text, and grants that nothing uses. */
  readonly warnings: readonly string[];
}

/** Bytes. */
export interface BuildSizes {
  readonly image: number;
  readonly component: number;
  readonly files: number;
  readonly memoryInitial: number;
  readonly memoryLimit: number;
}

/**
 * Builds an app folder. Errors: `BuildErrorCode`, and those of the formats that it reads.
 *
 * ```ts
 * const { image, sizes } = await buildApp({ folder: 'apps/blink' });
 * ```
 */
export async function buildApp({ folder, hardware, memoryLimitBytes, catalogId }: BuildOptions): Promise<BuildResult> {
  const source = readAppSource(folder);
  const language = chooseLanguage(source);
  const board = chooseHardware(source, hardware);
  const manifest = packagedManifest(source.manifest, board);
  const memoryLimit = memoryLimitBytes ?? MT3620_RDB.appMemoryLimitBytes;
  const { tree, settings } = source;
  const { core, warnings } = await compileC({
    tree,
    entry: settings.entry,
    hardwareHeaders: board.headers,
    memoryLimitBytes: memoryLimit,
  });
  const component = await makeComponent(core);
  const checked = check(component, source.manifest, memoryLimit, (capability) => suggestGrant(capability, board, tree));
  const { version, rollback } = settings;
  const described = { version, rollback, language, hardware: board.name, catalogId };
  const dependencies = dependencyFiles(source.manifest, (path) => tree.get(path));
  const files = new Map([...source.imageFiles, ...dependencies]);
  const parts = { component, manifest, files, ...described };
  const packaged = packageApp({ ...parts, sourceDigest: digestOf(tree), memoryLimitBytes: memoryLimit });
  return result(parts, packaged, checked, memoryLimit, warnings === '' ? [] : [warnings.trimEnd()]);
}

/** Packages a component that was built elsewhere. Errors: as `buildApp`. */
export async function packageComponentFile(options: ComponentFileOptions): Promise<BuildResult> {
  const component = requireFile(options.componentFile, 'file-missing');
  const manifest = manifestFor(options);
  await validateComponent(component);
  const board = loadHardware({ from: 'disk', name: options.hardware ?? APP_FOLDER_DEFAULTS.hardware });
  const memoryLimit = options.memoryLimitBytes ?? MT3620_RDB.appMemoryLimitBytes;
  const checked = check(component, manifest, memoryLimit, (capability) => suggestGrant(capability, board, new Map()));
  const { version, rollback } = APP_FOLDER_DEFAULTS;
  const packagedText = packagedManifest(manifest, board);
  const parts = {
    component,
    manifest: packagedText,
    files: dependencyFiles(manifest, (path) =>
      readIfPresent(join(dirname(options.manifestFile ?? options.componentFile), path)),
    ),
    version,
    rollback,
    language: 'wasm',
    hardware: board.name,
    catalogId: undefined,
  };
  const packaged = packageApp({ ...parts, sourceDigest: undefined, memoryLimitBytes: memoryLimit });
  return result(parts, packaged, checked, memoryLimit, []);
}

/** World `app` of device.wit, world `command` of wasi:cli, and world `proxy` of wasi:http. */
const RUN_EXPORTS: readonly string[] = ['run', 'wasi:cli/run@0.2.0', HANDLER_INTERFACE];

function manifestFor({ manifestFile, componentFile }: ComponentFileOptions): Manifest {
  if (manifestFile === undefined) return bareManifest(componentFile);
  return parseManifest(requireFile(manifestFile, 'manifest-missing'), manifestFile);
}

interface Checked {
  readonly audit: ImportAudit;
  readonly memoryInitial: number;
}

function check(
  bytes: Uint8Array,
  manifest: Manifest,
  memoryLimit: number,
  suggestion: (capability: SupportedCapability) => string,
): Checked {
  const component = parseComponent(bytes);
  const supplied = new Set(manifest.dependencies.map((dependency) => dependency.import));
  const audit = auditImports(component, grantedCapabilities(manifest), { suggestion, supplied });
  requireGrants(audit);
  checkExports(component, manifest);
  const memoryInitial = initialMemoryBytes(component);
  checkMemory(memoryInitial, memoryLimit);
  return { audit, memoryInitial };
}

function checkExports({ definitions }: ComponentDefinition, manifest: Manifest): void {
  const exported = definitions.flatMap((definition) =>
    definition.kind === 'export' ? [offeredName(definition.name)] : [],
  );
  const [form] = RUN_EXPORTS.filter((name) => exported.includes(name));
  if (form === undefined) {
    const message = 'the component exports neither run nor wasi:cli/run@0.2 nor wasi:http/incoming-handler@0.2';
    throw new BuildError('component-invalid', message, { fault: 'caller' });
  }
  const ports = manifest.asked.tcpServerPorts.length;
  if (form === HANDLER_INTERFACE && ports !== 1) {
    const message = `wasi:http/incoming-handler is served at the one port in AllowedTcpServerPorts, and the manifest has ${ports}`;
    throw new BuildError('component-invalid', message, { fault: 'caller', details: { reason: 'http-port-not-one' } });
  }
}

function parseComponent(bytes: Uint8Array): ComponentDefinition {
  try {
    return readComponent(bytes);
  } catch (cause) {
    if (!(cause instanceof ComponentError)) throw cause;
    throw new BuildError('component-invalid', `${cause.message} [${cause.code}]`, {
      fault: 'caller',
      cause,
      details: { reason: cause.code },
    });
  }
}

function chooseLanguage({ settings, tree }: AppSource): 'c' {
  const language = settings.language ?? 'c';
  if (language === 'c') return language;
  const hint = [...tree.keys()].some((path) => path.endsWith('.c'))
    ? 'write "c", or leave the key out'
    : 'this version builds C';
  throw new BuildError('language-not-supported', `there is no build for ${language}`, { fault: 'caller', hint });
}

function chooseHardware({ settings, tree }: AppSource, override: string | undefined): BoardHardware {
  if (override !== undefined) return loadHardware({ from: 'disk', name: override });
  return loadHardware({ from: 'app', name: settings.hardware, tree });
}

function packagedManifest(manifest: Manifest, board: BoardHardware): PackagedManifest {
  const verdict = resolveManifest(manifest, board.hardware);
  if (!verdict.ok) throw problemsError(MANIFEST_FILE, verdict.errors);
  return verdict.packaged;
}

/** One digest for a set of files, whatever the order in which a disk lists them. */
function digestOf(tree: SourceTree): Uint8Array {
  const writer = new ByteWriter();
  for (const [path, bytes] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = new TextEncoder().encode(path);
    writer.u32(name.length).bytes(name).bytes(sha256(bytes));
  }
  return sha256(writer.finish());
}

function requireFile(file: string, code: 'manifest-missing' | 'file-missing'): Uint8Array {
  const bytes = readIfPresent(file);
  if (bytes === undefined) throw new BuildError(code, `there is no file ${file}`, { fault: 'caller' });
  return bytes;
}

function result(
  parts: Omit<PackageParts, 'sourceDigest' | 'memoryLimitBytes'>,
  { image, imageId }: PackagedApp,
  { audit, memoryInitial }: Checked,
  memoryLimit: number,
  warnings: readonly string[],
): BuildResult {
  const { manifest, component, language, hardware, files } = parts;
  const unused = audit.unused.map(
    (capability) => `the manifest grants ${capability}, and the app imports nothing that it guards`,
  );
  const filesBytes = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  return {
    name: manifest.name,
    componentId: manifest.componentId,
    imageId,
    catalogId: parts.catalogId,
    version: parts.version,
    rollbackIndex: parts.rollback,
    language,
    hardware,
    image,
    component,
    imports: audit.imports,
    capabilities: audit.used,
    gpioPins: manifest.gpioPins,
    sizes: { image: image.length, component: component.length, files: filesBytes, memoryInitial, memoryLimit },
    warnings: [...warnings, ...unused],
  };
}
