// A strict JSON reader (RFC 8259) for text of any origin. Never drops a duplicate key, reads on after an error or builds an object
// whose prototype the text can reach.

import { CodedError } from '../core/coded-error.ts';
import { childPath, ROOT, shown } from './json-path.ts';

/** A JSON object is a map, so that the key `__proto__` is a key like any other. Keys keep the order of the text. */
export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** What can be wrong with JSON text before its meaning is looked at. */
export type JsonTextErrorCode =
  | 'json-too-large'
  | 'json-not-utf8'
  | 'json-syntax'
  | 'json-trailing-comma'
  | 'json-comment'
  | 'json-duplicate-key'
  | 'json-too-deep'
  | 'json-number-out-of-range'
  | 'json-string-malformed';

/** Where the reader stopped: line and column count from 1, the column in UTF-16 units as editors show it. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

export class JsonTextError extends CodedError<JsonTextErrorCode> {
  /** The member or element that was being read. */
  readonly path: string;
  /** Absent when the bytes were refused before they were text. */
  readonly position: TextPosition | undefined;

  constructor(code: JsonTextErrorCode, message: string, hint: string, path: string, position?: TextPosition) {
    super(code, message, { hint, details: { path, ...position } });
    this.path = path;
    this.position = position;
  }
}

export interface JsonLimits {
  readonly maxBytes: number;
  /** Objects and arrays inside one another; 16 when absent. No format of this house goes deeper than 5. */
  readonly maxDepth?: number;
}

const DEFAULT_DEPTH = 16;

/**
 * One JSON value. A UTF-8 byte order mark at the front is skipped: editors on Windows write one, and published manifests have it.
 * Errors: `JsonTextErrorCode`, with path and position.
 *
 * ```ts
 * readJson(new TextEncoder().encode('{"a":[1]}'), { maxBytes: 1024 }); // Map { 'a' => [1] }
 * ```
 */
export function readJson(bytes: Uint8Array, limits: JsonLimits): JsonValue {
  if (bytes.length > limits.maxBytes) {
    const hint = `keep it within ${limits.maxBytes} bytes`;
    throw new JsonTextError('json-too-large', `${bytes.length} bytes of JSON`, hint, ROOT);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new JsonTextError('json-not-utf8', 'the text is not UTF-8', 'save the file as UTF-8', ROOT);
  }
  return new Reader(text, limits.maxDepth ?? DEFAULT_DEPTH).document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex -- RFC 8259 section 7: control characters have to be escaped
const PLAIN = /[^"\\\u0000-\u001f]+/y;
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

class Reader {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  document(): JsonValue {
    const value = this.#value(ROOT);
    this.#space(ROOT);
    if (this.#at < this.#text.length)
      this.#refuse(ROOT, 'json-syntax', 'text after the value', 'keep one value in the file');
    return value;
  }

  #value(path: string): JsonValue {
    this.#space(path);
    const next = this.#text[this.#at];
    if (next === '{') return this.#nested(path, () => this.#object(path));
    if (next === '[') return this.#nested(path, () => this.#array(path));
    if (next === '"') return this.#string(path);
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number(path);
  }

  #nested(path: string, read: () => JsonValue): JsonValue {
    if (this.#depth >= this.#maxDepth) {
      this.#refuse(
        path,
        'json-too-deep',
        `more than ${this.#maxDepth} levels`,
        'flatten it: no known format is this deep',
      );
    }
    this.#depth++;
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(path: string): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#space(path);
    if (this.#take('}')) return members;
    for (;;) {
      this.#space(path);
      const keyAt = this.#at;
      if (this.#text[this.#at] !== '"')
        this.#refuse(path, 'json-syntax', 'a key in double quotes is wanted', 'write "Key": value');
      const key = this.#string(path);
      const child = childPath(path, key);
      if (members.has(key)) {
        this.#at = keyAt;
        // Parsers disagree on which of two equal keys counts, so a checker and a user of the text could see different files.
        this.#refuse(
          child,
          'json-duplicate-key',
          `the key ${shown(key)} stands twice in one object`,
          'keep one of the two',
        );
      }
      this.#space(child);
      if (!this.#take(':')) this.#refuse(child, 'json-syntax', 'a colon is wanted after the key', 'write "Key": value');
      members.set(key, this.#value(child));
      if (this.#endOfList(path, '}')) return members;
    }
  }

  #array(path: string): readonly JsonValue[] {
    const elements: JsonValue[] = [];
    this.#space(path);
    if (this.#take(']')) return elements;
    for (;;) {
      elements.push(this.#value(childPath(path, elements.length)));
      if (this.#endOfList(path, ']')) return elements;
    }
  }

  /** After a member or element: true at the closing bracket, false after a comma that another one follows. */
  #endOfList(path: string, close: '}' | ']'): boolean {
    this.#space(path);
    if (this.#take(close)) return true;
    const commaAt = this.#at;
    if (!this.#take(','))
      this.#refuse(path, 'json-syntax', `a comma or ${close} is wanted`, 'look for a missing comma or quote');
    this.#space(path);
    if (this.#text[this.#at] !== close) return false;
    this.#at = commaAt;
    return this.#refuse(path, 'json-trailing-comma', `a comma before ${close}`, 'delete this comma');
  }

  #string(path: string): string {
    const start = this.#at++;
    let value = '';
    for (;;) {
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(this.#text)?.[0] ?? '';
      value += plain;
      this.#at += plain.length;
      const next = this.#text[this.#at];
      if (next === '"') break;
      if (next === undefined)
        this.#refuse(path, 'json-syntax', 'a string does not end', 'close it with a double quote');
      if (next !== '\\')
        this.#refuse(path, 'json-syntax', 'a control character in a string', 'write it as an escape, e.g. \\n');
      value += this.#escape(path);
    }
    this.#at++;
    if (!value.isWellFormed()) {
      this.#at = start;
      // Encoded as UTF-8 every lone surrogate becomes the same U+FFFD, so two names would pass for one.
      this.#refuse(path, 'json-string-malformed', 'half of a surrogate pair', 'write the whole character');
    }
    return value;
  }

  #escape(path: string): string {
    const letter = this.#text[this.#at + 1] ?? '';
    const plain = ESCAPES.get(letter);
    if (plain !== undefined) {
      this.#at += 2;
      return plain;
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) {
      this.#refuse(path, 'json-syntax', 'an unknown escape in a string', 'double a backslash that is meant as one');
    }
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(path: string): number {
    NUMBER.lastIndex = this.#at;
    const digits = NUMBER.exec(this.#text)?.[0];
    if (digits === undefined)
      return this.#refuse(path, 'json-syntax', 'a value is wanted here', 'strings stand in double quotes');
    const value = Number(digits);
    if (!Number.isFinite(value)) {
      this.#refuse(
        path,
        'json-number-out-of-range',
        `the number ${shown(digits)}`,
        'use a number that a 64-bit float can hold',
      );
    }
    this.#at += digits.length;
    return value;
  }

  #space(path: string): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '.')) this.#at++;
    if (this.#text[this.#at] !== '/') return;
    this.#refuse(path, 'json-comment', 'a comment', 'JSON has no comments: delete it');
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #refuse(path: string, code: JsonTextErrorCode, message: string, hint: string): never {
    const before = this.#text.slice(0, this.#at).split(/\r\n|\r|\n/);
    const position = { line: before.length, column: (before.at(-1) ?? '').length + 1 };
    throw new JsonTextError(code, `line ${position.line}, column ${position.column}: ${message}`, hint, path, position);
  }
}
