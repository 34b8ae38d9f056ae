// The OS's radio: streams of its service and lines of its apps over the one descriptor that it was started with. Opens no socket of the
// host, keeps no more than a window for each stream, whatever the world sends, and never lets the apps take the service's share.

import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { CodedError, isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { RadioClosing, RadioFrame, RadioRefusal } from '../../contracts/wire/radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  isRadioHost,
  RADIO_DATA_MAX_BYTES,
  RADIO_FRAME_MAX_BYTES,
  RADIO_SERVICE_STREAMS,
  RADIO_STREAMS_MAX,
  RADIO_WINDOW_BYTES,
  RadioCredit,
  RadioLinkError,
} from '../../contracts/wire/radio-link.ts';
import type { AirEnd, AirLine, AirLink } from '../os/network/air-link.ts';

/** What a stream ends with. `radio-off` also when there is no access point at all, or it broke the rules of the link. */
export type RadioErrorCode =
  'radio-off' | 'radio-host-unreachable' | 'radio-host-unknown' | 'radio-too-many-streams' | 'radio-connection-lost';
export class RadioError extends CodedError<RadioErrorCode> {}

const APP_LINES_MAX = RADIO_STREAMS_MAX - RADIO_SERVICE_STREAMS;
/** What the world may leave untaken before an app begins anything more: an app that opens and closes costs frames without credit. */
const UNTAKEN_MAX_BYTES = 2 * RADIO_STREAMS_MAX * RADIO_WINDOW_BYTES;

const REFUSED: Readonly<Record<RadioRefusal, RadioErrorCode>> = {
  radioOff: 'radio-off',
  hostUnreachable: 'radio-host-unreachable',
  hostUnknown: 'radio-host-unknown',
  connectionRefused: 'radio-host-unreachable',
  portTaken: 'radio-host-unreachable',
};

/** The radio on this descriptor; when its other end is gone the radio is off, and the OS goes on. */
export function openOsRadio(descriptor: number): OsRadio {
  return new OsRadio(new Socket({ fd: descriptor, readable: true, writable: true }));
}

export class OsRadio implements AirLink {
  readonly #wire: Duplex;
  readonly #frames = new FrameStream(RADIO_FRAME_MAX_BYTES);
  readonly #streams = new Map<number, RadioStream>();
  readonly #lines = new Map<number, AirEnd>();
  #lastStream = 0;

