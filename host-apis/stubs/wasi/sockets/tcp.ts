// wasi:sockets/tcp for the guest: the whole interface, over sockets whose state is kept beside it (tcp-socket.ts).

import type { HostInterface, HostItem } from '../../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../../component/host-interface.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import type { EnumType, Value, ValueType } from '../../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';
import { ok } from '../../results.ts';
import {
  ADDRESS_FAMILY,
  NETWORK_ERROR,
  networkError,
  networkResult,
  readSocketAddress,
  SOCKET_ADDRESS,
  socketAddressValue,
  unspecified,
} from './network-types.ts';
import type { WasiSockets } from './sockets-table.ts';
import { NOTHING, resultOf } from './sockets-table.ts';
import type { TcpSocket } from './tcp-socket.ts';
import { TcpInput, TcpOutput } from './tcp-streams.ts';
import type { WatchedHandle } from './watched-handle.ts';

const { bool, u8, u32, u64 } = PRIMITIVE_TYPES;
const SHUTDOWN: EnumType = { kind: 'enum', names: ['receive', 'send', 'both'] };
const DIRECTIONS = [['receive'], ['send'], ['receive', 'send']] as const;
/** What a window of the radio holds; it cannot be changed from here. */
const BUFFER_BYTES = 65_536n;
const HOP_LIMIT = 64;
const [KEEP_IDLE_NS, KEEP_INTERVAL_NS, KEEP_COUNT] = [7_200_000_000_000n, 75_000_000_000n, 9] as const;

export function tcpInterface(sockets: WasiSockets): HostInterface {
  const { io, broker } = sockets;
  const me = { name: 'self', type: { kind: 'borrow', resource: sockets.tcpSocket } } as const;
  const network = { name: 'network', type: { kind: 'borrow', resource: sockets.network } } as const;
  const local = { name: 'local-address', type: SOCKET_ADDRESS } as const;
  const remote = { name: 'remote-address', type: SOCKET_ADDRESS } as const;
  const own = {
    socket: { kind: 'own', resource: sockets.tcpSocket },
    input: { kind: 'own', resource: io.inputStream },
    output: { kind: 'own', resource: io.outputStream },
    pollable: { kind: 'own', resource: io.pollable },
  } as const;
  const get = (rep: number): TcpSocket => sockets.tcpSockets.get(rep);
  const streams = (held: WatchedHandle): readonly [number, number] => [
    io.inputs.add(new TcpInput(broker, held)),
    io.outputs.add(new TcpOutput(broker, held)),
  ];
  const method = (name: string, item: HostItem): readonly [string, HostItem] => [`[method]tcp-socket.${name}`, item];

  return new Map([
    ['tcp-socket', hostResource(sockets.tcpSocket)],
    ['shutdown-type', hostType(SHUTDOWN)],
    ['network', hostResource(sockets.network)],
    ['input-stream', hostResource(io.inputStream)],
    ['output-stream', hostResource(io.outputStream)],
    ['pollable', hostResource(io.pollable)],
    ['duration', hostType(u64)],
    ['error-code', hostType(NETWORK_ERROR)],
    ['ip-socket-address', hostType(SOCKET_ADDRESS)],
    ['ip-address-family', hostType(ADDRESS_FAMILY)],
    method(
      'start-bind',
      blockingHostFunction([me, network, local], networkResult(), (rep, _network, address) =>
        resultOf(get(rep).startBind(readSocketAddress(address)), NOTHING),
      ),
    ),
    method(
      'finish-bind',
      fallible(me, networkResult(), (rep) => resultOf(get(rep).finishBind(), NOTHING)),
    ),
    method(
      'start-connect',
      blockingHostFunction([me, network, remote], networkResult(), (rep, _network, address) =>
        resultOf(get(rep).startConnect(readSocketAddress(address)), NOTHING),
      ),
    ),
    method(
      'finish-connect',
      fallible(me, networkResult({ kind: 'tuple', elements: [own.input, own.output] }), (rep) =>
        resultOf(get(rep).finishConnect(), streams),
      ),
    ),
    method(
      'start-listen',
      fallible(me, networkResult(), (rep) => resultOf(get(rep).startListen(), NOTHING)),
    ),
    method(
      'finish-listen',
      fallible(me, networkResult(), (rep) => resultOf(get(rep).finishListen(), NOTHING)),
    ),
    method(
      'accept',
      fallible(me, networkResult({ kind: 'tuple', elements: [own.socket, own.input, own.output] }), (rep) =>
        resultOf(get(rep).accept(), ({ socket, held }) => [sockets.tcpSockets.add(socket), ...streams(held)]),
      ),
    ),
    method(
      'local-address',
      fallible(me, networkResult(SOCKET_ADDRESS), (rep) => {
        const { family, localPort } = get(rep);
        // Which address the device has is known to the access point alone.
        return localPort === undefined
          ? networkError('invalid-state')
          : ok(socketAddressValue(unspecified(family), localPort));
      }),
    ),
    method(
      'remote-address',
      fallible(me, networkResult(SOCKET_ADDRESS), (rep) => {
        const { remote: at } = get(rep);
        return at === undefined ? networkError('invalid-state') : ok(socketAddressValue(at.text, at.port));
      }),
    ),
    method(
      'is-listening',
      hostFunction([me], bool, (rep) => get(rep).isListening),
    ),
    method(
      'address-family',
      hostFunction([me], ADDRESS_FAMILY, (rep) => (get(rep).family === 4 ? 0 : 1)),
    ),
    method(
      'subscribe',
      hostFunction([me], own.pollable, (rep) => io.pollables.add(get(rep).pollable())),
    ),
    method(
      'shutdown',
      blockingHostFunction([me, { name: 'shutdown-type', type: SHUTDOWN }], networkResult(), (rep, how) =>
        resultOf(get(rep).shutdown(DIRECTIONS[how] ?? []), NOTHING),
      ),
    ),
    ...options(me),
  ]);
}

