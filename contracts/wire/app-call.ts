// Calls of an app to the broker: one fixed frame per function. Never names the app: the pipe it comes on does.

import { ByteReader, ByteWriter } from '../core/bytes.ts';
import { APP_FRAME_MAX_BYTES } from '../core/limits.ts';
import type { AppReply, AppResult } from './app-call/app-reply.ts';
import { readReply, writeReply } from './app-call/app-reply.ts';
import type { CallArea } from './app-call/call-area.ts';
import { AppCallError } from './app-call/call-area.ts';
import type { ClockRequest } from './app-call/clock-calls.ts';
import { CLOCK_CALLS } from './app-call/clock-calls.ts';
import type { GpioRequest } from './app-call/gpio-calls.ts';
import { GPIO_CALLS } from './app-call/gpio-calls.ts';
import type { LogRequest } from './app-call/log-calls.ts';
import { LOG_CALLS } from './app-call/log-calls.ts';
import type { NameRequest } from './app-call/name-calls.ts';
import { NAME_CALLS } from './app-call/name-calls.ts';
import type { RandomRequest } from './app-call/random-calls.ts';
import { RANDOM_CALLS } from './app-call/random-calls.ts';
import type { StorageRequest } from './app-call/storage-calls.ts';
import { STORAGE_CALLS } from './app-call/storage-calls.ts';
import type { TcpRequest } from './app-call/tcp-calls.ts';
import { TCP_CALLS } from './app-call/tcp-calls.ts';
import type { UdpRequest } from './app-call/udp-calls.ts';
import { UDP_CALLS } from './app-call/udp-calls.ts';
import type { UsageRequest } from './app-call/usage-calls.ts';
import { USAGE_CALLS } from './app-call/usage-calls.ts';
import type { HandleRequest, PollRequest, TimerRequest } from './app-call/wait-calls.ts';
import { HANDLE_CALLS, POLL_CALLS, TIMER_CALLS } from './app-call/wait-calls.ts';

export type { AppErrorCode, AppReply, AppResult, Wake } from './app-call/app-reply.ts';
export { APP_ERROR_CODES } from './app-call/app-reply.ts';
export type { AppCallErrorCode } from './app-call/call-area.ts';
export { AppCallError } from './app-call/call-area.ts';
export { POLL_MAX_HANDLES } from './app-call/wait-calls.ts';

/** Every call that an app can make. */
export type AppRequest =
  | GpioRequest
  | PollRequest
  | TimerRequest
  | LogRequest
  | HandleRequest
  | UsageRequest
  | StorageRequest
  | ClockRequest
  | RandomRequest
  | TcpRequest
  | UdpRequest
  | NameRequest;
export type AppFunction = AppRequest['function'];
/** What stands before the dot. */
export type AppArea = AppFunction extends `${infer Area}.${string}` ? Area : never;

/** By what stands before the dot of a function's name. */
const AREAS = {
  gpio: GPIO_CALLS,
  poll: POLL_CALLS,
  timers: TIMER_CALLS,
  log: LOG_CALLS,
  handle: HANDLE_CALLS,
  usage: USAGE_CALLS,
  storage: STORAGE_CALLS,
  clock: CLOCK_CALLS,
  random: RANDOM_CALLS,
  tcp: TCP_CALLS,
  udp: UDP_CALLS,
  names: NAME_CALLS,
} as const satisfies { readonly [Area in AppArea]: CallArea<Extract<AppRequest, { function: `${Area}.${string}` }>> };

/**
 * Request: u32 length of what follows · u16 function · u16 zero · arguments.
 * Reply: u32 length of what follows · u8 status (0 ok, otherwise 1 + index into `APP_ERROR_CODES`) · u24 zero · result.
 * The broker speaks first: one frame `start`, so that no byte for an earlier holder of the pipe is taken for this app's.
 * Numbers are never used again for something else.
 */
export const APP_FUNCTION = {
  ...GPIO_CALLS.functions,
  ...POLL_CALLS.functions,
  ...TIMER_CALLS.functions,
  ...LOG_CALLS.functions,
  ...HANDLE_CALLS.functions,
  ...USAGE_CALLS.functions,
  ...STORAGE_CALLS.functions,
  ...CLOCK_CALLS.functions,
  ...RANDOM_CALLS.functions,
  ...TCP_CALLS.functions,
  ...UDP_CALLS.functions,
  ...NAME_CALLS.functions,
} satisfies Readonly<Record<AppFunction, number>>;

const BY_NUMBER: ReadonlyMap<number, AppFunction> = new Map(
  (Object.keys(APP_FUNCTION) as AppFunction[]).map((name) => [APP_FUNCTION[name], name]),
);

export function areaOf(name: AppFunction): AppArea {
  return name.slice(0, name.indexOf('.')) as AppArea;
}

/** An area takes the requests that its own name leads to it. */
function codecOf(name: AppFunction): CallArea<AppRequest> {
  return AREAS[areaOf(name)] as CallArea<AppRequest>;
}

/** The broker's first frame on a fresh pipe. */
export const APP_START_FRAME: Uint8Array = new ByteWriter().u32(4).bytes(new TextEncoder().encode('GO!\n')).finish();

/** With its length word. Errors: `app-call-too-large`. */
export function encodeAppRequest(request: AppRequest): Uint8Array {
  const writer = new ByteWriter().u16(APP_FUNCTION[request.function]).u16(0);
  codecOf(request.function).encode(request, writer);
  return framed(writer.finish());
}

/** A frame without its length word, of any origin. Errors: `AppCallErrorCode`, `LayoutErrorCode`. */
export function decodeAppRequest(frame: Uint8Array): AppRequest {
  const reader = new ByteReader(frame);
  const number = reader.u16();
  const name = BY_NUMBER.get(number);
  if (name === undefined) throw new AppCallError('app-call-function-unknown', `function ${number}`);
  if (reader.u16() !== 0) throw new AppCallError('app-call-malformed', 'reserved bits');
  const request = codecOf(name).decode(name, reader);
  reader.end();
  return request;
}

/** With its length word. */
export function encodeAppReply(reply: AppReply): Uint8Array {
  const writer = new ByteWriter();
  writeReply(writer, reply);
  return framed(writer.finish());
}

/** A frame without its length word; `expected` is what the called function answers. Errors: `AppCallErrorCode`, `LayoutErrorCode`. */
export function decodeAppReply(frame: Uint8Array, expected: AppResult['kind']): AppReply {
  return readReply(new ByteReader(frame), expected);
}

function framed(body: Uint8Array): Uint8Array {
  if (body.length > APP_FRAME_MAX_BYTES - 4)
    throw new AppCallError('app-call-too-large', `a call of ${body.length} bytes`);
  return new ByteWriter(4 + body.length).u32(body.length).bytes(body).finish();
}
