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
import type { AppBuffers } from './app-buffers.ts';
import { Changes } from './changes.ts';
import { HeldLine } from './held-line.ts';
import { DENIED, DONE, done, failed, REFUSED_AS, WOULD_BLOCK } from './port-results.ts';

/** Peers that one socket remembers, as the tables of any firewall with a state are bounded; the oldest is forgotten. */
export const PEERS_MAX = 64;

export interface AirUdpParts {
  /** Takes what is kept for the app. */
  readonly buffers: AppBuffers;
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
  readonly #line = new HeldLine(() => this.#gone());
  #isOpen = false;
  #failure: AppErrorCode | undefined;
  #received: Datagram[] = [];
  /** Sent, and the access point has not said that it is through. */
  #sentBytes = 0;

  constructor(parts: AirUdpParts) {
    this.#parts = parts;
    this.onChange = parts.buffers.watching(this.#changes);
  }

  start(line: AirLine): void {
    this.#line.hold(line);
  }

  readonly onChange: OnChange;

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
    return (this.#isOpen && this.#room >= room) || this.#failure !== undefined;
  }

  hasHeardFrom(peer: Peer): boolean {
    return this.#heardFrom.has(peer);
  }

  send({ address, port }: Peer, bytes: Uint8Array): PortResult<void> {
    const peer = { address: canonicalHost(address), port };
    if (!this.#parts.allowsAddress(peer.address) && !this.#heardFrom.has(peer)) return DENIED;
    if (port === 0) return failed('invalid-argument');
    if (bytes.length > RADIO_DATAGRAM_MAX_BYTES) return failed('too-large');
    const ready = this.ready();
    if (!ready.ok) return ready;
    const cost = costOf(bytes);
    if (cost > this.#room) return WOULD_BLOCK;
    this.#parts.buffers.take(cost);
    this.#sentBytes += cost;
    this.#maySend.spend(cost);
    this.#sentTo.add(peer);
    this.#line.send((stream) => ({ kind: 'datagram', stream, ...peer, bytes }));
    return DONE;
  }

  receive(): PortResult<Datagram> {
    const datagram = this.#received.shift();
    if (datagram === undefined) return this.#failure === undefined ? WOULD_BLOCK : failed(this.#failure);
    this.#parts.buffers.give(costOf(datagram.bytes));
    this.#giveCredit(datagram.bytes);
    return done(datagram);
  }

  close(): void {
    this.#line.finish();
    for (const { bytes } of this.#received.splice(0)) this.#parts.buffers.give(costOf(bytes));
  }

  fromOutside(frame: RadioFrame): void {
    if (frame.kind === 'refused' && !this.#isOpen) return this.#fail(REFUSED_AS[frame.why]);
    if (frame.kind === 'closed' && this.#isOpen) return this.#fail('unreachable');
    if (frame.kind === 'listening' && !this.#isOpen) {
      this.#isOpen = true;
      if (this.#parts.isServer) this.#parts.onListening(frame.hostPort);
    } else if (frame.kind === 'credit' && this.#isOpen) this.#through(frame.bytes);
    else if (frame.kind === 'datagram' && this.#isOpen) this.#take(frame);
    else throw new RadioLinkError('radio-out-of-order', `${frame.kind} on a stream of datagrams`);
    this.#changes.tell();
  }

  lost(): void {
    this.#fail('unreachable');
  }

  #take({ address, port, bytes }: Extract<RadioFrame, { kind: 'datagram' }>): void {
    this.#mayReceive.spend(costOf(bytes));
    const from = { address: canonicalHost(address), port };
    // Whoever was not asked is not heard: what an access point passes on all the same is dropped.
    if (!this.#parts.isServer && !this.#sentTo.has(from)) return this.#giveCredit(bytes);
    // Dropped, as on any network, and counted by the budget.
    if (!this.#parts.buffers.take(costOf(bytes))) return this.#giveCredit(bytes);
    this.#heardFrom.add(from);
    this.#received.push({ from, bytes: bytes.slice() });
  }

  /** What `send` takes now, costs included. */
  get #room(): number {
    return Math.min(this.#maySend.left, this.#parts.buffers.left);
  }

  #through(bytes: number): void {
    this.#maySend.restore(bytes);
    this.#sentBytes -= bytes;
    this.#parts.buffers.give(bytes);
  }

  #giveCredit(datagram: Uint8Array): void {
    const bytes = costOf(datagram);
    this.#mayReceive.restore(bytes);
    this.#line.send((stream) => ({ kind: 'credit', stream, bytes }));
  }

  #fail(error: AppErrorCode): void {
    this.#failure ??= error;
    this.#line.release();
    this.#changes.tell();
  }

  #gone(): void {
    this.#parts.buffers.give(this.#sentBytes);
    this.#sentBytes = 0;
    this.#parts.onGone();
  }
}

/** Of the window, and of the budget. */
function costOf(bytes: Uint8Array): number {
  return bytes.length + RADIO_DATAGRAM_COST_BYTES;
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
