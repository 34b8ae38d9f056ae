// The bytes of one message on their way out: its head, and its body in the framing that the head announced. Never a byte behind the body's end.

import { concatBytes } from '../../../../contracts/core/bytes.ts';
import type { FieldList } from './http-fields.ts';
import type { OutgoingBody } from './outgoing-body.ts';

/** A chunk's length in hex and its two line ends. */
const CHUNK_FRAME_BYTES = 12;

/** `plain`: as announced by its length, or until the connection ends. `nothing`: what the guest writes is dropped. */
export type BodyFraming = 'chunked' | 'plain' | 'nothing';

export class MessageSender {
  readonly #body: OutgoingBody | undefined;
  readonly #framing: BodyFraming;
  /** The head, and what frames the body. */
  #unsent: Uint8Array;
  #isBodyEnded: boolean;

  constructor(head: Uint8Array, body: OutgoingBody | undefined, framing: BodyFraming) {
    this.#unsent = head;
    this.#body = body;
    this.#framing = framing;
    this.#isBodyEnded = body === undefined;
  }

  get hasUnsent(): boolean {
    const body = this.#isBodyEnded ? undefined : this.#body;
    return this.#unsent.length > 0 || (body !== undefined && (body.hasUnsent || body.isFinished));
  }

  /** Nothing more will come. */
  get isOver(): boolean {
    return this.#unsent.length === 0 && this.#isBodyEnded;
  }

  /** The guest dropped the body in the middle, or it is not as long as announced. */
  get isBroken(): boolean {
    return this.#body?.isBroken === true;
  }

  /** Takes up to `room` bytes that are to be sent now; empty: none yet. */
  next(room: number): Uint8Array {
    const isInChunks = this.#framing === 'chunked';
    const free = room - this.#unsent.length - (isInChunks ? CHUNK_FRAME_BYTES : 0);
    const space = this.#framing === 'nothing' ? Infinity : free;
    const body = this.#isBodyEnded || space <= 0 ? undefined : this.#body;
    if (body !== undefined) {
      const part = body.take(space);
      if (part.length > 0 && this.#framing !== 'nothing') {
        this.#unsent = concatBytes(this.#unsent, ...(isInChunks ? chunkOf(part) : [part]));
      }
      if (body.isOver) {
        this.#isBodyEnded = true;
        if (isInChunks) this.#unsent = concatBytes(this.#unsent, LAST_CHUNK);
      }
    }
    const bytes = this.#unsent.subarray(0, room);
    this.#unsent = this.#unsent.slice(bytes.length);
    return bytes;
  }

  /** Whoever it is for takes no more. */
  stop(): void {
    this.#unsent = new Uint8Array(0);
    this.#isBodyEnded = true;
  }
}

const LAST_CHUNK = new TextEncoder().encode('0\r\n\r\n');

function chunkOf(part: Uint8Array): readonly Uint8Array[] {
  const text = new TextEncoder();
  return [text.encode(`${part.length.toString(16)}\r\n`), part, text.encode('\r\n')];
}

/** The head of a message. The guest's fields were checked when it made them: none of them can end a line. */
export function headBytes(lines: readonly string[], fields: FieldList): Uint8Array {
  const text = new TextEncoder();
  const line = (start: string, rest: Uint8Array = new Uint8Array(0)): readonly Uint8Array[] => [
    text.encode(start),
    rest,
    text.encode('\r\n'),
  ];
  return concatBytes(
    ...lines.flatMap((one) => line(one)),
    ...fields.flatMap(([name, value]) => line(`${name}: `, value)),
    ...line(''),
  );
}
