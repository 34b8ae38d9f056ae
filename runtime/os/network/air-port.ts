// A port that an app listens on. Never a caller taken before the app accepts it: it waits at the access point.

import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import { RADIO_CALLERS_MAX, RadioLinkError } from '../../../contracts/wire/radio-link.ts';
import type { OnChange, Peer, PortResult, TcpListener, TcpStream } from '../../../host-apis/ports.ts';
import type { AirEnd, AirLine } from './air-link.ts';
import { Changes } from './changes.ts';
import { HeldLine } from './held-line.ts';
import type { Refused } from './port-results.ts';
import { DONE, done, failed, REFUSED_AS, WOULD_BLOCK } from './port-results.ts';

export interface AirPortParts {
  /** A stream to the caller that has waited longest on this line. Errors: `too-many-handles`, `unreachable`. */
  readonly accept: (listener: number) => PortResult<TcpStream>;
  readonly onListening: (hostPort: number) => void;
  readonly onGone: () => void;
}

export class AirPort implements TcpListener, AirEnd {
  readonly #parts: AirPortParts;
  readonly #changes = new Changes();
  readonly #line = new HeldLine(() => {
    this.#callers = [];
    this.#parts.onGone();
  });
  #isOpen = false;
  #failure: AppErrorCode | undefined;
  /** Who waits at the access point, in their order. */
  #callers: Peer[] = [];

  constructor(parts: AirPortParts) {
    this.#parts = parts;
  }

  start(line: AirLine): void {
    this.#line.hold(line);
  }

  readonly onChange: OnChange = (listener) => this.#changes.on(listener);

  ready(): PortResult<void> {
    if (this.#failure !== undefined) return failed(this.#failure);
    return this.#isOpen ? DONE : WOULD_BLOCK;
  }

  get isReadable(): boolean {
    return this.#callers.length > 0 || this.#failure !== undefined;
  }

  accept(): PortResult<{ readonly stream: TcpStream; readonly peer: Peer }> {
    const [peer] = this.#callers;
    const { stream: listener } = this.#line;
    if (this.#failure !== undefined) return failed(this.#failure);
    if (peer === undefined || listener === undefined) return WOULD_BLOCK;
    const stream: PortResult<TcpStream> | Refused = this.#parts.accept(listener);
    if (!stream.ok) return stream;
    this.#callers.shift();
    return done({ stream: stream.value, peer });
  }

  close(): void {
    this.#line.finish();
  }

  fromOutside(frame: RadioFrame): void {
    if (frame.kind === 'refused' && !this.#isOpen) return this.#fail(REFUSED_AS[frame.why]);
    if (frame.kind === 'closed' && this.#isOpen) return this.#fail('unreachable');
    if (frame.kind === 'listening' && !this.#isOpen) {
      this.#isOpen = true;
      this.#parts.onListening(frame.hostPort);
    } else if (frame.kind === 'caller' && this.#isOpen && this.#callers.length < RADIO_CALLERS_MAX) {
      this.#callers.push({ address: frame.address, port: frame.port });
    } else throw new RadioLinkError('radio-out-of-order', `${frame.kind} on a listening stream`);
    this.#changes.tell();
  }

  lost(): void {
    this.#fail('unreachable');
  }

  #fail(error: AppErrorCode): void {
    this.#failure ??= error;
    this.#line.release();
    this.#changes.tell();
  }
}
