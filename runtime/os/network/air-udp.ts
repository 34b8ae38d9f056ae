// A socket of an app for datagrams. Every single one passes the firewall: out only to what was granted or has sent first, in only on a
// granted port or from where the app has sent to.

import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import {
  RADIO_DATAGRAM_COST_BYTES,
  RADIO_DATAGRAM_MAX_BYTES,
  RadioCredit,
  RadioLinkError,
} from '../../../contracts/wire/radio-link.ts';
import { canonicalHost } from '../../../contracts/core/ip-address.ts';
import type { OnChange, Peer, PortResult, UdpSocket } from '../../../host-apis/ports.ts';
import type { AirEnd, AirLine } from './air-link.ts';
import { Changes } from './changes.ts';
import { DENIED, DONE, done, failed, REFUSED_AS, WOULD_BLOCK } from './port-results.ts';

/** Peers that one socket remembers, as the tables of any firewall with a state are bounded; the oldest is forgotten. */
export const PEERS_MAX = 64;

export interface AirUdpParts {
  /** Others may send to it first: its port was granted. */
  readonly isServer: boolean;
  readonly allowsAddress: (address: string) => boolean;
  readonly onListening: (hostPort: number) => void;
  readonly onGone: () => void;
}

interface Datagram {
  readonly from: Peer;
  readonly bytes: Uint8Array;
}

export class AirUdp implements UdpSocket, AirEnd {
  readonly #parts: AirUdpParts;
  readonly #changes = new Changes();
  readonly #maySend = new RadioCredit();
  readonly #mayReceive = new RadioCredit();
  readonly #sentTo = new Peers();
  readonly #heardFrom = new Peers();
  #line: AirLine | undefined;
  #isOpen = false;
  #failure: AppErrorCode | undefined;
  #received: Datagram[] = [];

  constructor(parts: AirUdpParts) {
    this.#parts = parts;
  }

  start(line: AirLine): void {
    this.#line = line;
  }

  readonly onChange: OnChange = (listener) => this.#changes.on(listener);

  ready(): PortResult<void> {
    if (this.#failure !== undefined) return failed(this.#failure);
    return this.#isOpen ? DONE : WOULD_BLOCK;
  }

  get isReadable(): boolean {
    return this.#received.length > 0 || this.#failure !== undefined;
  }

  /** There is room for the largest one. */
  get isWritable(): boolean {
    const room = RADIO_DATAGRAM_MAX_BYTES + RADIO_DATAGRAM_COST_BYTES;
    return (this.#isOpen && this.#maySend.left >= room) || this.#failure !== undefined;
  }

  hasHeardFrom(peer: Peer): boolean {
    return this.#heardFrom.has(peer);
  }

  send({ address, port }: Peer, bytes: Uint8Array): PortResult<void> {
    const peer = { address: canonicalHost(address), port };
    if (!this.#parts.allowsAddress(peer.address) && !this.#heardFrom.has(peer)) return DENIED;
    if (bytes.length > RADIO_DATAGRAM_MAX_BYTES) return failed('too-large');
    const ready = this.ready();
    if (!ready.ok) return ready;
    const cost = bytes.length + RADIO_DATAGRAM_COST_BYTES;
    if (cost > this.#maySend.left) return WOULD_BLOCK;
    this.#maySend.spend(cost);
    this.#sentTo.add(peer);
    this.#send((stream) => ({ kind: 'datagram', stream, ...peer, bytes }));
    return DONE;
  }

  receive(): PortResult<Datagram> {
    const datagram = this.#received.shift();
    if (datagram === undefined) return this.#failure === undefined ? WOULD_BLOCK : failed(this.#failure);
    this.#giveCredit(datagram.bytes.length);
    return done(datagram);
  }

  close(): void {
    this.#send((stream) => ({ kind: 'closed', stream, how: 'finished' }));
    this.#gone();
  }

  fromOutside(frame: RadioFrame): void {
    if (frame.kind === 'refused' && !this.#isOpen) return this.#fail(REFUSED_AS[frame.why]);
    if (frame.kind === 'closed' && this.#isOpen) return this.#fail('unreachable');
    if (frame.kind === 'listening' && !this.#isOpen) {
      this.#isOpen = true;
      if (this.#parts.isServer) this.#parts.onListening(frame.hostPort);
    } else if (frame.kind === 'credit' && this.#isOpen) this.#maySend.restore(frame.bytes);
    else if (frame.kind === 'datagram' && this.#isOpen) this.#take(frame);
    else throw new RadioLinkError('radio-out-of-order', `${frame.kind} on a stream of datagrams`);
    this.#changes.tell();
  }

  lost(): void {
    this.#fail('unreachable');
  }

  #take({ address, port, bytes }: Extract<RadioFrame, { kind: 'datagram' }>): void {
    this.#mayReceive.spend(bytes.length + RADIO_DATAGRAM_COST_BYTES);
    const from = { address: canonicalHost(address), port };
    // Whoever was not asked is not heard: what an access point passes on all the same is dropped.
    if (!this.#parts.isServer && !this.#sentTo.has(from)) return this.#giveCredit(bytes.length);
    this.#heardFrom.add(from);
    this.#received.push({ from, bytes: bytes.slice() });
  }

  #giveCredit(datagramBytes: number): void {
    const bytes = datagramBytes + RADIO_DATAGRAM_COST_BYTES;
    this.#mayReceive.restore(bytes);
    this.#send((stream) => ({ kind: 'credit', stream, bytes }));
  }

  #fail(error: AppErrorCode): void {
    this.#failure ??= error;
    this.#gone();
    this.#changes.tell();
  }

  #send(frame: (stream: number) => RadioFrame): void {
    if (this.#line !== undefined) this.#line.send(frame(this.#line.stream));
  }

  #gone(): void {
    if (this.#line === undefined) return;
    this.#line.forget();
    this.#line = undefined;
    this.#parts.onGone();
  }
}

/** The newest of those that were added. */
class Peers {
  readonly #peers = new Set<string>();

  add({ address, port }: Peer): void {
    const peer = `${address} ${port}`;
    this.#peers.delete(peer);
    this.#peers.add(peer);
    const [oldest] = this.#peers;
    if (this.#peers.size > PEERS_MAX && oldest !== undefined) this.#peers.delete(oldest);
  }

  has({ address, port }: Peer): boolean {
    return this.#peers.has(`${address} ${port}`);
  }
}
