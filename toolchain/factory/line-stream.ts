// Cuts a byte stream into lines. Never holds more than one line's bound of unfinished text.

import { FactoryError } from './factory-error.ts';

const LINE_FEED = 0x0a;

/** Feed it chunks as they come; it gives back whole lines without their line feed. A line that is only white space is dropped. */
export class LineStream {
  readonly #maxBytes: number;
  #pending = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Errors: `line-too-long`, after which the stream is lost. */
  push(chunk: Uint8Array): readonly string[] {
    const bytes = Buffer.concat([this.#pending, chunk]);
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.#check(end - start);
      const line = bytes.toString('utf8', start, end);
      if (line.trim() !== '') lines.push(line);
      start = end + 1;
    }
    this.#pending = bytes.subarray(start);
    this.#check(this.#pending.length);
    return lines;
  }

  #check(length: number): void {
    if (length > this.#maxBytes) throw new FactoryError('line-too-long', `a line of more than ${this.#maxBytes} bytes`);
  }
}
