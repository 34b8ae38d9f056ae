// One TCP connection of an app, over a line of the radio. Never more than a window of bytes kept in either direction, and never a byte beyond
// what the app may have in all: whoever sends faster than it is read waits.

import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import {
  RADIO_DATA_MAX_BYTES,
  RADIO_WINDOW_BYTES,
  RadioCredit,
  RadioLinkError,
} from '../../../contracts/wire/radio-link.ts';
import { concatBytes } from '../../../contracts/core/bytes.ts';
import type { OnChange, PortResult, TcpStream } from '../../../host-apis/ports.ts';
import type { AirEnd, AirLine } from './air-link.ts';
import type { AppBuffers } from './app-buffers.ts';
import { Changes } from './changes.ts';
import { HeldLine } from './held-line.ts';
import { DONE, done, failed, REFUSED_AS, WOULD_BLOCK } from './port-results.ts';

/** Credit is given back in pieces of at least this, or when nothing is left to read: not a frame for every byte. */
const CREDIT_STEP_BYTES = RADIO_WINDOW_BYTES / 4;
const PIECE_BYTES = 4096;

export interface AirTcpParts {
  /** Takes what is kept for the app. */
  readonly buffers: AppBuffers;
  readonly onGone: () => void;
  /** It is a connection already, and its first bytes are on their way. */
  readonly isAccepted: boolean;
}

export class AirTcp implements TcpStream, AirEnd {
  readonly #parts: AirTcpParts;
  readonly #changes = new Changes();
  readonly #maySend = new RadioCredit();
  readonly #mayReceive = new RadioCredit();
  readonly #line = new HeldLine(() => this.#gone());
  #isOpen = false;
  #failure: AppErrorCode | undefined;
  #received: Uint8Array[] = [];
  #takenBytes = 0;
  /** Sent, and the access point has not said that it is through. */
  #sentBytes = 0;
  #hasOutsideEnded = false;
  #hasEnded = false;
  #takesNoMore = false;
  /** The app is done with it; what it sent is still on its way. */
  #isClosing = false;

