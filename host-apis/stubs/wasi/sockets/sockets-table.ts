// What all interfaces of wasi:sockets share for one app: the network that there is, and the types of its sockets. Never a second table.

import type { Case, Value } from '../../../../component/value-types.ts';
import { ResourceType } from '../../../../component/value-types.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import { ok } from '../../results.ts';
import { HostTable } from '../host-table.ts';
import type { WasiIo } from '../io.ts';
import { networkError } from './network-types.ts';
import type { Outcome, TcpSocket } from './tcp-socket.ts';
import type { AddressList } from './address-list.ts';
import type { DatagramStream, UdpSocket } from './udp-socket.ts';

export class WasiSockets {
  readonly io: WasiIo;
  readonly broker: BrokerClient;
  readonly network = new ResourceType('network');
  readonly tcpSockets = new HostTable<TcpSocket>((socket) => socket.drop());
  readonly tcpSocket = new ResourceType('tcp-socket', (rep) => this.tcpSockets.drop(rep));
  readonly udpSockets = new HostTable<UdpSocket>((socket) => socket.drop());
  readonly udpSocket = new ResourceType('udp-socket', (rep) => this.udpSockets.drop(rep));
  readonly datagrams = new HostTable<DatagramStream>((stream) => stream.close());
  readonly incomingDatagrams = new ResourceType('incoming-datagram-stream', (rep) => this.datagrams.drop(rep));
  readonly outgoingDatagrams = new ResourceType('outgoing-datagram-stream', (rep) => this.datagrams.drop(rep));
  readonly addressLists = new HostTable<AddressList>((list) => list.close());
  readonly addressList = new ResourceType('resolve-address-stream', (rep) => this.addressLists.drop(rep));

  constructor(io: WasiIo, broker: BrokerClient) {
    this.io = io;
    this.broker = broker;
  }
}

/** As a `result` of the canonical ABI. */
export function resultOf<Value_>(outcome: Later<Outcome<Value_>>, value: (done: Value_) => Value): Later<Case> {
  return after(outcome, (done) => (typeof done === 'string' ? networkError(done) : ok(value(done.value))));
}

export const NOTHING = (): undefined => undefined;
