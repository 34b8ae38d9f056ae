// One question of the device for a name. Answered once, with at most the link's bound of addresses; never asked again by itself.

import type { IpBytes } from '../../contracts/core/ip-address.ts';
import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import { RADIO_ADDRESSES_MAX, RadioLinkError } from '../../contracts/wire/radio-link.ts';
import type { AirPart, AirParts } from './air-part.ts';

export class AirLookup implements AirPart {
  readonly #parts: AirParts;
  #giveUp = (): void => undefined;
  #isGone = false;

  constructor(parts: AirParts) {
    this.#parts = parts;
  }

  start(giveUp: () => void): void {
    this.#giveUp = giveUp;
  }

  found(addresses: readonly IpBytes[]): void {
    if (this.#isGone) return;
    const { stream, send } = this.#parts;
    if (addresses.length === 0) send({ kind: 'refused', stream, why: 'hostUnknown' });
    else send({ kind: 'addresses', stream, addresses: addresses.slice(0, RADIO_ADDRESSES_MAX) });
    this.drop();
  }

  fromDevice(frame: RadioFrame): void {
    if (frame.kind === 'closed') return this.drop();
    throw new RadioLinkError('radio-out-of-order', `${frame.kind} on stream ${this.#parts.stream}`);
  }

  lose(): void {
    if (!this.#isGone) this.#parts.send({ kind: 'refused', stream: this.#parts.stream, why: 'radioOff' });
    this.drop();
  }

  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#giveUp();
    this.#parts.onGone();
  }
}
