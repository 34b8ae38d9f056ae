// Azure Sphere's app_manifest.json, from text of any origin to a checked manifest. Never makes a manifest out of text with a problem.

import type { ComponentId } from '../core/ids.ts';
import { parseComponentId } from '../core/ids.ts';
import { MANIFEST_MAX_BYTES } from '../core/limits.ts';
import type { JsonObject, JsonValue } from './json-text.ts';
import { ShapeReader, isJsonObject } from './json-shape.ts';
import { childPath, ROOT, shown } from './json-path.ts';
import type { AskedGrants, GpioRequest } from './manifest-capabilities.ts';
import { readCapabilities } from './manifest-capabilities.ts';
import type { DependencyRequest } from './manifest-dependencies.ts';
import { readDependencies } from './manifest-dependencies.ts';
import type { ManifestErrorCode, ManifestProblem } from './manifest-problem.ts';
import * as schema from './manifest-schema.ts';
import { didYouMean } from './near-name.ts';

/** What `casemate manifest check` shows of one file. A manifest comes out only when there is no problem at all. */
export type ManifestVerdict =
  | { readonly ok: true; readonly errors: readonly []; readonly manifest: Manifest }
  | { readonly ok: false; readonly errors: readonly ManifestProblem[] };

interface ManifestFields {
  /** For people; the original keeps 31 characters of it, this house all. */
  readonly name: string;
  readonly componentId: ComponentId;
  /** Path of the program in the image, as written (`/bin/app`). */
  readonly entryPoint: string;
  readonly cmdArgs: readonly string[];
  /** What the app finds as its environment, in the order of the text. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly mallocVersion: number | undefined;
  /** Pins asked for, in the order of the text. */
  readonly gpio: readonly GpioRequest[];
  /** Whatever else is asked for. */
  readonly asked: AskedGrants;
  /** Components that the app is linked to, in the order of the text. */
  readonly dependencies: readonly DependencyRequest[];
}

/** Only this module can make one: the class is not exported, and its private member makes the type nominal. */
class CheckedManifest implements ManifestFields {
  readonly #fields: ManifestFields;

  constructor(fields: ManifestFields) {
    this.#fields = fields;
  }

  get name(): string {
    return this.#fields.name;
  }
  get componentId(): ComponentId {
    return this.#fields.componentId;
  }
  get entryPoint(): string {
    return this.#fields.entryPoint;
  }
  get cmdArgs(): readonly string[] {
    return this.#fields.cmdArgs;
  }
  get environment(): ManifestFields['environment'] {
    return this.#fields.environment;
  }
  get mallocVersion(): number | undefined {
    return this.#fields.mallocVersion;
  }
  get gpio(): readonly GpioRequest[] {
    return this.#fields.gpio;
  }
  get asked(): AskedGrants {
    return this.#fields.asked;
  }
  get dependencies(): readonly DependencyRequest[] {
    return this.#fields.dependencies;
  }
}

/** A manifest whose every key is known, typed and supported. Its names are not resolved yet: see `resolveManifest`. */
export type Manifest = CheckedManifest;

type Reader = ShapeReader<ManifestErrorCode>;

/**
 * Reads the bytes of an `app_manifest.json`. Never throws for what is in them; all problems come back together.
 *
 * ```ts
 * const verdict = checkManifest(bytes);
 * if (verdict.ok) console.log(verdict.manifest.name);
 * else for (const { code, path, hint } of verdict.errors) console.log(code, path, hint);
 * ```
 */
export function checkManifest(bytes: Uint8Array): ManifestVerdict {
  const reader: Reader = new ShapeReader();
  const value = reader.text(bytes, { maxBytes: MANIFEST_MAX_BYTES });
  const fields = value === undefined ? undefined : readFields(reader, value);
  if (fields === undefined || reader.problems.length > 0) return { ok: false, errors: reader.problems };
  return { ok: true, errors: [], manifest: new CheckedManifest(fields) };
}

function readFields(reader: Reader, value: JsonValue): ManifestFields | undefined {
  const root = reader.object(value, ROOT, schema.MANIFEST_KEYS);
  if (root === undefined) return undefined;
  readSchemaVersion(reader, root);
  const name = readName(reader, root);
  const componentId = readComponentId(reader, root);
  const entryPoint = readEntryPoint(reader, root);
  const cmdArgs = readCmdArgs(reader, root.get('CmdArgs'));
  const environment = readEnvironment(reader, root.get('Environment'));
  readApplicationType(reader, root.get('ApplicationType'));
  const mallocVersion = optionalInteger(reader, root, 'MallocVersion', schema.MALLOC_VERSIONS);
  optionalInteger(reader, root, 'TargetApplicationRuntimeVersion', schema.RUNTIME_VERSIONS);
  readBetaApis(reader, root.get('TargetBetaApis'));
  const capabilities = reader.required(root, ROOT, 'Capabilities');
  const { gpio, asked } = readCapabilities(reader, capabilities, childPath(ROOT, 'Capabilities'));
  const path = childPath(ROOT, 'Dependencies');
  const dependencies = readDependencies(reader, root.get('Dependencies'), path, { gpio, asked });
  if (name === undefined || componentId === undefined || entryPoint === undefined) return undefined;
  return { name, componentId, entryPoint, cmdArgs, environment, mallocVersion, gpio, asked, dependencies };
}

