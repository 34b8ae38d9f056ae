// The one table: which capability guards which function, what it names, and what a denial answers. Never a second copy elsewhere.

import type { GrantList } from '../contracts/core/grants.ts';
import type { AppErrorCode, AppFunction } from '../contracts/wire/app-call.ts';

/** Capabilities that this version enforces, by their manifest key. Others are known and refused as `capability-not-supported`. */
export const SUPPORTED_CAPABILITIES = [
  'Gpio',
  'MutableStorage',
  'AllowedConnections',
  'AllowedTcpServerPorts',
  'AllowedUdpServerPorts',
] as const;
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

/** The capabilities that some grants amount to. */
export function capabilitiesOf(grants: Omit<GrantList, 'memoryBytes'>): ReadonlySet<SupportedCapability> {
  const { gpioPins, storageBytes = 0, hosts, tcpServerPorts, udpServerPorts } = grants;
  const asked: readonly (readonly [SupportedCapability, number])[] = [
    ['Gpio', gpioPins?.length ?? 0],
    ['MutableStorage', storageBytes],
    ['AllowedConnections', hosts?.length ?? 0],
    ['AllowedTcpServerPorts', tcpServerPorts?.length ?? 0],
    ['AllowedUdpServerPorts', udpServerPorts?.length ?? 0],
  ];
  return new Set(asked.flatMap(([capability, amount]) => (amount > 0 ? [capability] : [])));
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

/** WIT interfaces that an app may import, and the capabilities of which its manifest needs one (none: everybody may import it). */
const INTERFACES: Readonly<Record<string, readonly SupportedCapability[]>> = {
  'casemate:device/errors@0.1.0': [],
  'casemate:device/gpio@0.1.0': ['Gpio'],
  'casemate:device/poll@0.1.0': [],
  'casemate:device/timers@0.1.0': [],
  'casemate:device/log@0.1.0': [],
  'casemate:device/image-files@0.1.0': [],
  'casemate:device/process@0.1.0': [],
};

export const OFFERED_INTERFACES: readonly string[] = Object.keys(INTERFACES);

/** The capabilities of which one is needed to import this interface; `undefined`: no device offers it. */
export function interfaceCapabilities(name: string): readonly SupportedCapability[] | undefined {
  return Object.hasOwn(INTERFACES, name) ? INTERFACES[name] : undefined;
}
