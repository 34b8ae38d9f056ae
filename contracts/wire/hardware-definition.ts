// Reads one hardware definition (names of a board's peripherals). Never follows an import: hardware-resolution.ts does.

import { GPIO_PINS } from '../core/chip.ts';
import { HARDWARE_MAX_BYTES, HARDWARE_MAX_IMPORTS } from '../core/limits.ts';
import type { JsonObject, JsonValue } from './json-text.ts';
import type { Problem, ShapeErrorCode } from './json-shape.ts';
import { ShapeReader } from './json-shape.ts';
import { importPathProblem } from './hardware-path.ts';
import { childPath, ROOT, shown } from './json-path.ts';
import { didYouMean } from './near-name.ts';

/** What a name can stand for. `int` is a number for code only (a chip select, a channel) and never stands in a manifest. */
export const PERIPHERAL_TYPES = ['Gpio', 'Uart', 'I2cMaster', 'SpiMaster', 'Pwm', 'Adc', 'int'] as const;
export type PeripheralType = (typeof PERIPHERAL_TYPES)[number];

export type HardwareFileErrorCode =
  | ShapeErrorCode
  | 'hardware-version-unsupported'
  | 'peripheral-type-unknown'
  | 'imports-too-many'
  | 'name-duplicate'
  | 'values-missing'
  | 'values-contradict';

/** One peripheral as the file has it: a name for another one, or the chip's own values. */
export interface PeripheralEntry {
  readonly name: string;
  readonly type: PeripheralType;
  readonly comment: string;
  /** Where it stands in the file. */
  readonly path: string;
  readonly value:
    | { readonly kind: 'mapping'; readonly mapping: string }
    | { readonly kind: 'chip'; readonly header: number; readonly manifest: number | string | undefined };
}

export interface HardwareDefinition {
  /** For people. */
  readonly name: string;
  /** What the author wants at the top of a header, line by line. */
  readonly headerTop: readonly string[];
  readonly imports: readonly { readonly importPath: string; readonly path: string }[];
  readonly peripherals: readonly PeripheralEntry[];
}

export interface HardwareFileVerdict {
  readonly problems: readonly Problem<HardwareFileErrorCode>[];
  /** What could be read; absent when the text is no JSON object. Complete only without problems. */
  readonly definition: HardwareDefinition | undefined;
}

type Reader = ShapeReader<HardwareFileErrorCode>;

const TYPE_TEXT = 'Azure Sphere Hardware Definition';
const VERSION = 1;
/** It becomes a C macro, so nothing but an identifier may pass. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const HEADER_VALUE = /^\(?(-?(?:0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}))\)?$/;
const CHIP_NAME = /^[A-Za-z0-9_-]{1,32}$/;
const PERIPHERAL_KEYS = ['Name', 'Type', 'Mapping', 'MainCoreHeaderValue', 'AppManifestValue', 'Comment'];

/** Reads the bytes of one file. Never throws for what is in them. */
export function readHardwareDefinition(bytes: Uint8Array): HardwareFileVerdict {
  const reader: Reader = new ShapeReader();
  const value = reader.text(bytes, { maxBytes: HARDWARE_MAX_BYTES });
  const definition = value === undefined ? undefined : readDefinition(reader, value);
  return { problems: reader.problems, definition };
}

function readDefinition(reader: Reader, value: JsonValue): HardwareDefinition | undefined {
  const root = reader.object(value, ROOT, ['Metadata', 'Description', 'Imports', 'Peripherals']);
  if (root === undefined) return undefined;
  readMetadata(reader, reader.required(root, ROOT, 'Metadata'), childPath(ROOT, 'Metadata'));
  const { name, headerTop } = readDescription(reader, root.get('Description'), childPath(ROOT, 'Description'));
  const imports = readImports(reader, root.get('Imports'), childPath(ROOT, 'Imports'));
  const names = new Set<string>();
  const list = reader.required(root, ROOT, 'Peripherals');
  const read = (item: JsonValue, path: string): PeripheralEntry | undefined =>
    readPeripheral(reader, item, path, names);
  return { name, headerTop, imports, peripherals: reader.list(list, childPath(ROOT, 'Peripherals'), read) ?? [] };
}

