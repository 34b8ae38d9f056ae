// The body of a request or of an answer on its way: what the guest wrote and the connection has not taken. Never more than its bound, whoever is slow.

import { concatBytes } from '../../../../contracts/core/bytes.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { OutputStream, Pollable, Readiness, StreamFault } from '../io.ts';
import { CLOSED } from '../io.ts';
import type { FieldList } from './http-fields.ts';
import { latin1 } from './head-lines.ts';

export const UNSENT_MAX_BYTES = 64 * 1024;

/** What carries it on; a message before it was handed over has none. */
export interface BodyCarrier {
  /** Moves as much as can be moved now. */
  pump(): Later<void>;
  readiness(): Later<Readiness>;
  readonly fault: StreamFault | undefined;
}

const LENGTH = /^[0-9]{1,15}$/;

/** What the message's own `content-length` announces: `undefined` without one, `malformed` where two readers could differ. */
export function announcedLength(fields: FieldList): number | undefined | 'malformed' {
  const lengths = fields.flatMap(([name, value]) => (name.toLowerCase() === 'content-length' ? [latin1(value)] : []));
  const [length] = lengths;
  if (length === undefined) return undefined;
  return lengths.length === 1 && LENGTH.test(length) ? Number(length) : 'malformed';
}

/** Which message it is part of: what is said of one that is not as long as announced. */
export type OutgoingMessage = 'request' | 'response';

export class OutgoingBody {
  readonly message: OutgoingMessage;
  /** Told by the guest's own `content-length`; `undefined`: sent in chunks. */
  readonly announcedBytes: number | undefined;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #writtenBytes = 0;
  #state: 'open' | 'finished' | 'broken' = 'open';
  carrier: BodyCarrier | undefined;

  constructor(message: OutgoingMessage, announcedBytes: number | undefined) {
    this.message = message;
    this.announcedBytes = announcedBytes;
  }

  /** The stream that the guest writes to. */
  stream(): OutputStream {
    return {
      checkWrite: () => after(this.#pump(), () => this.#fault() ?? UNSENT_MAX_BYTES - this.#unsentBytes),
      write: (bytes) => {
        const fault = this.#fault();
        if (fault !== undefined) return fault;
        this.#add(bytes);
        return after(this.#pump(), () => undefined);
      },
      flush: () => after(this.#pump(), () => this.#fault()),
      subscribe: () => this.#pollable(),
    };
  }

  /** False: it is not as long as it was announced to be. */
  finish(): boolean {
    const isWhole = this.announcedBytes === undefined || this.announcedBytes === this.#writtenBytes;
    this.#state = isWhole ? 'finished' : 'broken';
    return isWhole;
  }

  /** The guest dropped it unfinished: whoever gets it must not take it for whole. */
  abandon(): void {
    if (this.#state === 'open') this.#state = 'broken';
  }

  get isBroken(): boolean {
    return this.#state === 'broken';
  }

  /** Everything was written and taken away. */
  get isOver(): boolean {
    return this.#state === 'finished' && this.#unsentBytes === 0;
  }

  get hasUnsent(): boolean {
    return this.#unsentBytes > 0;
  }

  get isFinished(): boolean {
    return this.#state === 'finished';
  }

  /** Takes up to `maxBytes` away. */
  take(maxBytes: number): Uint8Array {
    const all = concatBytes(...this.#unsent);
    const taken = all.slice(0, maxBytes);
    this.#unsent = taken.length < all.length ? [all.slice(taken.length)] : [];
    this.#unsentBytes = all.length - taken.length;
    return taken;
  }

  #add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#unsent.push(bytes.slice());
    this.#unsentBytes += bytes.length;
    this.#writtenBytes += bytes.length;
  }

  #pump(): Later<void> {
    return this.carrier?.pump();
  }

  #fault(): StreamFault | undefined {
    return this.#state === 'open' ? this.carrier?.fault : CLOSED;
  }

  #pollable(): Pollable {
    return {
      readiness: () =>
        after(this.#pump(), () => {
          if (this.#unsentBytes < UNSENT_MAX_BYTES || this.#fault() !== undefined) return { kind: 'ready' };
          // Full before it was handed over: nobody will ever take anything away.
          return this.carrier?.readiness() ?? { kind: 'never' };
        }),
    };
  }
}
