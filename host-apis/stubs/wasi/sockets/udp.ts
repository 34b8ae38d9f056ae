// wasi:sockets/udp for the guest: the whole interface, over sockets whose state is kept beside it (udp-socket.ts).

import type { HostInterface, HostItem } from '../../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../../component/host-interface.ts';
import type { Case, RecordType, Value, ValueType } from '../../../../component/value-types.ts';
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
import type { UdpSocket } from './udp-socket.ts';

const { u8, u64 } = PRIMITIVE_TYPES;
const BYTES = { kind: 'list', element: u8 } as const;
const INCOMING: RecordType = {
  kind: 'record',
  fields: [
    { name: 'data', type: BYTES },
    { name: 'remote-address', type: SOCKET_ADDRESS },
  ],
};
const OUTGOING: RecordType = {
  kind: 'record',
  fields: [
    { name: 'data', type: BYTES },
    { name: 'remote-address', type: { kind: 'option', some: SOCKET_ADDRESS } },
  ],
};
const BUFFER_BYTES = 65_536n;
const HOP_LIMIT = 64;

export function udpInterface(sockets: WasiSockets): HostInterface {
  const { io } = sockets;
  const borrow = (resource: WasiSockets['udpSocket']) =>
    ({ name: 'self', type: { kind: 'borrow', resource } }) as const;
  const me = borrow(sockets.udpSocket);
  const network = { name: 'network', type: { kind: 'borrow', resource: sockets.network } } as const;
  const pollable = { kind: 'own', resource: io.pollable } as const;
  const pair = {
    kind: 'tuple',
    elements: [
      { kind: 'own', resource: sockets.incomingDatagrams },
      { kind: 'own', resource: sockets.outgoingDatagrams },
    ],
  } as const;
  const get = (rep: number): UdpSocket => sockets.udpSockets.get(rep);

  return new Map<string, HostItem>([
    ['udp-socket', hostResource(sockets.udpSocket)],
    ['incoming-datagram-stream', hostResource(sockets.incomingDatagrams)],
    ['outgoing-datagram-stream', hostResource(sockets.outgoingDatagrams)],
    ['incoming-datagram', hostType(INCOMING)],
    ['outgoing-datagram', hostType(OUTGOING)],
    ['network', hostResource(sockets.network)],
    ['pollable', hostResource(io.pollable)],
    ['error-code', hostType(NETWORK_ERROR)],
    ['ip-socket-address', hostType(SOCKET_ADDRESS)],
    ['ip-address-family', hostType(ADDRESS_FAMILY)],
    [
      '[method]udp-socket.start-bind',
      blockingHostFunction(
        [me, network, { name: 'local-address', type: SOCKET_ADDRESS }],
        networkResult(),
        (rep, _network, address) => resultOf(get(rep).startBind(readSocketAddress(address)), NOTHING),
      ),
    ],
    [
      '[method]udp-socket.finish-bind',
      blockingHostFunction([me], networkResult(), (rep) => resultOf(get(rep).finishBind(), NOTHING)),
    ],
    [
      '[method]udp-socket.stream',
      blockingHostFunction(
        [me, { name: 'remote-address', type: { kind: 'option', some: SOCKET_ADDRESS } }],
        networkResult(pair),
        (rep, remote) =>
          resultOf(get(rep).streams(optionalAddress(remote)), (streams) =>
            streams.map((stream) => sockets.datagrams.add(stream)),
          ),
      ),
    ],
    [
      '[method]udp-socket.local-address',
      hostFunction([me], networkResult(SOCKET_ADDRESS), (rep) => {
        const { family, localPort } = get(rep);
        return localPort === undefined
          ? networkError('invalid-state')
          : ok(socketAddressValue(unspecified(family), localPort));
      }),
    ],
    [
      '[method]udp-socket.remote-address',
      hostFunction([me], networkResult(SOCKET_ADDRESS), (rep) => {
        const { remote } = get(rep);
        return remote === undefined ? networkError('invalid-state') : ok(socketAddressValue(remote.text, remote.port));
      }),
    ],
    ['[method]udp-socket.address-family', hostFunction([me], ADDRESS_FAMILY, (rep) => (get(rep).family === 4 ? 0 : 1))],
    ['[method]udp-socket.subscribe', hostFunction([me], pollable, (rep) => io.pollables.add(get(rep).pollable()))],
    ...options(me),
    ...incoming(sockets),
    ...outgoing(sockets),
  ]);
}

