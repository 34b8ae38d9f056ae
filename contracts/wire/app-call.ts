// Calls of an app to the broker: one fixed frame per function. Never names the app: the pipe it comes on does.

import { ByteReader, ByteWriter } from '../core/bytes.ts';
import { CodedError } from '../core/coded-error.ts';
import { APP_FRAME_MAX_BYTES } from '../core/limits.ts';

/**
 * Request: u32 length of what follows · u16 function · u16 zero · arguments.
 * Reply: u32 length of what follows · u8 status (0 ok, otherwise 1 + index into `APP_ERROR_CODES`) · u24 zero · result.
 * The broker speaks first: one frame `start`, so that no byte for an earlier holder of the pipe is taken for this app's.
 * Numbers are never used again for something else.
 */
export const APP_FUNCTION = {
  'gpio.open-input': 0x0101,
  'gpio.open-output': 0x0102,
  'gpio.get': 0x0103,
  'gpio.set': 0x0104,
  'poll.wait': 0x0201,
  'timers.now': 0x0301,
  'timers.create': 0x0302,
  'timers.set': 0x0303,
  'timers.take-expirations': 0x0304,
  'log.write': 0x0401,
  'handle.close': 0x0501,
} as const;
export type AppFunction = keyof typeof APP_FUNCTION;

/** In the order of `error-code` in device.wit. */
export const APP_ERROR_CODES = [
  'access-denied',
  'busy',
  'no-device',
  'invalid-argument',
  'no-entry',
  'too-many-handles',
  'io',
] as const;
export type AppErrorCode = (typeof APP_ERROR_CODES)[number];

/** Arguments and results per function. Handles are the broker's numbers for this app, never 0. Times in nanoseconds. */
export type AppRequest =
  | { readonly function: 'gpio.open-input'; readonly pin: number }
  | { readonly function: 'gpio.open-output'; readonly pin: number; readonly mode: number; readonly level: number }
  | { readonly function: 'gpio.get'; readonly handle: number }
  | { readonly function: 'gpio.set'; readonly handle: number; readonly level: number }
  /** `handles` are timers (or whatever can become ready); `timeoutNs` absent: for ever. */
  | { readonly function: 'poll.wait'; readonly handles: readonly number[]; readonly timeoutNs: bigint | undefined }
  | { readonly function: 'timers.now' }
  | { readonly function: 'timers.create' }
  | {
      readonly function: 'timers.set';
      readonly handle: number;
      readonly initialNs: bigint;
      readonly intervalNs: bigint;
    }
  | { readonly function: 'timers.take-expirations'; readonly handle: number }
  | { readonly function: 'log.write'; readonly message: string }
  | { readonly function: 'handle.close'; readonly handle: number };

/** `poll.wait` answers this. */
export type Wake =
  | { readonly kind: 'ready'; readonly indexes: readonly number[] }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'terminating' };

/** What a successful call carries: a number (handle, level, 0 or 1), a u64, a wake, or nothing. */
export type AppResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'u32'; readonly value: number }
  | { readonly kind: 'u64'; readonly value: bigint }
  | { readonly kind: 'wake'; readonly value: Wake };

export type AppReply =
  { readonly ok: true; readonly result: AppResult } | { readonly ok: false; readonly error: AppErrorCode };

export type AppCallErrorCode = 'app-call-function-unknown' | 'app-call-malformed' | 'app-call-too-large';
export class AppCallError extends CodedError<AppCallErrorCode> {}

export const POLL_MAX_HANDLES = 64;
/** The broker's first frame on a fresh pipe. */
export const APP_START_FRAME: Uint8Array = new ByteWriter().u32(4).bytes(new TextEncoder().encode('GO!\n')).finish();

/** With its length word. Errors: `app-call-too-large`. */
export function encodeAppRequest(request: AppRequest): Uint8Array {
  const writer = new ByteWriter().u16(APP_FUNCTION[request.function]).u16(0);
  switch (request.function) {
    case 'gpio.open-input':
      writer.u32(request.pin);
      break;
    case 'gpio.open-output':
      writer.u32(request.pin).u8(request.mode).u8(request.level);
      break;
    case 'gpio.set':
      writer.u32(request.handle).u8(request.level);
      break;
    case 'gpio.get':
    case 'timers.take-expirations':
    case 'handle.close':
      writer.u32(request.handle);
      break;
    case 'poll.wait':
      writer
        .u8(request.timeoutNs === undefined ? 0 : 1)
        .u64(request.timeoutNs ?? 0n)
        .u16(request.handles.length);
      for (const handle of request.handles) writer.u32(handle);
      break;
    case 'timers.set':
      writer.u32(request.handle).u64(request.initialNs).u64(request.intervalNs);
      break;
    case 'log.write':
      writer.bytes(new TextEncoder().encode(request.message));
      break;
    case 'timers.now':
    case 'timers.create':
      break;
  }
  return framed(writer.finish());
}

