// Datagrams through the air. Never one kept for later: what comes while the device has given no credit is lost, as on any network.

import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import {
  RADIO_DATAGRAM_COST_BYTES,
  RADIO_DATAGRAM_MAX_BYTES,
  RadioCredit,
  RadioLinkError,
} from '../../contracts/wire/radio-link.ts';
import type { UplinkDatagramEvents, UplinkDatagrams } from '../hil/uplink.ts';
import type { AirPart, AirParts } from './air-part.ts';

/** Peers whose answers are led back on one socket; the oldest is forgotten, as the device forgets whom it sent to. */
export const LED_PEERS_MAX = 64;

export class AirDatagrams implements AirPart, UplinkDatagramEvents {
  readonly #parts: AirParts;
  readonly #mayDeviceSend = new RadioCredit();
  readonly #maySend = new RadioCredit();
  /** Where the bench leads other than the device sends: an answer from there comes from where the device sent to. */
  readonly #ledFrom = new Map<string, { readonly address: string; readonly port: number }>();
  #datagrams: UplinkDatagrams | undefined;
  #isOpen = false;
  #isGone = false;

  constructor(parts: AirParts) {
    this.#parts = parts;
  }

  start(datagrams: UplinkDatagrams): void {
    this.#datagrams = datagrams;
  }

  fromDevice(frame: RadioFrame): void {
    if (frame.kind === 'closed') return this.drop();
    if (this.#isOpen && frame.kind === 'credit') return this.#maySend.restore(frame.bytes);
    if (!this.#isOpen || frame.kind !== 'datagram') {
      throw new RadioLinkError('radio-out-of-order', `${frame.kind} on stream ${this.#parts.stream}`);
    }
    const cost = frame.bytes.length + RADIO_DATAGRAM_COST_BYTES;
    this.#mayDeviceSend.spend(cost);
    const to = this.#route(frame);
    this.#datagrams?.send(to.host, to.port, frame.bytes, () => this.#sent(cost));
  }

  bound(hostPort: number): void {
    if (this.#isGone) return;
    this.#isOpen = true;
    this.#parts.send({ kind: 'listening', stream: this.#parts.stream, hostPort });
  }

  datagram(address: string, port: number, bytes: Uint8Array): void {
    const cost = bytes.length + RADIO_DATAGRAM_COST_BYTES;
    if (this.#isGone || !this.#isOpen || bytes.length > RADIO_DATAGRAM_MAX_BYTES || cost > this.#maySend.left) return;
    this.#maySend.spend(cost);
    const from = this.#ledFrom.get(`${address} ${port}`) ?? { address, port };
    this.#parts.send({ kind: 'datagram', stream: this.#parts.stream, ...from, bytes });
  }

  closed(): void {
    this.#end('portTaken');
  }

  lose(): void {
    this.#end('radioOff');
  }

  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#datagrams?.destroy();
    this.#parts.onGone();
  }

  #route({ address, port }: { readonly address: string; readonly port: number }): { host: string; port: number } {
    const to = this.#parts.air.route(address, port);
    if (to.host !== address || to.port !== port) this.#remember(`${to.host} ${to.port}`, { address, port });
    return to;
  }

  #remember(outside: string, peer: { readonly address: string; readonly port: number }): void {
    this.#ledFrom.delete(outside);
    this.#ledFrom.set(outside, peer);
    const [oldest] = this.#ledFrom.keys();
    if (this.#ledFrom.size > LED_PEERS_MAX && oldest !== undefined) this.#ledFrom.delete(oldest);
  }

  #sent(bytes: number): void {
    if (this.#isGone) return;
    this.#mayDeviceSend.restore(bytes);
    this.#parts.send({ kind: 'credit', stream: this.#parts.stream, bytes });
  }

  #end(why: 'portTaken' | 'radioOff'): void {
    if (this.#isGone) return;
    const { stream, send } = this.#parts;
    if (this.#isOpen) send({ kind: 'closed', stream, how: 'lost' });
    else send({ kind: 'refused', stream, why });
    this.drop();
  }
}