function readMetadata(reader: Reader, value: JsonValue | undefined, path: string): void {
  const metadata = reader.object(value, path, ['Type', 'Version']);
  if (metadata === undefined) return;
  const type = reader.string(reader.required(metadata, path, 'Type'), childPath(path, 'Type'));
  if (type !== undefined && type !== TYPE_TEXT) {
    const message = `${shown(type)} is another kind of file`;
    reader.refuse('value-malformed', childPath(path, 'Type'), message, `write ${JSON.stringify(TYPE_TEXT)}`);
  }
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const version = reader.integer(reader.required(metadata, path, 'Version'), childPath(path, 'Version'), range);
  if (version === undefined || version === VERSION) return;
  reader.refuse('hardware-version-unsupported', childPath(path, 'Version'), `version ${version}`, `write ${VERSION}`);
}

function readDescription(
  reader: Reader,
  value: JsonValue | undefined,
  path: string,
): { name: string; headerTop: readonly string[] } {
  const description = reader.object(value, path, ['Name', 'MainCoreHeaderFileTopContent']);
  if (description === undefined) return { name: '', headerTop: [] };
  const name = reader.string(description.get('Name'), childPath(path, 'Name')) ?? '';
  const top = description.get('MainCoreHeaderFileTopContent');
  const topPath = childPath(path, 'MainCoreHeaderFileTopContent');
  return { name, headerTop: reader.list(top, topPath, (line, at) => reader.string(line, at)) ?? [] };
}

function readImports(reader: Reader, value: JsonValue | undefined, path: string): HardwareDefinition['imports'] {
  const list = reader.array(value, path) ?? [];
  if (list.length <= HARDWARE_MAX_IMPORTS)
    return reader.list(value, path, (item, at) => readImport(reader, item, at)) ?? [];
  const message = `${list.length} imports`;
  reader.refuse('imports-too-many', path, message, `keep the chain within ${HARDWARE_MAX_IMPORTS} files`);
  return [];
}

function readImport(reader: Reader, value: JsonValue, path: string): { importPath: string; path: string } | undefined {
  const item = reader.object(value, path, ['Path']);
  if (item === undefined) return undefined;
  const importPath = reader.string(reader.required(item, path, 'Path'), childPath(path, 'Path'));
  if (importPath === undefined) return undefined;
  const problem = importPathProblem(importPath);
  if (problem === undefined) return { importPath, path: childPath(path, 'Path') };
  const hint = 'write a relative path with forward slashes to a .json file';
  reader.refuse('value-malformed', childPath(path, 'Path'), `the import ${shown(importPath)} is ${problem}`, hint);
  return undefined;
}

function readPeripheral(
  reader: Reader,
  value: JsonValue,
  path: string,
  names: Set<string>,
): PeripheralEntry | undefined {
  const entry = reader.object(value, path, PERIPHERAL_KEYS);
  if (entry === undefined) return undefined;
  const name = readName(reader, entry, path, names);
  const type = readType(reader, entry, path);
  const comment = reader.string(entry.get('Comment'), childPath(path, 'Comment')) ?? '';
  const chosen = type === undefined ? undefined : readValue(reader, entry, path, type);
  if (name === undefined || type === undefined || chosen === undefined) return undefined;
  return { name, type, comment, path, value: chosen };
}

