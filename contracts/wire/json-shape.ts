// Reads a known shape out of a JSON value and collects every problem on the way. Never accepts a key that the shape does not name.

import type { JsonLimits, JsonObject, JsonTextErrorCode, JsonValue, TextPosition } from './json-text.ts';
import { JsonTextError, readJson } from './json-text.ts';
import { childPath, shown } from './json-path.ts';
import { didYouMean } from './near-name.ts';

/** What a shape of any format can find wrong. `too-many-problems` ends a list that was cut. */
export type ShapeErrorCode =
  | JsonTextErrorCode
  | 'key-unknown'
  | 'key-missing'
  | 'value-type-wrong'
  | 'value-malformed'
  | 'value-out-of-range'
  | 'value-duplicate'
  | 'too-many-problems';

/** One finding: a code of a closed union for programs, the rest for people. `path` is a JSONPath (RFC 9535). */
export interface Problem<Code extends string> {
  readonly code: Code;
  readonly path: string;
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** Present where the text itself could not be read. */
  readonly position?: TextPosition;
}

/** Enough for a person to work through; the bound keeps a hostile file from growing the list. */
export const PROBLEMS_MAX = 100;

/** The shape's checks on a number. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/**
 * Collects problems while a format's reader walks through a value. `Code` is that format's union. An absent value (`undefined`)
 * is never a problem for the typed reads: `required` alone refuses what is missing.
 */
export class ShapeReader<Code extends string> {
  readonly #problems: Problem<Code | ShapeErrorCode>[] = [];

  get problems(): readonly Problem<Code | ShapeErrorCode>[] {
    return this.#problems;
  }

  /** True as soon as the list is full: further reading adds nothing. */
  get full(): boolean {
    return this.#problems.length >= PROBLEMS_MAX;
  }

  refuse(code: Code | ShapeErrorCode, path: string, message: string, hint: string): void {
    if (this.#problems.length < PROBLEMS_MAX - 1) this.#problems.push({ code, path, message, hint });
    else if (!this.full) {
      const cut = `more than ${PROBLEMS_MAX - 1} problems`;
      this.#problems.push({ code: 'too-many-problems', path, message: cut, hint: 'mend these first' });
    }
  }

  /** The text's one value; `undefined` when the text cannot be read. */
  text(bytes: Uint8Array, limits: JsonLimits): JsonValue | undefined {
    try {
      return readJson(bytes, limits);
    } catch (error) {
      if (!(error instanceof JsonTextError)) throw error;
      const { code, path, message, hint = '', position } = error;
      this.#problems.push({ code, path, message, hint, ...(position === undefined ? {} : { position }) });
      return undefined;
    }
  }

  /** An object with no other keys than these. Unknown keys are refused: one letter wrong in a key must not drop a limit. */
  object(value: JsonValue | undefined, path: string, keys: readonly string[]): JsonObject | undefined {
    if (!isJsonObject(value)) return this.#wrongType(path, 'an object', value);
    for (const key of value.keys()) {
      if (this.full) break;
      if (keys.includes(key)) continue;
      const hint = didYouMean(key, keys, `known keys here: ${keys.join(', ')}`);
      this.refuse('key-unknown', childPath(path, key), `the key ${shown(key)} is unknown`, hint);
    }
    return value;
  }

  /** The member's value; a missing one is refused. */
  required(object: JsonObject, path: string, key: string): JsonValue | undefined {
    const value = object.get(key);
    if (value === undefined)
      this.refuse('key-missing', childPath(path, key), `the key ${key} is missing`, `add "${key}"`);
    return value;
  }

  string(value: JsonValue | undefined, path: string): string | undefined {
    return typeof value === 'string' ? value : this.#wrongType(path, 'a string', value);
  }

  boolean(value: JsonValue | undefined, path: string): boolean | undefined {
    return typeof value === 'boolean' ? value : this.#wrongType(path, 'true or false', value);
  }

  integer(value: JsonValue | undefined, path: string, { min, max }: IntegerRange): number | undefined {
    if (typeof value !== 'number') return this.#wrongType(path, 'a whole number', value);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    this.refuse(
      'value-out-of-range',
      path,
      `${value} is no whole number from ${min} to ${max}`,
      `use ${min} to ${max}`,
    );
    return undefined;
  }

  array(value: JsonValue | undefined, path: string): readonly JsonValue[] | undefined {
    return isJsonArray(value) ? value : this.#wrongType(path, 'an array', value);
  }

  /** Every element read with `read`; elements that it refuses are left out. */
  list<Item>(
    value: JsonValue | undefined,
    path: string,
    read: (element: JsonValue, path: string) => Item | undefined,
  ): Item[] | undefined {
    const elements = this.array(value, path);
    if (elements === undefined) return undefined;
    const items: Item[] = [];
    for (const [index, element] of elements.entries()) {
      if (this.full) break;
      const item = read(element, childPath(path, index));
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  #wrongType(path: string, wanted: string, value: JsonValue | undefined): undefined {
    if (value !== undefined)
      this.refuse('value-type-wrong', path, `${nameOf(value)} where ${wanted} is wanted`, `write ${wanted}`);
    return undefined;
  }
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function nameOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'an array';
  return isJsonObject(value) ? 'an object' : `a ${typeof value}`;
}
