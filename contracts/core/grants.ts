// Compiled grants: what an image may use, in the fixed form that the monitor reads. Never says who asks, only what is allowed.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { GRANTS_MAX_BYTES, GRANTS_MAX_COUNT } from './limits.ts';

/**
 * Layout (little-endian): u16 version = 1, u16 count, then `count` records {u16 kind, u16 length, payload}, sorted by
 * (kind, payload) without repeats, so that equal grants have equal bytes. Retired kinds stay reserved.
 */
export const GRANT_KIND = {
  /** u32 bytes: the upper bound of all linear memories together. Exactly one in every application. */
  memory: 1,
  /** u32 pin number of the chip. */
  gpio: 2,
} as const;

export type Grant =
  { readonly kind: 'memory'; readonly bytes: number } | { readonly kind: 'gpio'; readonly pin: number };

/** The checked grants of one image. Only `decodeGrants` and `compileGrants` make one. */
export interface Grants {
  /** Upper bound of all linear memories together, bytes. */
  readonly memoryBytes: number;
  /** Pin numbers of the chip, rising. */
  readonly gpioPins: readonly number[];
}

export type GrantsErrorCode =
  | 'grants-too-large'
  | 'grants-version-unsupported'
  | 'grants-kind-unknown'
  | 'grants-record-malformed'
  | 'grants-not-canonical'
  | 'grants-memory-missing';

export class GrantsError extends CodedError<GrantsErrorCode> {}

const VERSION = 1;
const PIN_MAX = 255;

/** From bytes of any origin to checked grants. Errors: `GrantsErrorCode`, or `LayoutErrorCode` when cut short. */
export function decodeGrants(bytes: Uint8Array): Grants {
  if (bytes.length > GRANTS_MAX_BYTES) throw new GrantsError('grants-too-large', `${bytes.length} bytes of grants`);
  const reader = new ByteReader(bytes);
  const version = reader.u16();
  if (version !== VERSION) throw new GrantsError('grants-version-unsupported', `grants version ${version}`);
  const count = reader.u16();
  if (count > GRANTS_MAX_COUNT) throw new GrantsError('grants-too-large', `${count} grants`);
  const grants: Grant[] = [];
  for (let index = 0; index < count; index++) grants.push(decodeGrant(reader.u16(), reader.bytes(reader.u16())));
  reader.end();
  const checked = toGrants(grants);
  // One form only: what decodes must encode to the same bytes, so order and repeats need no rule of their own.
  const canonical = encodeGrants(checked);
  if (canonical.length !== bytes.length || canonical.some((byte, index) => byte !== bytes[index])) {
    throw new GrantsError('grants-not-canonical', 'grants are not in their one canonical order');
  }
  return checked;
}

/** The one byte form of these grants. */
export function encodeGrants(grants: Grants): Uint8Array {
  const pins = [...new Set(grants.gpioPins)].sort((a, b) => a - b);
  const writer = new ByteWriter();
  writer.u16(VERSION).u16(1 + pins.length);
  writer.u16(GRANT_KIND.memory).u16(4).u32(grants.memoryBytes);
  for (const pin of pins) writer.u16(GRANT_KIND.gpio).u16(4).u32(pin);
  return writer.finish();
}

function decodeGrant(kind: number, payload: Uint8Array): Grant {
  const reader = new ByteReader(payload);
  if (payload.length !== 4)
    throw new GrantsError('grants-record-malformed', `grant kind ${kind} of ${payload.length} bytes`);
  const value = reader.u32();
  if (kind === GRANT_KIND.memory) return { kind: 'memory', bytes: value };
  if (kind === GRANT_KIND.gpio) {
    if (value > PIN_MAX) throw new GrantsError('grants-record-malformed', `pin ${value}`);
    return { kind: 'gpio', pin: value };
  }
  throw new GrantsError('grants-kind-unknown', `grant kind ${kind}`);
}

function toGrants(list: readonly Grant[]): Grants {
  const memory = list.filter((grant) => grant.kind === 'memory');
  const [only] = memory;
  if (only === undefined || memory.length > 1) {
    throw new GrantsError('grants-memory-missing', `${memory.length} memory grants, exactly one wanted`);
  }
  const gpioPins = list.filter((grant) => grant.kind === 'gpio').map((grant) => grant.pin);
  return { memoryBytes: only.bytes, gpioPins };
}
