// The replies of the broker as values. Never more in a refusal than its code: details stand in the audit trail, not in the app.

import type { AppErrorCode, AppReply, Wake } from '../../contracts/wire/app-call.ts';

export const DONE: AppReply = { ok: true, result: { kind: 'none' } };

export function refuse(error: AppErrorCode): AppReply {
  return { ok: false, error };
}

export function u32(value: number): AppReply {
  return { ok: true, result: { kind: 'u32', value } };
}

export function u64(value: bigint): AppReply {
  return { ok: true, result: { kind: 'u64', value } };
}

export function bytes(value: Uint8Array): AppReply {
  return { ok: true, result: { kind: 'bytes', value } };
}

export function woken(value: Wake): AppReply {
  return { ok: true, result: { kind: 'wake', value } };
}
