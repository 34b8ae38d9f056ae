// All of wasi:sockets for one app. There is one network, behind the broker's check and the OS's firewall; a guest that holds it holds no right.

import type { HostInterface, HostItem, HostOffers } from '../../../../component/host-interface.ts';
import { hostFunction, hostResource, hostType } from '../../../../component/host-interface.ts';
import { ok } from '../../results.ts';
import { ipNameLookupInterface } from './ip-name-lookup.ts';
import {
  ADDRESS_FAMILY,
  familyOf,
  NETWORK_ERROR,
  NETWORK_TYPES,
  networkError,
  networkResult,
} from './network-types.ts';
import type { WasiSockets } from './sockets-table.ts';
import { tcpInterface } from './tcp.ts';
import { TcpSocket } from './tcp-socket.ts';
import { udpInterface } from './udp.ts';
import { UdpSocket } from './udp-socket.ts';

/** Representation of the one network. */
const THE_NETWORK = 1;
/** Sockets that a guest may hold before it does anything with them: they cost this process memory. */
const IDLE_SOCKETS_MAX = 256;

export function socketsOffers(sockets: WasiSockets): HostOffers {
  const network: HostInterface = new Map<string, HostItem>([
    ['network', hostResource(sockets.network)],
    ...NETWORK_TYPES.map(([name, type]) => [name, hostType(type)] as const),
  ]);
  const instance = { kind: 'own', resource: sockets.network } as const;
  return new Map([
    ['wasi:sockets/network@0.2.0', network],
    [
      'wasi:sockets/instance-network@0.2.0',
      new Map([
        ['network', hostResource(sockets.network)],
        ['instance-network', hostFunction([], instance, () => THE_NETWORK)],
      ]),
    ],
    ['wasi:sockets/tcp@0.2.0', tcpInterface(sockets)],
    [
      'wasi:sockets/tcp-create-socket@0.2.0',
      creation(sockets, 'tcp-socket', (family) => {
        const { tcpSockets, broker } = sockets;
        return tcpSockets.size < IDLE_SOCKETS_MAX ? tcpSockets.add(new TcpSocket(broker, family)) : undefined;
      }),
    ],
    ['wasi:sockets/udp@0.2.0', udpInterface(sockets)],
    [
      'wasi:sockets/udp-create-socket@0.2.0',
      creation(sockets, 'udp-socket', (family) => {
        const { udpSockets, broker } = sockets;
        return udpSockets.size < IDLE_SOCKETS_MAX ? udpSockets.add(new UdpSocket(broker, family)) : undefined;
      }),
    ],
    ['wasi:sockets/ip-name-lookup@0.2.0', ipNameLookupInterface(sockets)],
  ]);
}

function creation(
  sockets: WasiSockets,
  name: 'tcp-socket' | 'udp-socket',
  create: (family: 4 | 6) => number | undefined,
): HostInterface {
  const resource = name === 'tcp-socket' ? sockets.tcpSocket : sockets.udpSocket;
  const family = { name: 'address-family', type: ADDRESS_FAMILY } as const;
  return new Map<string, HostItem>([
    ['network', hostResource(sockets.network)],
    ['error-code', hostType(NETWORK_ERROR)],
    ['ip-address-family', hostType(ADDRESS_FAMILY)],
    [name, hostResource(resource)],
    [
      `create-${name}`,
      hostFunction([family], networkResult({ kind: 'own', resource }), (index) => {
        const rep = create(familyOf(index));
        return rep === undefined ? networkError('new-socket-limit') : ok(rep);
      }),
    ],
  ]);
}
