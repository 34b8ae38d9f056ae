// One boot's radio link at the access point: frames of the device in, its streams to the outside. Never more memory than the
// windows of its streams, and never a frame answered after the link is over.

import { isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { RadioBeginning, RadioFrame } from '../../contracts/wire/radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  RADIO_FRAME_MAX_BYTES,
  RADIO_STREAMS_MAX,
  RadioLinkError,
} from '../../contracts/wire/radio-link.ts';
import type { Alarm, Clock } from '../hil/clock.ts';
import type { AirConditions, RadioEnd } from './air.ts';
import { AirDatagrams } from './air-datagrams.ts';
import { AirListener } from './air-listener.ts';
import { AirLookup } from './air-lookup.ts';
import type { AirPart, AirParts } from './air-part.ts';
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
  readonly #streams = new Map<number, AirPart>();
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
    if (isBeginning(frame)) return this.#begin(frame);
    if (stream > this.#lastStream) throw outOfOrder(frame);
    // One that is not there any more was closed at this end, and the device did not know it yet.
    this.#streams.get(stream)?.fromDevice(frame);
    if (frame.kind !== 'closed') return;
    this.#known.delete(stream);
    this.#toDevice.discard((waiting) => waiting.stream === stream);
  }

  #begin(frame: RadioBeginning): void {
    const { stream } = frame;
    // Refused streams count until the device was told: one that asks faster than it listens cannot pile answers up.
    if (stream <= this.#lastStream || this.#known.size === RADIO_STREAMS_MAX) throw outOfOrder(frame);
    this.#lastStream = stream;
    this.#known.add(stream);
    const { air } = this.#parts;
    if (!air.isOn) return this.#send({ kind: 'refused', stream, why: 'radioOff' });
    const send = (answer: RadioFrame): void => this.#send(answer);
    this.#start(frame, { stream, air, send, onGone: () => this.#streams.delete(stream) });
  }

  #start(frame: RadioBeginning, parts: AirParts): void {
    const { uplink, air } = this.#parts;
    switch (frame.kind) {
      case 'open': {
        const opening = this.#add(new AirStream(parts), frame);
        const to = air.route(frame.host, frame.port);
        return opening.start(uplink.connect(to.host, to.port, opening));
      }
      case 'listen': {
        const listener = this.#add(new AirListener(parts), frame);
        return listener.start(uplink.listen(frame.port, listener));
      }
      case 'accept':
        return this.#accept(frame.listener, parts);
      case 'bind': {
        const datagrams = this.#add(new AirDatagrams(parts), frame);
        return datagrams.start(uplink.bind(frame.port, datagrams));
      }
      case 'lookup': {
        const question = this.#add(new AirLookup(parts), frame);
        const known = air.addressOf(frame.name);
        if (known !== undefined) return question.found([known]);
        return question.start(uplink.lookup(frame.name, (addresses) => question.found(addresses)));
      }
    }
  }

  /** Also when the listener, or the caller, went away in the meantime: the device could not know it. */
  #accept(listener: number, parts: AirParts): void {
    const listening = this.#streams.get(listener);
    const caller = listening instanceof AirListener ? listening.takeCaller() : undefined;
    if (caller === undefined) return this.#send({ kind: 'refused', stream: parts.stream, why: 'hostUnreachable' });
    const accepted = this.#add(new AirStream(parts), parts);
    const connection = caller.accept(accepted);
    accepted.start(connection);
    accepted.connected();
    connection.resume();
  }

  #add<Part extends AirPart>(part: Part, { stream }: { readonly stream: number }): Part {
    this.#streams.set(stream, part);
    return part;
  }

  #send(frame: RadioFrame): void {
    if (!this.#isOver) this.#toDevice.push(frame, this.#parts.air.delayNs);
  }

  #deliver(frame: RadioFrame): void {
    // Whatever ends a stream; the device knows it now.
    if (frame.kind === 'refused' || frame.kind === 'closed' || frame.kind === 'addresses')
      this.#known.delete(frame.stream);
    this.#parts.device.send(encodeRadioFrame(frame));
  }
}

function outOfOrder({ kind, stream }: { readonly kind: string; readonly stream: number }): RadioLinkError {
  return new RadioLinkError('radio-out-of-order', `${kind} on stream ${stream}`);
}

const BEGINNINGS: readonly string[] = ['open', 'listen', 'accept', 'bind', 'lookup'] satisfies RadioBeginning['kind'][];

function isBeginning(frame: RadioFrame): frame is RadioBeginning {
  return BEGINNINGS.includes(frame.kind);
}
