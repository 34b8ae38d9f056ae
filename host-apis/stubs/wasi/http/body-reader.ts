// The body of a response out of the bytes that follow its head. Never more than it was announced to be, and an end in the middle is an error.

import { ResponseError } from './response-head.ts';
import type { BodyEnd } from './response-head.ts';

/** A chunk's length in hex, extensions included; more is no honest server. */
const CHUNK_LINE_MAX_BYTES = 256;
/** All trailers together: they are read over. */
const TRAILERS_MAX_BYTES = 4096;
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

type State = 'data' | 'data-end' | 'line' | 'trailers' | 'done';

export class BodyReader {
  readonly #end: BodyEnd;
  #state: State;
  #left: number;
  #line = '';
  #trailerBytes = 0;

  constructor(end: BodyEnd) {
    this.#end = end;
    this.#left = end.kind === 'length' ? end.bytes : Infinity;
    this.#state = end.kind === 'chunked' ? 'line' : 'data';
    if (this.#left === 0) this.#state = 'done';
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** What of these bytes is the body's. Errors: `HTTP-protocol-error`. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const part = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at));
        parts.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = this.#end.kind === 'chunked' ? 'data-end' : 'done';
      } else {
        this.#take(bytes[at] ?? 0);
        at++;
      }
    }
    return parts;
  }

  /** The connection is over. False: in the middle of the body. */
  finish(): boolean {
    if (this.#end.kind === 'close') this.#state = 'done';
    return this.isDone;
  }

  /** A byte between chunks, or of the trailers. */
  #take(byte: number): void {
    this.#line += String.fromCharCode(byte);
    if (this.#line.length > CHUNK_LINE_MAX_BYTES || ++this.#trailerBytes > TRAILERS_MAX_BYTES) throw malformed();
    if (byte !== 0x0a) return;
    if (!this.#line.endsWith('\r\n')) throw malformed();
    const line = this.#line.slice(0, -2);
    this.#line = '';
    switch (this.#state) {
      case 'data-end':
        if (line !== '') throw malformed();
        this.#state = 'line';
        return;
      case 'line': {
        const size = CHUNK_LINE.exec(line)?.[1];
        if (size === undefined) throw malformed();
        this.#left = parseInt(size, 16);
        this.#trailerBytes = 0;
        this.#state = this.#left === 0 ? 'trailers' : 'data';
        return;
      }
      default:
        if (line === '') this.#state = 'done';
    }
  }
}

function malformed(): ResponseError {
  return new ResponseError('HTTP-protocol-error', 'chunks that are none');
}
