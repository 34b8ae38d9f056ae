// Waiting, timers, and giving handles back. Times in nanoseconds of the device's monotonic clock.

import type { ByteReader } from '../../core/bytes.ts';
import type { CallArea } from './call-area.ts';
import { AppCallError } from './call-area.ts';

export const POLL_MAX_HANDLES = 64;

/** `handles` are whatever can become ready; `timeoutNs` absent: for ever. */
export type PollRequest = {
  readonly function: 'poll.wait';
  readonly handles: readonly number[];
  readonly timeoutNs: bigint | undefined;
};

export const POLL_CALLS: CallArea<PollRequest> = {
  functions: { 'poll.wait': 0x0201 },
  encode({ handles, timeoutNs }, writer) {
    writer
      .u8(timeoutNs === undefined ? 0 : 1)
      .u64(timeoutNs ?? 0n)
      .u16(handles.length);
    for (const handle of handles) writer.u32(handle);
  },
  decode: (name, reader) => ({ function: name, ...readWait(reader) }),
};

function readWait(reader: ByteReader): Omit<PollRequest, 'function'> {
  const hasTimeout = reader.u8();
  const timeoutNs = reader.u64();
  const count = reader.u16();
  if (hasTimeout > 1 || count > POLL_MAX_HANDLES)
    throw new AppCallError('app-call-malformed', `a wait on ${count} handles`);
  const handles = Array.from({ length: count }, () => reader.u32());
  return { handles, timeoutNs: hasTimeout === 1 ? timeoutNs : undefined };
}

export type TimerRequest =
  | { readonly function: 'timers.now' }
  | { readonly function: 'timers.create' }
  | {
      readonly function: 'timers.set';
      readonly handle: number;
      readonly initialNs: bigint;
      readonly intervalNs: bigint;
    }
  | { readonly function: 'timers.take-expirations'; readonly handle: number };

export const TIMER_CALLS: CallArea<TimerRequest> = {
  functions: {
    'timers.now': 0x0301,
    'timers.create': 0x0302,
    'timers.set': 0x0303,
    'timers.take-expirations': 0x0304,
  },
  encode(request, writer) {
    if (request.function === 'timers.set') writer.u32(request.handle).u64(request.initialNs).u64(request.intervalNs);
    if (request.function === 'timers.take-expirations') writer.u32(request.handle);
  },
  decode(name, reader) {
    switch (name) {
      case 'timers.set':
        return { function: name, handle: reader.u32(), initialNs: reader.u64(), intervalNs: reader.u64() };
      case 'timers.take-expirations':
        return { function: name, handle: reader.u32() };
      case 'timers.now':
      case 'timers.create':
        return { function: name };
    }
  },
};

export type HandleRequest = { readonly function: 'handle.close'; readonly handle: number };

export const HANDLE_CALLS: CallArea<HandleRequest> = {
  functions: { 'handle.close': 0x0501 },
  encode({ handle }, writer) {
    writer.u32(handle);
  },
  decode: (name, reader) => ({ function: name, handle: reader.u32() }),
};