  constructor(parts: AirTcpParts) {
    this.#parts = parts;
    this.onChange = parts.buffers.watching(this.#changes);
  }

  start(line: AirLine): void {
    this.#line.hold(line);
  }

  readonly onChange: OnChange;

  ready(): PortResult<void> {
    if (this.#isOpen) return DONE;
    return this.#failure === undefined ? WOULD_BLOCK : failed(this.#failure);
  }

  get isReadable(): boolean {
    return this.#received.length > 0 || this.#hasOutsideEnded || this.#failure !== undefined || this.#takesNoMore;
  }

  room(): PortResult<number> {
    if (!this.#isOpen) return this.#notYet();
    if (this.#hasEnded) return failed('closed');
    if (this.#failure !== undefined) return failed(this.#failure);
    const left = Math.min(this.#maySend.left, this.#parts.buffers.left);
    return left === 0 ? WOULD_BLOCK : done(left);
  }

  send(bytes: Uint8Array): PortResult<number> {
    const room = this.room();
    if (!room.ok) return room;
    const taken = bytes.subarray(0, room.value);
    this.#parts.buffers.take(taken.length);
    this.#sentBytes += taken.length;
    this.#maySend.spend(taken.length);
    for (let at = 0; at < taken.length; at += RADIO_DATA_MAX_BYTES) {
      this.#line.send((stream) => ({ kind: 'data', stream, bytes: taken.subarray(at, at + RADIO_DATA_MAX_BYTES) }));
    }
    return done(taken.length);
  }

  receive(maxBytes: number): PortResult<Uint8Array> {
    if (!this.#isOpen) return this.#notYet();
    if (this.#takesNoMore) return failed('closed');
    const bytes = this.#take(maxBytes);
    if (bytes.length > 0) return done(bytes);
    if (this.#hasOutsideEnded) return failed('closed');
    return this.#failure === undefined ? WOULD_BLOCK : failed(this.#failure);
  }

  shutdown(direction: 'send' | 'receive'): void {
    if (direction === 'receive') {
      this.#takesNoMore = true;
      this.#take(Infinity);
    } else if (!this.#hasEnded && this.#isOpen && this.#failure === undefined) {
      this.#hasEnded = true;
      this.#line.send((stream) => ({ kind: 'end', stream }));
    }
    this.#changes.tell();
  }

  /** As `close` of a socket: what was sent is still delivered, nobody waits for it. */
  close(): void {
    this.shutdown('send');
    this.#isClosing = true;
    this.#takesNoMore = true;
    this.#take(Infinity);
    if (this.#maySend.isWhole || !this.#isOpen) this.reset();
  }

  /** Drops it, whatever is on its way. */
  reset(): void {
    this.#line.finish();
  }

  fromOutside(frame: RadioFrame): void {
    if (frame.kind === 'refused' && !this.#isOpen) return this.#fail(REFUSED_AS[frame.why]);
    if (frame.kind === 'opened' && !this.#isOpen) {
      this.#isOpen = true;
      return this.#changes.tell();
    }
    if (!this.#isOpen) throw this.#outOfOrder(frame.kind);
    switch (frame.kind) {
      case 'data':
        if (this.#hasOutsideEnded) throw this.#outOfOrder(frame.kind);
        this.#mayReceive.spend(frame.bytes.length);
        // More than the windows allow all of the app's lines together: nothing honest is lost with this one.
        if (!this.#parts.buffers.take(frame.bytes.length)) return this.#overfull();
        this.#keep(frame.bytes);
        if (this.#takesNoMore) this.#take(Infinity);
        break;
      case 'end':
        if (this.#hasOutsideEnded) throw this.#outOfOrder(frame.kind);
        this.#hasOutsideEnded = true;
        break;
      case 'credit':
        this.#maySend.restore(frame.bytes);
        this.#sentBytes -= frame.bytes;
        this.#parts.buffers.give(frame.bytes);
        if (this.#isClosing && this.#maySend.isWhole) return this.reset();
        break;
      case 'closed':
        // All that was sent came before it: an end in the middle is a loss, whatever the access point calls it.
        return this.#fail(frame.how === 'finished' && this.#hasOutsideEnded ? 'closed' : 'connection-reset');
      default:
        throw this.#outOfOrder(frame.kind);
    }
    this.#changes.tell();
  }

  lost(): void {
    this.#fail(this.#isOpen ? 'connection-reset' : 'unreachable');
  }

  #overfull(): void {
    this.#line.send((stream) => ({ kind: 'closed', stream, how: 'lost' }));
    this.#fail('connection-reset');
  }

  /** Small pieces are put together: a sender of single bytes does not get an object of ours for each of them. */
  #keep(bytes: Uint8Array): void {
    const last = this.#received.at(-1);
    if (last === undefined || last.length + bytes.length > PIECE_BYTES) this.#received.push(bytes.slice());
    else this.#received[this.#received.length - 1] = concatBytes(last, bytes);
  }

  #notYet(): PortResult<never> {
    if (!this.#parts.isAccepted) return failed('not-connected');
    return this.#failure === undefined ? WOULD_BLOCK : failed('connection-reset');
  }

  #take(maxBytes: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let left = maxBytes;
    for (let first = this.#received[0]; first !== undefined && left > 0; first = this.#received[0]) {
      const part = first.subarray(0, Math.min(left, first.length));
      parts.push(part);
      left -= part.length;
      if (part.length < first.length) this.#received[0] = first.subarray(part.length);
      else this.#received.shift();
    }
    const bytes = concatBytes(...parts);
    this.#takenBytes += bytes.length;
    this.#parts.buffers.give(bytes.length);
    if (this.#takenBytes > 0 && (this.#received.length === 0 || this.#takenBytes >= CREDIT_STEP_BYTES))
      this.#giveCredit();
    return bytes;
  }

  #giveCredit(): void {
    const bytes = this.#takenBytes;
    this.#takenBytes = 0;
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

  #outOfOrder(kind: string): RadioLinkError {
    return new RadioLinkError('radio-out-of-order', `${kind} on a stream of an app`);
  }
}