/** A frame without its length word, of any origin. Errors: `AppCallErrorCode`, `LayoutErrorCode`. */
export function decodeAppRequest(frame: Uint8Array): AppRequest {
  const reader = new ByteReader(frame);
  const number = reader.u16();
  const name = (Object.keys(APP_FUNCTION) as AppFunction[]).find((candidate) => APP_FUNCTION[candidate] === number);
  if (name === undefined) throw new AppCallError('app-call-function-unknown', `function ${number}`);
  if (reader.u16() !== 0) throw new AppCallError('app-call-malformed', 'reserved bits');
  const request = decodeArguments(name, reader);
  reader.end();
  return request;
}

function decodeArguments(name: AppFunction, reader: ByteReader): AppRequest {
  switch (name) {
    case 'gpio.open-input':
      return { function: name, pin: reader.u32() };
    case 'gpio.open-output':
      return { function: name, pin: reader.u32(), mode: reader.u8(), level: reader.u8() };
    case 'gpio.set':
      return { function: name, handle: reader.u32(), level: reader.u8() };
    case 'gpio.get':
    case 'timers.take-expirations':
    case 'handle.close':
      return { function: name, handle: reader.u32() };
    case 'poll.wait':
      return decodeWait(reader);
    case 'timers.set':
      return { function: name, handle: reader.u32(), initialNs: reader.u64(), intervalNs: reader.u64() };
    case 'log.write':
      // A guest's string was already checked by the canonical ABI; the pipe's other end may still be hostile.
      return { function: name, message: new TextDecoder().decode(reader.rest()) };
    case 'timers.now':
    case 'timers.create':
      return { function: name };
  }
}

function decodeWait(reader: ByteReader): AppRequest {
  const hasTimeout = reader.u8();
  const timeoutNs = reader.u64();
  const count = reader.u16();
  if (hasTimeout > 1 || count > POLL_MAX_HANDLES)
    throw new AppCallError('app-call-malformed', `a wait on ${count} handles`);
  const handles = Array.from({ length: count }, () => reader.u32());
  return { function: 'poll.wait', handles, timeoutNs: hasTimeout === 1 ? timeoutNs : undefined };
}

/** With its length word. */
export function encodeAppReply(reply: AppReply): Uint8Array {
  const writer = new ByteWriter().u8(reply.ok ? 0 : 1 + APP_ERROR_CODES.indexOf(reply.error)).zeros(3);
  if (reply.ok) writeResult(writer, reply.result);
  return framed(writer.finish());
}

/** A frame without its length word; `expected` is what the called function answers. Errors: `AppCallErrorCode`, `LayoutErrorCode`. */
export function decodeAppReply(frame: Uint8Array, expected: AppResult['kind']): AppReply {
  const reader = new ByteReader(frame);
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

const WAKE_KIND = ['ready', 'timed-out', 'terminating'] as const;

function writeResult(writer: ByteWriter, result: AppResult): void {
  if (result.kind === 'u32') writer.u32(result.value);
  if (result.kind === 'u64') writer.u64(result.value);
  if (result.kind === 'wake') {
    const indexes = result.value.kind === 'ready' ? result.value.indexes : [];
    writer.u8(WAKE_KIND.indexOf(result.value.kind)).u16(indexes.length);
    for (const index of indexes) writer.u32(index);
  }
}

function readResult(reader: ByteReader, expected: AppResult['kind']): AppResult {
  switch (expected) {
    case 'none':
      return { kind: 'none' };
    case 'u32':
      return { kind: 'u32', value: reader.u32() };
    case 'u64':
      return { kind: 'u64', value: reader.u64() };
    case 'wake': {
      const kind = WAKE_KIND[reader.u8()];
      const indexes = Array.from({ length: reader.u16() }, () => reader.u32());
      if (kind === undefined) throw new AppCallError('app-call-malformed', 'an unknown wake');
      return { kind: 'wake', value: kind === 'ready' ? { kind, indexes } : { kind } };
    }
  }
}

function framed(body: Uint8Array): Uint8Array {
  if (body.length > APP_FRAME_MAX_BYTES - 4)
    throw new AppCallError('app-call-too-large', `a call of ${body.length} bytes`);
  return new ByteWriter(4 + body.length).u32(body.length).bytes(body).finish();
}
