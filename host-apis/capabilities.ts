// The one table: which capability guards which function, what it names, and what a denial answers. Never a second copy elsewhere.

import { offeredName } from '../contracts/core/semver-name.ts';
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
  /** Others that guard it in the same way, for the resources of theirs that it is called on. */
  readonly also?: readonly SupportedCapability[];
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

const storage = (fn: AppFunction, name: string): FunctionRule => {
  const [iface, denial] = ['wasi:filesystem/types', 'access-denied'] as const;
  return { function: fn, interface: iface, name, capability: 'MutableStorage', denial, region: undefined };
};

const CONNECTIONS = 'AllowedConnections';
const TCP_PORTS = 'AllowedTcpServerPorts';
const UDP_PORTS = 'AllowedUdpServerPorts';
const socket = (
  fn: AppFunction,
  name: `${'tcp' | 'udp' | 'ip-name-lookup'} ${string}`,
  ...[capability, ...also]: readonly [SupportedCapability, ...SupportedCapability[]]
): FunctionRule => {
  const [iface, fnName = ''] = name.split(' ');
  const rule = {
    function: fn,
    interface: `wasi:sockets/${iface}`,
    name: fnName,
    capability,
    region: undefined,
  } as const;
  return { ...rule, denial: 'access-denied', ...(also.length > 0 && { also }) };
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
  storage('storage.stat', '[method]descriptor.stat-at'),
  storage('storage.list', '[method]descriptor.read-directory'),
  storage('storage.create', '[method]descriptor.open-at'),
  storage('storage.read', '[method]descriptor.read'),
  storage('storage.write', '[method]descriptor.write'),
  storage('storage.resize', '[method]descriptor.set-size'),
  storage('storage.rename', '[method]descriptor.rename-at'),
  storage('storage.remove', '[method]descriptor.unlink-file-at'),
  storage('storage.sync', '[method]descriptor.sync'),
  free('clock.now', 'wasi:clocks/wall-clock', 'now'),
  free('random.bytes', 'wasi:random/random', 'get-random-bytes'),
  socket('tcp.connect', 'tcp [method]tcp-socket.start-connect', CONNECTIONS),
  socket('tcp.listen', 'tcp [method]tcp-socket.start-listen', TCP_PORTS),
  socket('tcp.ready', 'tcp [method]tcp-socket.finish-connect', CONNECTIONS, TCP_PORTS),
  socket('tcp.accept', 'tcp [method]tcp-socket.accept', TCP_PORTS),
  socket('tcp.room', 'tcp [method]output-stream.check-write', CONNECTIONS, TCP_PORTS),
  socket('tcp.send', 'tcp [method]output-stream.write', CONNECTIONS, TCP_PORTS),
  socket('tcp.receive', 'tcp [method]input-stream.read', CONNECTIONS, TCP_PORTS),
  socket('tcp.shutdown', 'tcp [method]tcp-socket.shutdown', CONNECTIONS, TCP_PORTS),
  socket('tcp.watch', 'tcp [method]tcp-socket.subscribe', CONNECTIONS, TCP_PORTS),
  socket('udp.bind', 'udp [method]udp-socket.start-bind', CONNECTIONS, UDP_PORTS),
  socket('udp.ready', 'udp [method]udp-socket.finish-bind', CONNECTIONS, UDP_PORTS),
  socket('udp.send', 'udp [method]outgoing-datagram-stream.send', CONNECTIONS, UDP_PORTS),
  socket('udp.receive', 'udp [method]incoming-datagram-stream.receive', CONNECTIONS, UDP_PORTS),
  socket('udp.watch', 'udp [method]udp-socket.subscribe', CONNECTIONS, UDP_PORTS),
  socket('names.resolve', 'ip-name-lookup resolve-addresses', CONNECTIONS),
  socket('names.addresses', 'ip-name-lookup [method]resolve-address-stream.resolve-next-address', CONNECTIONS),
];

/** WIT interfaces that an app may import, those of WASI in any patch of 0.2, and the capabilities of which its manifest needs one (none: everybody may import it). */
const INTERFACES: Readonly<Record<string, readonly SupportedCapability[]>> = {
  'casemate:device/errors@0.1.0': [],
  'casemate:device/gpio@0.1.0': ['Gpio'],
  'casemate:device/poll@0.1.0': [],
  'casemate:device/timers@0.1.0': [],
  'casemate:device/log@0.1.0': [],
  'casemate:device/image-files@0.1.0': [],
  'casemate:device/process@0.1.0': [],
  'wasi:io/error@0.2.0': [],
  'wasi:io/poll@0.2.0': [],
  'wasi:io/streams@0.2.0': [],
  'wasi:clocks/monotonic-clock@0.2.0': [],
  'wasi:clocks/wall-clock@0.2.0': [],
  'wasi:random/random@0.2.0': [],
  'wasi:random/insecure@0.2.0': [],
  'wasi:random/insecure-seed@0.2.0': [],
  'wasi:cli/environment@0.2.0': [],
  'wasi:cli/exit@0.2.0': [],
  'wasi:cli/stdin@0.2.0': [],
  'wasi:cli/stdout@0.2.0': [],
  'wasi:cli/stderr@0.2.0': [],
  'wasi:cli/terminal-input@0.2.0': [],
  'wasi:cli/terminal-output@0.2.0': [],
  'wasi:cli/terminal-stdin@0.2.0': [],
  'wasi:cli/terminal-stdout@0.2.0': [],
  'wasi:cli/terminal-stderr@0.2.0': [],
  // The image's own files need nothing; what a manifest grants beyond them is a folder more (`/storage`).
  'wasi:filesystem/types@0.2.0': [],
  'wasi:filesystem/preopens@0.2.0': [],
  'wasi:sockets/network@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  'wasi:sockets/instance-network@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  'wasi:sockets/ip-name-lookup@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  'wasi:sockets/tcp@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  'wasi:sockets/tcp-create-socket@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  'wasi:sockets/udp@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  'wasi:sockets/udp-create-socket@0.2.0': [CONNECTIONS, TCP_PORTS, UDP_PORTS],
  // Both sides of HTTP; `incoming-handler` is what an app exports (HANDLER_INTERFACE), and nothing that it imports.
  'wasi:http/types@0.2.0': [CONNECTIONS, TCP_PORTS],
  'wasi:http/outgoing-handler@0.2.0': [CONNECTIONS],
};

/** What an app exports instead of `run` to be served at its one TCP port. */
export const HANDLER_INTERFACE = 'wasi:http/incoming-handler@0.2.0';

export const OFFERED_INTERFACES: readonly string[] = Object.keys(INTERFACES);

/** The capabilities of which one is needed to import this interface; `undefined`: no device offers it. */
export function interfaceCapabilities(name: string): readonly SupportedCapability[] | undefined {
  const offered = offeredName(name);
  return Object.hasOwn(INTERFACES, offered) ? INTERFACES[offered] : undefined;
}
