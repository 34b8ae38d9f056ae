// wasi:sockets/ip-name-lookup for the guest: one question to the broker for each name (address-list.ts). Decides nothing.

import type { HostInterface } from '../../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../../component/host-interface.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';
import { none, some } from '../options.ts';
import { resolve } from './address-list.ts';
import { IP_ADDRESS, ipAddressValue, NETWORK_ERROR, networkResult } from './network-types.ts';
import type { WasiSockets } from './sockets-table.ts';
import { resultOf } from './sockets-table.ts';

const { string } = PRIMITIVE_TYPES;

export function ipNameLookupInterface(sockets: WasiSockets): HostInterface {
  const { io, broker, addressLists, addressList, network } = sockets;
  const me = { name: 'self', type: { kind: 'borrow', resource: addressList } } as const;
  const stream = { kind: 'own', resource: addressList } as const;
  return new Map([
    ['resolve-address-stream', hostResource(addressList)],
    ['network', hostResource(network)],
    ['pollable', hostResource(io.pollable)],
    ['error-code', hostType(NETWORK_ERROR)],
    ['ip-address', hostType(IP_ADDRESS)],
    [
      'resolve-addresses',
      blockingHostFunction(
        [
          { name: 'network', type: { kind: 'borrow', resource: network } },
          { name: 'name', type: string },
        ],
        networkResult(stream),
        (_network, name) => resultOf(resolve(broker, name), (list) => addressLists.add(list)),
      ),
    ],
    [
      '[method]resolve-address-stream.resolve-next-address',
      blockingHostFunction([me], networkResult({ kind: 'option', some: IP_ADDRESS }), (rep) =>
        resultOf(addressLists.get(rep).next(), (text) => (text === undefined ? none() : some(ipAddressValue(text)))),
      ),
    ],
    [
      '[method]resolve-address-stream.subscribe',
      hostFunction([me], { kind: 'own', resource: io.pollable }, (rep) =>
        io.pollables.add(addressLists.get(rep).subscribe()),
      ),
    ],
  ]);
}
