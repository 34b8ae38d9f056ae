// What heads of requests and of responses have in common: where one ends, and what a line of it is. Never two readings of one line.

import type { FieldList } from './http-fields.ts';
import { FIELDS_MAX_BYTES, isFieldValue, isToken } from './http-fields.ts';

/** The first line and all fields. */
export const HEAD_MAX_BYTES = FIELDS_MAX_BYTES + 1024;

/** Behind the empty line; looks from `from` on. */
export function endOfHead(bytes: Uint8Array, from = 0): number | undefined {
  for (let at = bytes.indexOf(0x0d, from); at !== -1 && at + 3 < bytes.length; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
  }
  return undefined;
}

/** `undefined`: it is no header. */
export function readField(line: string): FieldList[number] | undefined {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  const value = Uint8Array.from(line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, ''), (letter) =>
    letter.charCodeAt(0),
  );
  // A line that begins with a space would continue the one before it for some readers, and be another one for others.
  return isToken(name) && isFieldValue(value) ? [name, value] : undefined;
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