function readName(reader: Reader, entry: JsonObject, path: string, names: Set<string>): string | undefined {
  const at = childPath(path, 'Name');
  const name = reader.string(reader.required(entry, path, 'Name'), at);
  if (name === undefined) return undefined;
  if (!NAME.test(name)) {
    const hint = 'use letters, digits and underscores: the name becomes a macro of the C header';
    reader.refuse('value-malformed', at, `${shown(name)} is no name`, hint);
    return undefined;
  }
  if (names.has(name))
    reader.refuse('name-duplicate', at, `${name} stands twice in this file`, 'rename one of the two');
  names.add(name);
  return name;
}

function readType(reader: Reader, entry: JsonObject, path: string): PeripheralType | undefined {
  const at = childPath(path, 'Type');
  const text = reader.string(reader.required(entry, path, 'Type'), at);
  const type = PERIPHERAL_TYPES.find((known) => known === text);
  if (text === undefined || type !== undefined) return type;
  const hint = didYouMean(text, PERIPHERAL_TYPES, `known types: ${PERIPHERAL_TYPES.join(', ')}`);
  reader.refuse('peripheral-type-unknown', at, `the type ${shown(text)}`, hint);
  return undefined;
}

function readValue(
  reader: Reader,
  entry: JsonObject,
  path: string,
  type: PeripheralType,
): PeripheralEntry['value'] | undefined {
  const mapping = entry.get('Mapping');
  const header = entry.get('MainCoreHeaderValue');
  const manifest = entry.get('AppManifestValue');
  if (mapping !== undefined) {
    if (header !== undefined || manifest !== undefined) {
      reader.refuse(
        'values-contradict',
        path,
        'a mapping and values of its own',
        'keep either the mapping or the values',
      );
      return undefined;
    }
    const name = reader.string(mapping, childPath(path, 'Mapping'));
    return name === undefined ? undefined : { kind: 'mapping', mapping: name };
  }
  if (header === undefined || (manifest === undefined && type !== 'int')) {
    const wanted = type === 'int' ? 'MainCoreHeaderValue' : 'both MainCoreHeaderValue and AppManifestValue';
    reader.refuse('values-missing', path, `${type} without its values`, `add Mapping, or ${wanted}`);
    return undefined;
  }
  if (manifest !== undefined && type === 'int') {
    reader.refuse('values-contradict', path, 'an int has no place in a manifest', 'remove AppManifestValue');
    return undefined;
  }
  const headerNumber = readHeaderValue(reader, header, childPath(path, 'MainCoreHeaderValue'));
  const manifestValue = readManifestValue(reader, manifest, childPath(path, 'AppManifestValue'), type);
  if (headerNumber === undefined || (manifestValue === undefined && type !== 'int')) return undefined;
  if (type === 'Gpio' && headerNumber !== manifestValue) {
    const message = `code would open GPIO ${headerNumber}, the manifest would grant ${manifestValue}`;
    reader.refuse('values-contradict', path, message, 'give both the same number');
    return undefined;
  }
  return { kind: 'chip', header: headerNumber, manifest: manifestValue };
}

function readHeaderValue(reader: Reader, value: JsonValue, path: string): number | undefined {
  const text = reader.string(value, path);
  if (text === undefined) return undefined;
  const digits = HEADER_VALUE.exec(text)?.[1];
  // Only a number may pass: the text stands in a header that a compiler reads.
  if (digits === undefined) {
    reader.refuse('value-malformed', path, `${shown(text)} is no number`, 'write a number in parentheses, e.g. "(8)"');
    return undefined;
  }
  return digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits);
}

function readManifestValue(
  reader: Reader,
  value: JsonValue | undefined,
  path: string,
  type: PeripheralType,
): number | string | undefined {
  if (value === undefined) return undefined;
  if (type === 'Gpio') return reader.integer(value, path, { min: 0, max: GPIO_PINS - 1 });
  const text = reader.string(value, path);
  if (text === undefined || CHIP_NAME.test(text)) return text;
  reader.refuse(
    'value-malformed',
    path,
    `${shown(text)} is no name of a controller`,
    'write the chip\'s name, e.g. "ISU0"',
  );
  return undefined;
}
