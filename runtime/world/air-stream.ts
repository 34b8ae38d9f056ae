// One stream through the air: a connection to the outside, with a window of credit each way. Never reads on from outside while the
// device has given no credit.

import type { RadioClosing, RadioFrame, RadioRefusal } from '../../contracts/wire/radio-link.ts';
import { RADIO_DATA_MAX_BYTES, RadioCredit, RadioLinkError } from '../../contracts/wire/radio-link.ts';
import type { CutFault } from './air.ts';
import type { AirPart, AirParts } from './air-part.ts';
import type { UplinkConnection, UplinkEvents } from '../hil/uplink.ts';

type UplinkClosing = Parameters<UplinkEvents['closed']>[0];
/** What the device hears when there was no connection. */
const REFUSED_AS: Readonly<Record<UplinkClosing, RadioRefusal>> = {
  unknown: 'hostUnknown',
  refused: 'connectionRefused',
  unreachable: 'hostUnreachable',
  finished: 'hostUnreachable',
  lost: 'hostUnreachable',
};

export class AirStream implements AirPart, UplinkEvents {
  readonly #parts: AirParts;
  readonly #stream: number;
  /** The fault that waits while this stream is opened: a later one is not for it. */
  readonly #cut: CutFault | undefined;
  readonly #mayDeviceSend = new RadioCredit();
  readonly #maySend = new RadioCredit();
  #connection: UplinkConnection | undefined;
  #isOpen = false;
  #isGone = false;
  #hasDeviceEnded = false;
  /** What came from outside and has no credit yet: at most one chunk, since nothing is read while there is one. */
  #held: Uint8Array[] = [];
  #isEndWaiting = false;
  /** How the connection closed, told when everything before it was sent. */
  #closing: RadioClosing | undefined;
  #outsideBytes = 0;

  constructor(parts: AirParts) {
    this.#parts = parts;
    this.#stream = parts.stream;
    this.#cut = parts.air.cut;
  }

  start(connection: UplinkConnection): void {
    this.#connection = connection;
  }

  /** Errors: `RadioLinkError` for a frame that the device may not send now. */
  fromDevice(frame: RadioFrame): void {
    if (frame.kind === 'closed') return this.drop();
    if (!this.#isOpen) throw this.#outOfOrder(frame.kind);
    switch (frame.kind) {
      case 'data':
        if (this.#hasDeviceEnded) throw this.#outOfOrder(frame.kind);
        this.#mayDeviceSend.spend(frame.bytes.length);
        return this.#connection?.write(frame.bytes, () => this.#written(frame.bytes.length));
      case 'end':
        if (this.#hasDeviceEnded) throw this.#outOfOrder(frame.kind);
        this.#hasDeviceEnded = true;
        return this.#connection?.end();
      case 'credit':
        this.#maySend.restore(frame.bytes);
        return this.#pump();
      default:
        throw this.#outOfOrder(frame.kind);
    }
  }

  connected(): void {
    if (this.#isGone) return;
    this.#isOpen = true;
    this.#send({ kind: 'opened', stream: this.#stream });
  }

  bytes(bytes: Uint8Array): void {
    if (this.#isGone || this.#closing !== undefined) return;
    const fault = this.#cut;
    const isCut = fault !== undefined && this.#outsideBytes + bytes.length >= fault.afterBytes;
    const fitting = isCut ? bytes.subarray(0, Math.max(0, fault.afterBytes - this.#outsideBytes)) : bytes;
    const strikes = isCut && this.#parts.air.strike(fault);
    const kept = strikes ? fitting : bytes;
    this.#outsideBytes += kept.length;
    if (kept.length > 0) this.#held.push(kept);
    if (strikes) {
      this.#connection?.destroy();
      this.#closing = 'lost';
    }
    this.#pump();
  }

  ended(): void {
    this.#isEndWaiting = true;
    this.#pump();
  }

  closed(how: UplinkClosing): void {
    if (this.#isGone || this.#closing !== undefined) return;
    if (!this.#isOpen) {
      this.#send({ kind: 'refused', stream: this.#stream, why: REFUSED_AS[how] });
      return this.#gone();
    }
    this.#closing = how === 'finished' ? 'finished' : 'lost';
    this.#pump();
  }

  /** The radio went off: the device is told that the stream is gone, or that it never was. */
  lose(): void {
    if (this.#isOpen) this.#send({ kind: 'closed', stream: this.#stream, how: 'lost' });
    else this.#send({ kind: 'refused', stream: this.#stream, why: 'radioOff' });
    this.drop();
  }

  /** Nobody at the device wants it any more. */
  drop(): void {
    this.#connection?.destroy();
    this.#gone();
  }

  /** What has credit goes to the device; then, in this order, the end and the closing. */
  #pump(): void {
    for (let first = this.#held[0]; first !== undefined && this.#maySend.left > 0; first = this.#held[0]) {
      const bytes = first.subarray(0, Math.min(this.#maySend.left, RADIO_DATA_MAX_BYTES));
      this.#maySend.spend(bytes.length);
      if (bytes.length < first.length) this.#held[0] = first.subarray(bytes.length);
      else this.#held.shift();
      this.#send({ kind: 'data', stream: this.#stream, bytes });
    }
    if (this.#held.length > 0) {
      this.#connection?.pause();
      return;
    }
    if (this.#isEndWaiting && this.#isOpen && !this.#isGone) {
      this.#isEndWaiting = false;
      this.#send({ kind: 'end', stream: this.#stream });
    }
    if (this.#closing !== undefined && !this.#isGone) {
      this.#send({ kind: 'closed', stream: this.#stream, how: this.#closing });
      return this.#gone();
    }
    this.#connection?.resume();
  }

  #written(bytes: number): void {
    if (this.#isGone || this.#closing !== undefined) return;
    this.#mayDeviceSend.restore(bytes);
    this.#send({ kind: 'credit', stream: this.#stream, bytes });
  }

  #send(frame: RadioFrame): void {
    if (!this.#isGone) this.#parts.send(frame);
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#held = [];
    this.#parts.onGone();
  }

  #outOfOrder(kind: string): RadioLinkError {
    return new RadioLinkError('radio-out-of-order', `${kind} on stream ${this.#stream}`);
  }
}
