// One boot's radio link at the access point: frames of the device in, its streams to the outside. Never more memory than the
// windows of its streams, and never a frame answered after the link is over.

import { isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  RADIO_FRAME_MAX_BYTES,
  RADIO_STREAMS_MAX,
  RadioLinkError,
} from '../../contracts/wire/radio-link.ts';
import type { Alarm, Clock } from '../hil/clock.ts';
import type { AirConditions, RadioEnd } from './air.ts';
import { AirStream } from './air-stream.ts';
import { DelayLine } from './delay-line.ts';
import type { Uplink } from '../hil/uplink.ts';

export interface RadioSessionParts {
  readonly uplink: Uplink;
  readonly clock: Clock & Alarm;
  readonly air: AirConditions;
  readonly device: RadioEnd;
  readonly onOver: () => void;
}

export class RadioSession {
  readonly #parts: RadioSessionParts;
  readonly #frames = new FrameStream(RADIO_FRAME_MAX_BYTES);
  readonly #streams = new Map<number, AirStream>();
  /** Streams that the device may believe to be there: whoever follows the rules counts at least these. */
  readonly #known = new Set<number>();
  readonly #toDevice: DelayLine<RadioFrame>;
  #lastStream = 0;
  #isOver = false;

  constructor(parts: RadioSessionParts) {
    this.#parts = parts;
    this.#toDevice = new DelayLine(parts.clock, (frame) => this.#deliver(frame));
  }

  /** Bytes of the device. What is no frame, or has no place now, ends the link. */
  receive(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      for (const frame of this.#frames.push(chunk)) this.#obey(decodeRadioFrame(frame));
    } catch (error) {
      if (!isCoded(error)) throw error;
      this.over();
      this.#parts.device.hangUp();
    }
  }

  /** The radio went off: every stream is lost now, whatever was still under way. */
  dropAll(): void {
    for (const stream of [...this.#streams.values()]) stream.lose();
  }

  /** The link is gone, and with it every connection. May be called twice. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stream of [...this.#streams.values()]) stream.drop();
    this.#toDevice.discard(() => true);
    this.#parts.onOver();
  }

  #obey(frame: RadioFrame): void {
    const { stream } = frame;
    if (frame.kind === 'open') return this.#open(stream, frame.host, frame.port);
    if (stream > this.#lastStream) throw outOfOrder(frame);
    // One that is not there any more was closed at this end, and the device did not know it yet.
    this.#streams.get(stream)?.fromDevice(frame);
    if (frame.kind !== 'closed') return;
    this.#known.delete(stream);
    this.#toDevice.discard((waiting) => waiting.stream === stream);
  }

  #open(stream: number, host: string, port: number): void {
    // Refused streams count until the device was told: one that asks faster than it listens cannot pile answers up.
    if (stream <= this.#lastStream || this.#known.size === RADIO_STREAMS_MAX) {
      throw outOfOrder({ kind: 'open', stream });
    }
    this.#lastStream = stream;
    this.#known.add(stream);
    const { air, uplink } = this.#parts;
    if (!air.isOn) return this.#send({ kind: 'refused', stream, why: 'radioOff' });
    const send = (frame: RadioFrame): void => this.#send(frame);
    const opening = new AirStream({ stream, air, send, onGone: () => this.#streams.delete(stream) });
    this.#streams.set(stream, opening);
    opening.start(uplink.connect(host, port, opening));
  }

  #send(frame: RadioFrame): void {
    if (!this.#isOver) this.#toDevice.push(frame, this.#parts.air.delayNs);
  }

  #deliver(frame: RadioFrame): void {
    if (frame.kind === 'refused' || frame.kind === 'closed') this.#known.delete(frame.stream);
    this.#parts.device.send(encodeRadioFrame(frame));
  }
}

function outOfOrder({ kind, stream }: { readonly kind: string; readonly stream: number }): RadioLinkError {
  return new RadioLinkError('radio-out-of-order', `${kind} on stream ${stream}`);
}