function incoming(sockets: WasiSockets): readonly (readonly [string, HostItem])[] {
  const me = { name: 'self', type: { kind: 'borrow', resource: sockets.incomingDatagrams } } as const;
  const list = { kind: 'list', element: INCOMING } as const;
  const pollable = { kind: 'own', resource: sockets.io.pollable } as const;
  return [
    [
      '[method]incoming-datagram-stream.receive',
      blockingHostFunction([me, { name: 'max-results', type: u64 }], networkResult(list), (rep, maxCount) =>
        resultOf(sockets.datagrams.get(rep).receive(maxCount), (received) =>
          received.map(({ bytes, address, port }) => [bytes, socketAddressValue(address, port)]),
        ),
      ),
    ],
    [
      '[method]incoming-datagram-stream.subscribe',
      hostFunction([me], pollable, (rep) => sockets.io.pollables.add(sockets.datagrams.get(rep).subscribe('receive'))),
    ],
  ];
}

function outgoing(sockets: WasiSockets): readonly (readonly [string, HostItem])[] {
  const me = { name: 'self', type: { kind: 'borrow', resource: sockets.outgoingDatagrams } } as const;
  const datagrams = { name: 'datagrams', type: { kind: 'list', element: OUTGOING } } as const;
  const pollable = { kind: 'own', resource: sockets.io.pollable } as const;
  return [
    [
      '[method]outgoing-datagram-stream.check-send',
      blockingHostFunction([me], networkResult(u64), (rep) =>
        resultOf(sockets.datagrams.get(rep).checkSend(), (permits) => permits),
      ),
    ],
    [
      '[method]outgoing-datagram-stream.send',
      blockingHostFunction([me, datagrams], networkResult(u64), (rep, given) => {
        const list = given.map((datagram) => {
          const [bytes, to] = datagram as readonly [Uint8Array, Value];
          return { bytes, to: optionalAddress(to) };
        });
        return resultOf(sockets.datagrams.get(rep).send(list), (sent) => sent);
      }),
    ],
    [
      '[method]outgoing-datagram-stream.subscribe',
      hostFunction([me], pollable, (rep) => sockets.io.pollables.add(sockets.datagrams.get(rep).subscribe('send'))),
    ],
  ];
}

type Self = {
  readonly name: 'self';
  readonly type: { readonly kind: 'borrow'; readonly resource: WasiSockets['udpSocket'] };
};

function options(me: Self): readonly (readonly [string, HostItem])[] {
  const option = (
    name: string,
    type: ValueType,
    value: Value,
    isHint: boolean,
  ): readonly (readonly [string, HostItem])[] => [
    [`[method]udp-socket.${name}`, hostFunction([me], networkResult(type), () => ok(value))],
    [
      `[method]udp-socket.set-${name}`,
      hostFunction([me, { name: 'value', type }], networkResult(), (_rep, wanted) => {
        if (wanted === 0 || wanted === 0n) return networkError('invalid-argument');
        return isHint ? ok() : networkError('not-supported');
      }),
    ],
  ];
  return [
    ...option('unicast-hop-limit', u8, HOP_LIMIT, false),
    ...option('receive-buffer-size', u64, BUFFER_BYTES, true),
    ...option('send-buffer-size', u64, BUFFER_BYTES, true),
  ];
}

function optionalAddress(option: Value) {
  const { index, value } = option as Case;
  return index === 0 ? undefined : readSocketAddress(value);
}
