// The one table: which capability guards which function, what it names, and what a denial answers. Never a second copy elsewhere.

import type { AppErrorCode, AppFunction } from '../contracts/wire/app-call.ts';

/** Capabilities that this version enforces, by their manifest key. Others are known and refused as `capability-not-supported`. */
export const SUPPORTED_CAPABILITIES = ['Gpio'] as const;
export type SupportedCapability = (typeof SUPPORTED_CAPABILITIES)[number];

export interface FunctionRule {
  /** The broker's function. */
  readonly function: AppFunction;
  /** The WIT interface and function, as in device.wit. */
  readonly interface: string;
  readonly name: string;
  /** The capability that guards it; `undefined`: every app may call it. */
  readonly capability: SupportedCapability | undefined;
  /** What a call without the grant answers. */
  readonly denial: AppErrorCode | undefined;
  /** The firewall region behind it, where one is (contracts/core/chip.ts). */
  readonly region: 'gpio' | undefined;
}

const free = (fn: AppFunction, iface: string, name: string): FunctionRule => {
  return { function: fn, interface: iface, name, capability: undefined, denial: undefined, region: undefined };
};
const gpio = (fn: AppFunction, name: string): FunctionRule => {
  return {
    function: fn,
    interface: 'casemate:device/gpio',
    name,
    capability: 'Gpio',
    denial: 'access-denied',
    region: 'gpio',
  };
};

export const FUNCTION_RULES: readonly FunctionRule[] = [
  gpio('gpio.open-input', 'open-input'),
  gpio('gpio.open-output', 'open-output'),
  gpio('gpio.get', '[method]input.get'),
  gpio('gpio.set', '[method]output.set'),
  free('poll.wait', 'casemate:device/poll', 'wait'),
  free('timers.now', 'casemate:device/timers', 'now'),
  free('timers.create', 'casemate:device/timers', 'create'),
  free('timers.set', 'casemate:device/timers', '[method]timer.set'),
  free('timers.take-expirations', 'casemate:device/timers', '[method]timer.take-expirations'),
  free('log.write', 'casemate:device/log', 'write'),
];

/** WIT interfaces that an app may import, and the capability that its manifest needs for it (`undefined`: none). */
export const INTERFACE_CAPABILITY: Readonly<Record<string, SupportedCapability | undefined>> = {
  'casemate:device/errors@0.1.0': undefined,
  'casemate:device/gpio@0.1.0': 'Gpio',
  'casemate:device/poll@0.1.0': undefined,
  'casemate:device/timers@0.1.0': undefined,
  'casemate:device/log@0.1.0': undefined,
  'casemate:device/image-files@0.1.0': undefined,
  'casemate:device/process@0.1.0': undefined,
};