function readSchemaVersion(reader: Reader, root: JsonObject): void {
  const value = reader.required(root, ROOT, 'SchemaVersion');
  const path = childPath(ROOT, 'SchemaVersion');
  const version = reader.integer(value, path, { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (version === undefined || version === schema.SCHEMA_VERSION) return;
  reader.refuse('schema-version-unsupported', path, `schema version ${version}`, `write ${schema.SCHEMA_VERSION}`);
}

function readName(reader: Reader, root: JsonObject): string | undefined {
  return boundedText(reader, root, 'Name', schema.NAME_MAX_CHARACTERS);
}

function readComponentId(reader: Reader, root: JsonObject): ComponentId | undefined {
  const path = childPath(ROOT, 'ComponentId');
  const text = reader.string(reader.required(root, ROOT, 'ComponentId'), path);
  if (text === undefined) return undefined;
  const id = parseComponentId(text);
  if (id === undefined) {
    const hint = 'a GUID has 32 hex digits: 8-4-4-4-12, of either letter case';
    reader.refuse('value-malformed', path, `${shown(text)} is no GUID`, hint);
  }
  return id;
}

function readEntryPoint(reader: Reader, root: JsonObject): string | undefined {
  const entry = boundedText(reader, root, 'EntryPoint', schema.ENTRY_POINT_MAX_CHARACTERS);
  if (entry === undefined) return undefined;
  const segments = entry.replace(/^\//, '').split('/');
  // The path stays inside the image: nobody may be led to another file by it.
  if (entry.includes('\\') || segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    const hint = 'write a path inside the image, e.g. /bin/app';
    reader.refuse('value-malformed', childPath(ROOT, 'EntryPoint'), `${shown(entry)} is no path in the image`, hint);
    return undefined;
  }
  return entry;
}

/** Absent means none: the documentation calls it optional, though one error text of the device asks for it. */
function readCmdArgs(reader: Reader, value: JsonValue | undefined): readonly string[] {
  const path = childPath(ROOT, 'CmdArgs');
  const args = reader.list(value, path, (element, at) => reader.string(element, at)) ?? [];
  if (args.length > schema.CMD_ARGS_MAX_COUNT) {
    reader.refuse('value-out-of-range', path, `${args.length} arguments`, `use at most ${schema.CMD_ARGS_MAX_COUNT}`);
  }
  return args;
}

function readEnvironment(reader: Reader, value: JsonValue | undefined): ManifestFields['environment'] {
  const path = childPath(ROOT, 'Environment');
  // Names are the author's own: every key is one.
  const names = isJsonObject(value) ? [...value.keys()] : [];
  const variables = reader.object(value, path, names);
  if (names.length > schema.ENVIRONMENT_MAX_COUNT) {
    const hint = `use at most ${schema.ENVIRONMENT_MAX_COUNT}`;
    reader.refuse('value-out-of-range', path, `${names.length} variables`, hint);
    return [];
  }
  return names.flatMap((name) => {
    const at = childPath(path, name);
    const text = reader.string(variables?.get(name), at);
    if (!schema.ENVIRONMENT_NAME.test(name)) {
      const hint = 'letters, digits and _, no digit first, at most 64 of them';
      reader.refuse('value-malformed', at, `${shown(name)} is no name of a variable`, hint);
    }
    if (text !== undefined && (text.length > schema.ENVIRONMENT_VALUE_MAX_CHARACTERS || text.includes('\0'))) {
      const hint = `at most ${schema.ENVIRONMENT_VALUE_MAX_CHARACTERS} characters, none of them NUL`;
      reader.refuse('value-out-of-range', at, `${text.length} characters`, hint);
    }
    return text === undefined ? [] : [[name, text] as const];
  });
}

function readApplicationType(reader: Reader, value: JsonValue | undefined): void {
  const path = childPath(ROOT, 'ApplicationType');
  const type = reader.string(value, path);
  if (type === undefined || type === 'Default') return;
  if (type === 'RealTimeCapable') {
    const hint = 'this version runs high-level apps: build it as "Default", or wait for a version with real-time cores';
    reader.refuse('application-type-not-supported', path, 'real-time apps cannot run here yet', hint);
    return;
  }
  const hint = didYouMean(type, schema.APPLICATION_TYPES, `write ${schema.APPLICATION_TYPES.join(' or ')}`);
  reader.refuse('application-type-unknown', path, `the application type ${shown(type)}`, hint);
}

function readBetaApis(reader: Reader, value: JsonValue | undefined): void {
  const path = childPath(ROOT, 'TargetBetaApis');
  const apis = reader.string(value, path);
  if (apis === undefined || apis === '') return;
  reader.refuse('beta-apis-not-supported', path, 'beta API sets do not exist here', 'remove TargetBetaApis');
}

function optionalInteger(
  reader: Reader,
  root: JsonObject,
  key: string,
  range: { min: number; max: number },
): number | undefined {
  return reader.integer(root.get(key), childPath(ROOT, key), range);
}

function boundedText(reader: Reader, root: JsonObject, key: string, max: number): string | undefined {
  const path = childPath(ROOT, key);
  const text = reader.string(reader.required(root, ROOT, key), path);
  if (text === undefined) return undefined;
  if (text.length === 0 || text.length > max) {
    reader.refuse('value-out-of-range', path, `${text.length} characters`, `use 1 to ${max} characters`);
    return undefined;
  }
  // A control character could forge a line of a log or an audit trail.
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    reader.refuse('value-malformed', path, `${shown(text)} holds a control character`, 'use printable characters');
    return undefined;
  }
  return text;
}