  constructor(wire: Duplex) {
    this.#wire = wire;
    wire.on('error', () => wire.destroy());
    wire.on('end', () => wire.destroy());
    wire.once('close', () => this.#loseAll());
    wire.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  /** A byte stream to this host; it fails with a `RadioError` when it cannot be opened, or when it is lost. */
  connect(host: string, port: number): Duplex {
    this.#lastStream += 1;
    const number = this.#lastStream;
    const stream = new RadioStream(number, (frame) => this.#send(frame), {
      onGone: () => this.#streams.delete(number),
    });
    const refusal = this.#refusalOf(host);
    if (refusal !== undefined) {
      stream.refuse(refusal);
      return stream;
    }
    this.#streams.set(number, stream);
    this.#send({ kind: 'open', stream: number, host, port });
    return stream;
  }

  begin(end: AirEnd): AirLine | 'radio-off' | 'no-room' {
    if (!this.#wire.writable) return 'radio-off';
    if (this.#lines.size === APP_LINES_MAX || this.#wire.writableLength > UNTAKEN_MAX_BYTES) return 'no-room';
    this.#lastStream += 1;
    const stream = this.#lastStream;
    this.#lines.set(stream, end);
    return {
      stream,
      send: (frame) => {
        if (this.#lines.has(stream)) this.#send(frame);
      },
      forget: () => void this.#lines.delete(stream),
    };
  }

  #refusalOf(host: string): RadioErrorCode | undefined {
    if (!this.#wire.writable) return 'radio-off';
    if (this.#streams.size === RADIO_SERVICE_STREAMS) return 'radio-too-many-streams';
    return isRadioHost(host) ? undefined : 'radio-host-unknown';
  }

  /** Its queue is bounded by the credit of the streams: what it may send and is not taken yet. */
  #send(frame: RadioFrame): void {
    if (this.#wire.writable) this.#wire.write(encodeRadioFrame(frame));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const bytes of this.#frames.push(new Uint8Array(chunk))) this.#obey(decodeRadioFrame(bytes));
    } catch (error) {
      if (!isCoded(error)) throw error;
      this.#wire.destroy();
    }
  }

  #obey(frame: RadioFrame): void {
    if (frame.stream > this.#lastStream) {
      throw new RadioLinkError('radio-out-of-order', `${frame.kind} on stream ${frame.stream}`);
    }
    // One that is not there any more was closed at this end, and the access point did not know it yet.
    this.#streams.get(frame.stream)?.fromOutside(frame);
    this.#lines.get(frame.stream)?.fromOutside(frame);
  }

  #loseAll(): void {
    for (const stream of [...this.#streams.values()]) stream.lose('radio-off');
    for (const end of [...this.#lines.values()]) end.lost();
    this.#lines.clear();
  }
}

interface PendingWrite {
  rest: Uint8Array;
  readonly done: (error?: Error | null) => void;
}

/** One stream as Node has them, so that TLS can run over it. */
class RadioStream extends Duplex {
  readonly #number: number;
  readonly #sendFrame: (frame: RadioFrame) => void;
  readonly #onGone: () => void;
  readonly #maySend = new RadioCredit();
  readonly #mayReceive = new RadioCredit();
  #isOpen = false;
  /** The access point knows of no such stream any more, or never did. */
  #isOver = false;
  #writing: PendingWrite | undefined;
  #ending: (() => void) | undefined;
  #received: Uint8Array[] = [];
  #hasOutsideEnded = false;
  #isWanted = false;

  constructor(number: number, send: (frame: RadioFrame) => void, { onGone }: { readonly onGone: () => void }) {
    super({ allowHalfOpen: true });
    this.#number = number;
    this.#sendFrame = send;
    this.#onGone = onGone;
  }

  /** Before anything was asked of the access point. */
  refuse(code: RadioErrorCode): void {
    this.#isOver = true;
    this.destroy(new RadioError(code, 'no connection', { fault: 'world' }));
  }

  lose(code: RadioErrorCode): void {
    this.#isOver = true;
    this.destroy(new RadioError(code, this.#isOpen ? 'the connection is lost' : 'no connection', { fault: 'world' }));
  }

  /** Errors: `RadioLinkError` for a frame that the access point may not send now. */
  fromOutside(frame: RadioFrame): void {
    if (frame.kind === 'refused' && !this.#isOpen) return this.lose(REFUSED[frame.why]);
    if (frame.kind === 'opened' && !this.#isOpen) return this.#opened();
    if (!this.#isOpen || frame.kind === 'refused' || frame.kind === 'opened') throw this.#outOfOrder(frame.kind);
    switch (frame.kind) {
      case 'data':
        if (this.#hasOutsideEnded) throw this.#outOfOrder(frame.kind);
        this.#mayReceive.spend(frame.bytes.length);
        this.#received.push(frame.bytes);
        return this.#deliver();
      case 'end':
        if (this.#hasOutsideEnded) throw this.#outOfOrder(frame.kind);
        this.#hasOutsideEnded = true;
        return this.#deliver();
      case 'credit':
        this.#maySend.restore(frame.bytes);
        return this.#flush();
      case 'closed':
        return this.#closed(frame.how);
      default:
        throw this.#outOfOrder(frame.kind);
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writing = { rest: new Uint8Array(chunk), done };
    this.#flush();
  }

  /** Ended when the outside has taken every byte: a stream that is closed earlier would lose them. */
  override _final(done: (error?: Error | null) => void): void {
    this.#ending = () => done();
    this.#flush();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#deliver();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#sendFrame({ kind: 'closed', stream: this.#number, how: error === null ? 'finished' : 'lost' });
    }
    this.#onGone();
    this.#received = [];
    done(error);
  }

  #opened(): void {
    this.#isOpen = true;
    this.emit('connect');
    this.#flush();
  }

  #closed(how: RadioClosing): void {
    // All that was sent came before: a closing in the middle is a loss, whatever the access point calls it.
    const isWhole = how === 'finished' && this.#hasOutsideEnded;
    if (!isWhole) return this.lose('radio-connection-lost');
    this.#isOver = true;
    if (this.#writing !== undefined || this.#ending !== undefined) this.lose('radio-connection-lost');
  }

  /** As much as there is credit for. */
  #flush(): void {
    if (!this.#isOpen || this.#isOver) return;
    const writing = this.#writing;
    if (writing !== undefined) {
      while (writing.rest.length > 0 && this.#maySend.left > 0) {
        const bytes = writing.rest.subarray(0, Math.min(this.#maySend.left, RADIO_DATA_MAX_BYTES));
        writing.rest = writing.rest.subarray(bytes.length);
        this.#maySend.spend(bytes.length);
        this.#sendFrame({ kind: 'data', stream: this.#number, bytes });
      }
      if (writing.rest.length > 0) return;
      this.#writing = undefined;
      writing.done();
    }
    const ending = this.#ending;
    if (ending === undefined || !this.#maySend.isWhole) return;
    this.#ending = undefined;
    this.#sendFrame({ kind: 'end', stream: this.#number });
    ending();
  }

  /** Hands on what the reader wants, and gives the access point credit for it. */
  #deliver(): void {
    while (this.#isWanted && this.#received.length > 0) {
      const bytes = this.#received.shift() ?? new Uint8Array(0);
      this.#isWanted = this.push(bytes);
      this.#mayReceive.restore(bytes.length);
      if (!this.#isOver) this.#sendFrame({ kind: 'credit', stream: this.#number, bytes: bytes.length });
    }
    if (this.#hasOutsideEnded && this.#received.length === 0) this.push(null);
  }

  #outOfOrder(kind: string): RadioLinkError {
    return new RadioLinkError('radio-out-of-order', `${kind} on stream ${this.#number}`);
  }
}