type Self = {
  readonly name: 'self';
  readonly type: { readonly kind: 'borrow'; readonly resource: WasiSockets['tcpSocket'] };
};

function fallible(me: Self, result: ReturnType<typeof networkResult>, call: (rep: number) => Later<Value>): HostItem {
  return blockingHostFunction([me], result, call);
}

/** Told as they are; what cannot be changed through a radio says so, and a hint may be given. Zero is no value of any of them. */
function options(me: Self): readonly (readonly [string, HostItem])[] {
  const getter = (name: string, type: ValueType, value: Value): readonly [string, HostItem] => [
    `[method]tcp-socket.${name}`,
    hostFunction([me], networkResult(type), () => ok(value)),
  ];
  const setter = (name: string, type: ValueType, change: 'hint' | 'fixed'): readonly [string, HostItem] => [
    `[method]tcp-socket.set-${name}`,
    hostFunction([me, { name: 'value', type }], networkResult(), (_rep, value) => {
      if (value === 0 || value === 0n) return networkError('invalid-argument');
      return change === 'hint' ? ok() : networkError('not-supported');
    }),
  ];
  return [
    setter('listen-backlog-size', u64, 'hint'),
    getter('keep-alive-enabled', bool, false),
    [
      '[method]tcp-socket.set-keep-alive-enabled',
      hostFunction([me, { name: 'value', type: bool }], networkResult(), (_rep, isOn) =>
        isOn ? networkError('not-supported') : ok(),
      ),
    ],
    getter('keep-alive-idle-time', u64, KEEP_IDLE_NS),
    setter('keep-alive-idle-time', u64, 'hint'),
    getter('keep-alive-interval', u64, KEEP_INTERVAL_NS),
    setter('keep-alive-interval', u64, 'hint'),
    getter('keep-alive-count', u32, KEEP_COUNT),
    setter('keep-alive-count', u32, 'hint'),
    getter('hop-limit', u8, HOP_LIMIT),
    setter('hop-limit', u8, 'fixed'),
    getter('receive-buffer-size', u64, BUFFER_BYTES),
    setter('receive-buffer-size', u64, 'hint'),
    getter('send-buffer-size', u64, BUFFER_BYTES),
    setter('send-buffer-size', u64, 'hint'),
  ];
}
