// How a component says each call, in the core instructions that the canonical ABI gives it. Nothing here knows what is granted.

import type { AppFunction } from '../../contracts/wire/app-call.ts';
import type { ProbeRequest } from './probe-call.ts';

/** Where a call puts its result; the probe looks there and nowhere else. */
export const RESULT_AT = 16;

export interface GuestCall {
  readonly interface: string;
  readonly name: string;
  /** Core parameters, the result's place included. */
  readonly params: string;
  readonly result?: string;
  /** Where the error of a refusal stands after `RESULT_AT`; absent: the call cannot be refused. */
  readonly errorAt?: number;
  /** The resource that a good answer hands over, at `RESULT_AT` + 4. */
  readonly gives?: string;
  /** Core arguments as text; `handle` translates an argument that is a handle. */
  readonly args: (request: ProbeRequest, handle: (argument: unknown) => string) => string;
}

const GPIO = 'casemate:device/gpio@0.1.0';
const TIMERS = 'casemate:device/timers@0.1.0';
const INTO = `(i32.const ${RESULT_AT})`;
const i32 = (value: unknown): string => `(i32.const ${Number(value)})`;
const i64 = (value: unknown): string => `(i64.const ${String(value)})`;

export const GUEST_CALLS: Readonly<Partial<Record<AppFunction, GuestCall>>> = {
  'gpio.open-input': {
    interface: GPIO,
    name: 'open-input',
    params: 'i32 i32',
    errorAt: 4,
    gives: 'input',
    args: ({ pin }) => `${i32(pin)} ${INTO}`,
  },
  'gpio.open-output': {
    interface: GPIO,
    name: 'open-output',
    params: 'i32 i32 i32 i32',
    errorAt: 4,
    gives: 'output',
    args: ({ pin, mode, level }) => `${i32(pin)} ${i32(mode)} ${i32(level)} ${INTO}`,
  },
  'gpio.get': {
    interface: GPIO,
    name: '[method]input.get',
    params: 'i32 i32',
    errorAt: 1,
    args: (request, handle) => `${handle(request['handle'])} ${INTO}`,
  },
  'gpio.set': {
    interface: GPIO,
    name: '[method]output.set',
    params: 'i32 i32 i32',
    errorAt: 1,
    args: (request, handle) => `${handle(request['handle'])} ${i32(request['level'])} ${INTO}`,
  },
  'poll.wait': {
    interface: 'casemate:device/poll@0.1.0',
    name: 'wait',
    params: 'i32 i32 i32 i64 i32',
    errorAt: 4,
    args: ({ timeoutNs }) => `(i32.const 0) (i32.const 0) (i32.const 1) ${i64(timeoutNs)} ${INTO}`,
  },
  'timers.now': { interface: TIMERS, name: 'now', params: '', result: 'i64', args: () => '' },
  'timers.create': {
    interface: TIMERS,
    name: 'create',
    params: 'i32',
    errorAt: 4,
    gives: 'timer',
    args: () => INTO,
  },
  'timers.set': {
    interface: TIMERS,
    name: '[method]timer.set',
    params: 'i32 i64 i64 i32',
    errorAt: 1,
    args: (request, handle) =>
      `${handle(request['handle'])} ${i64(request['initialNs'])} ${i64(request['intervalNs'])} ${INTO}`,
  },
  'timers.take-expirations': {
    interface: TIMERS,
    name: '[method]timer.take-expirations',
    params: 'i32',
    result: 'i64',
    args: (request, handle) => handle(request['handle']),
  },
  'log.write': {
    interface: 'casemate:device/log@0.1.0',
    name: 'write',
    params: 'i32 i32',
    args: () => '(i32.const 64) (i32.const 4)',
  },
};
