// A port of the device that others may connect to. Never more callers kept waiting than the link's bound, and nothing of theirs read.

import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import { RADIO_CALLERS_MAX, RadioLinkError } from '../../contracts/wire/radio-link.ts';
import type { UplinkCaller, UplinkListener, UplinkListenEvents } from '../hil/uplink.ts';
import type { AirPart, AirParts } from './air-part.ts';

export class AirListener implements AirPart, UplinkListenEvents {
  readonly #parts: AirParts;
  #listener: UplinkListener | undefined;
  #callers: UplinkCaller[] = [];
  #isOpen = false;
  #isGone = false;

  constructor(parts: AirParts) {
    this.#parts = parts;
  }

  start(listener: UplinkListener): void {
    this.#listener = listener;
  }

  /** The one that has waited longest; `undefined`: nobody waits any more. */
  takeCaller(): UplinkCaller | undefined {
    return this.#callers.shift();
  }

  fromDevice(frame: RadioFrame): void {
    if (frame.kind === 'closed') return this.drop();
    throw new RadioLinkError('radio-out-of-order', `${frame.kind} on the listening stream ${this.#parts.stream}`);
  }

  listening(hostPort: number): void {
    if (this.#isGone) return;
    this.#isOpen = true;
    this.#parts.send({ kind: 'listening', stream: this.#parts.stream, hostPort });
  }

  caller(caller: UplinkCaller): void {
    if (this.#isGone || this.#callers.length === RADIO_CALLERS_MAX) return caller.refuse();
    this.#callers.push(caller);
    const { address, port } = caller;
    this.#parts.send({ kind: 'caller', stream: this.#parts.stream, address, port });
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
    this.#listener?.destroy();
    for (const caller of this.#callers) caller.refuse();
    this.#callers = [];
    this.#parts.onGone();
  }

  #end(why: 'portTaken' | 'radioOff'): void {
    if (this.#isGone) return;
    const { stream, send } = this.#parts;
    if (this.#isOpen) send({ kind: 'closed', stream, how: 'lost' });
    else send({ kind: 'refused', stream, why });
    this.drop();
  }
}
