// Writes ASN.1 DER (ITU-T X.690), as much of it as certificates and signatures need. Never reads any: what comes from outside
// is left to parsers that are made for it.

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** Tag, length in its shortest form (section 10.1), content. */
function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  if (length < 0x80) return Buffer.from([tag, length, ...content]);
  const size = length < 0x100 ? 1 : 2;
  const prefix = Buffer.from([tag, 0x80 | size, 0, 0].slice(0, 2 + size));
  prefix.writeUIntBE(length, 2, size); // throws above 65535 bytes, more than any certificate of ours
  return Buffer.concat([prefix, content]);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, Buffer.concat(parts));
}

/** A set of one element, so that its order is no question. */
export function setOfOne(part: Uint8Array): Uint8Array {
  return element(TAG.set, part);
}

/** Elements in the order of their encodings (section 11.6). */
export function setOf(parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.set, Buffer.concat(parts.toSorted((a, b) => Buffer.compare(a, b))));
}

/** A number that is not negative, big-endian; leading zeros are dropped, and one is put before a set top bit. */
export function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return element(TAG.integer, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), digits]) : digits);
}

export function boolean(value: boolean): Uint8Array {
  return element(TAG.boolean, Uint8Array.of(value ? 0xff : 0));
}

/** `unusedBits` of the last byte are zero. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return element(TAG.bitString, Buffer.concat([Uint8Array.of(unusedBits), bytes]));
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return element(TAG.octetString, bytes);
}

export function utf8String(text: string): Uint8Array {
  return element(TAG.utf8String, Buffer.from(text, 'utf8'));
}

/** Dotted numbers; the first two share a byte. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAG.oid, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Whole seconds in UTC: UTCTime to the end of 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function time(at: Date): Uint8Array {
  const digits = `${at.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  if (at.getUTCFullYear() < 2050) return element(TAG.utcTime, Buffer.from(digits.slice(2), 'latin1'));
  return element(TAG.generalizedTime, Buffer.from(digits, 'latin1'));
}

/** An element with a context tag of its own around it. */
export function explicit(tag: number, part: Uint8Array): Uint8Array {
  return element(0xa0 | tag, part);
}

/** Content whose context tag stands in the place of its own: a GeneralName, a key identifier. */
export function implicit(tag: number, content: Uint8Array): Uint8Array {
  return element(0x80 | tag, content);
}

/** r ‖ s of equal length as SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3). */
export function ecdsaSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  return sequence(integer(signature.subarray(0, half)), integer(signature.subarray(half)));
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
