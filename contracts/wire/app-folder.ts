// Reads casemate.json, the optional settings of an app folder. Never says what the app may do: that is the manifest's.

import type { JsonValue } from './json-text.ts';
import type { Problem, ShapeErrorCode } from './json-shape.ts';
import { ShapeReader } from './json-shape.ts';
import { childPath, ROOT, shown } from './json-path.ts';
import { isLanguageName, isVersionText } from './version-text.ts';

/** The file's name inside the app folder. */
export const APP_FOLDER_FILE = 'casemate.json';
/** Far more than six keys and a list of files need. */
export const APP_FOLDER_MAX_BYTES = 64 * 1024;

/** Every key may be absent, and so may the file. Paths are relative to the folder, with forward slashes, and stay inside. */
export interface AppFolder {
  /** Absent: found from the sources. */
  readonly language: string | undefined;
  /** The source that the build starts at. Absent: the language's usual one. */
  readonly entry: string | undefined;
  /** A board's name or the path of a hardware definition. */
  readonly hardware: string;
  /** Files and folders that go into the image, read-only. */
  readonly files: readonly string[];
  readonly version: string;
  /** The image's rollback index: a device never goes back below one that it ran. */
  readonly rollback: number;
}

/** What an app folder without `casemate.json` means. */
export const APP_FOLDER_DEFAULTS: AppFolder = {
  language: undefined,
  entry: undefined,
  hardware: 'mt3620_rdb',
  files: [],
  version: '0.1.0',
  rollback: 0,
};

export type AppFolderProblem = Problem<ShapeErrorCode>;
export type AppFolderVerdict =
  | { readonly ok: true; readonly errors: readonly []; readonly folder: AppFolder }
  | { readonly ok: false; readonly errors: readonly AppFolderProblem[] };

type Reader = ShapeReader<ShapeErrorCode>;

const KEYS = ['language', 'entry', 'hardware', 'files', 'version', 'rollback'];
const PATH_MAX_CHARACTERS = 255;

/** Reads the bytes of a `casemate.json`. Never throws for what is in them. */
export function checkAppFolder(bytes: Uint8Array): AppFolderVerdict {
  const reader: Reader = new ShapeReader();
  const value = reader.text(bytes, { maxBytes: APP_FOLDER_MAX_BYTES });
  const folder = value === undefined ? undefined : readFolder(reader, value);
  if (folder === undefined || reader.problems.length > 0) return { ok: false, errors: reader.problems };
  return { ok: true, errors: [], folder };
}

function readFolder(reader: Reader, value: JsonValue): AppFolder | undefined {
  const root = reader.object(value, ROOT, KEYS);
  if (root === undefined) return undefined;
  const at = (key: string): string => childPath(ROOT, key);
  const entry = readPath(reader, root.get('entry'), at('entry'));
  const files = reader.list(root.get('files'), at('files'), (item, path) => readPath(reader, item, path));
  for (const [index, file] of (files ?? []).entries()) {
    if (files?.indexOf(file) === index) continue;
    reader.refuse('value-duplicate', at('files'), `${shown(file)} stands twice in the list`, 'keep one of them');
  }
  const hardware = reader.string(root.get('hardware'), at('hardware'));
  if (hardware !== undefined && (hardware.length === 0 || hardware.length > PATH_MAX_CHARACTERS)) {
    reader.refuse('value-out-of-range', at('hardware'), `${hardware.length} characters`, 'name a board or a file');
  }
  const rollback = reader.integer(root.get('rollback'), at('rollback'), { min: 0, max: 0xffff_ffff });
  return {
    language: readText(reader, root.get('language'), at('language'), LANGUAGE_RULE),
    entry,
    hardware: hardware ?? APP_FOLDER_DEFAULTS.hardware,
    files: files ?? APP_FOLDER_DEFAULTS.files,
    version: readText(reader, root.get('version'), at('version'), VERSION_RULE) ?? APP_FOLDER_DEFAULTS.version,
    rollback: rollback ?? APP_FOLDER_DEFAULTS.rollback,
  };
}

interface TextRule {
  readonly holds: (text: string) => boolean;
  readonly hint: string;
}
const LANGUAGE_RULE: TextRule = { holds: isLanguageName, hint: 'write it in lower case, e.g. "c" or "typescript"' };
const VERSION_RULE: TextRule = { holds: isVersionText, hint: 'write three numbers, e.g. "1.0.0"' };

function readText(reader: Reader, value: JsonValue | undefined, path: string, rule: TextRule): string | undefined {
  const text = reader.string(value, path);
  if (text !== undefined && !rule.holds(text)) reader.refuse('value-malformed', path, shown(text), rule.hint);
  return text;
}

/** A path that leaves the folder could put a key or a password of the build machine into a package. */
function readPath(reader: Reader, value: JsonValue | undefined, path: string): string | undefined {
  const text = reader.string(value, path);
  if (text === undefined) return undefined;
  const bad = text.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (!bad && text.length <= PATH_MAX_CHARACTERS && !/[\u0000-\u001f\u007f\\:]/.test(text)) return text;
  const hint = 'write a path inside the app folder, with forward slashes';
  reader.refuse('value-malformed', path, `${shown(text)} is no path inside the folder`, hint);
  return undefined;
}
