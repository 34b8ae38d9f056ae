// What the broker answers: a status, and what the function gives. Never more in a refusal than its code.

import type { ByteReader, ByteWriter } from '../../core/bytes.ts';
import { AppCallError } from './call-area.ts';

/** On the wire 1 + the index; only ever added to at the end. The first seven are `error-code` of device.wit, in its order. */
export const APP_ERROR_CODES = [
  'access-denied',
  'busy',
  'no-device',
  'invalid-argument',
  'no-entry',
  'too-many-handles',
  'io',
  /** The quota of the mutable storage is used up (ENOSPC). */
  'no-space',
  'exists',
  'not-directory',
  'is-directory',
  'not-empty',
  'name-not-resolved',
  'connection-refused',
  'connection-reset',
  'unreachable',
  'timed-out',
  'address-in-use',
  'not-connected',
  'closed',
  'would-block',
  'too-large',
] as const;
export type AppErrorCode = (typeof APP_ERROR_CODES)[number];

/** `poll.wait` answers this. */
export type Wake =
  | { readonly kind: 'ready'; readonly indexes: readonly number[] }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'terminating' };

/** What a successful call carries: a number (handle, level, 0 or 1), a u64, a wake, bytes that the area reads, or nothing. */
export type AppResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'u32'; readonly value: number }
  | { readonly kind: 'u64'; readonly value: bigint }
  | { readonly kind: 'wake'; readonly value: Wake }
  | { readonly kind: 'bytes'; readonly value: Uint8Array };

export type AppReply =
  { readonly ok: true; readonly result: AppResult } | { readonly ok: false; readonly error: AppErrorCode };

const WAKE_KIND = ['ready', 'timed-out', 'terminating'] as const;

export function writeReply(writer: ByteWriter, reply: AppReply): void {
  writer.u8(reply.ok ? 0 : 1 + APP_ERROR_CODES.indexOf(reply.error)).zeros(3);
  if (!reply.ok) return;
  const { result } = reply;
  switch (result.kind) {
    case 'none':
      return;
    case 'u32':
      writer.u32(result.value);
      return;
    case 'u64':
      writer.u64(result.value);
      return;
    case 'bytes':
      writer.bytes(result.value);
      return;
    case 'wake': {
      const indexes = result.value.kind === 'ready' ? result.value.indexes : [];
      writer.u8(WAKE_KIND.indexOf(result.value.kind)).u16(indexes.length);
      for (const index of indexes) writer.u32(index);
    }
  }
}

/** Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function readReply(reader: ByteReader, expected: AppResult['kind']): AppReply {
  const status = reader.u8();
  reader.bytes(3);
  if (status !== 0) {
    const error = APP_ERROR_CODES[status - 1];
    if (error === undefined) throw new AppCallError('app-call-malformed', `status ${status}`);
    return { ok: false, error };
  }
  const result = readResult(reader, expected);
  reader.end();
  return { ok: true, result };
}

function readResult(reader: ByteReader, expected: AppResult['kind']): AppResult {
  switch (expected) {
    case 'none':
      return { kind: 'none' };
    case 'u32':
      return { kind: 'u32', value: reader.u32() };
    case 'u64':
      return { kind: 'u64', value: reader.u64() };
    case 'bytes':
      return { kind: 'bytes', value: reader.rest() };
    case 'wake': {
      const kind = WAKE_KIND[reader.u8()];
      const indexes = Array.from({ length: reader.u16() }, () => reader.u32());
      if (kind === undefined) throw new AppCallError('app-call-malformed', 'an unknown wake');
      return { kind: 'wake', value: kind === 'ready' ? { kind, indexes } : { kind } };
    }
  }
}
