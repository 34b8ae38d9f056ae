// Strings in the three encodings of the canonical ABI. A string that is not valid in its encoding traps and never becomes another one.

import type { AbiContext } from './context.ts';
import type { CallScope } from './handles.ts';
import { allocate } from './realloc.ts';
import { GuestTrap } from './trap.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const UTF16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
/** CanonicalABI.md: `UTF16_TAG` in the length of a latin1+utf16 string, and `MAX_STRING_BYTE_LENGTH`. */
const UTF16_TAG = 0x8000_0000;
const MAX_STRING_BYTES = 2 ** 31 - 1;

/** `tagged` is the second word of the string: code units, with the tag where the encoding has one. */
export function liftString(context: AbiContext, pointer: number, tagged: number, scope: CallScope): string {
  const units = tagged >>> 0;
  switch (context.encoding) {
    case 'utf8':
      return decode(UTF8, bytesAt(context, pointer, 1, units, scope));
    case 'utf16':
      return decode(UTF16, bytesAt(context, pointer, 2, 2 * units, scope));
    case 'latin1+utf16':
      if (units >= UTF16_TAG) return decode(UTF16, bytesAt(context, pointer, 2, 2 * (units - UTF16_TAG), scope));
      return decodeLatin1(bytesAt(context, pointer, 2, units, scope));
  }
}

/** Pointer and tagged length of a copy in the guest's memory. */
export function lowerString(context: AbiContext, text: string): readonly [number, number] {
  switch (context.encoding) {
    case 'utf8': {
      const bytes = ENCODER.encode(text);
      return [copyIn(context, bytes, 1), bytes.length];
    }
    case 'utf16':
      return [copyIn(context, encodeUnits(text, 2), 2), text.length];
    case 'latin1+utf16':
      if (isLatin1(text)) return [copyIn(context, encodeUnits(text, 1), 2), text.length];
      return [copyIn(context, encodeUnits(text, 2), 2), text.length + UTF16_TAG];
  }
}

function bytesAt(
  context: AbiContext,
  pointer: number,
  alignment: number,
  length: number,
  scope: CallScope,
): Uint8Array {
  if (length > MAX_STRING_BYTES) throw new GuestTrap('string-too-long', `a string of ${length} bytes`);
  const start = context.memory.check(pointer, alignment, length);
  scope.spend(length);
  return context.memory.bytes().subarray(start, start + length);
}

function decode(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new GuestTrap('string-invalid', 'a string that is not valid in its encoding', { cause });
  }
}

function decodeLatin1(bytes: Uint8Array): string {
  // Widened, for each byte is its own code unit: a string that grows by one character keeps an object for each.
  return UTF16.decode(new Uint16Array(bytes));
}

function encodeUnits(text: string, unitBytes: 1 | 2): Uint8Array {
  const bytes = new Uint8Array(text.length * unitBytes);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[index * unitBytes] = unit & 0xff;
    if (unitBytes === 2) bytes[index * 2 + 1] = unit >>> 8;
  }
  return bytes;
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}

function copyIn(context: AbiContext, bytes: Uint8Array, alignment: number): number {
  const pointer = allocate(context, alignment, bytes.length);
  context.memory.bytes().set(bytes, pointer);
  return pointer;
}
