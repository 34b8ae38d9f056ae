// Cuts a bench's byte stream into lines. Never keeps more than one line's bound: what is longer is told once and skipped.

import { WORLD_LINE_MAX_BYTES } from '../../contracts/wire/world-link.ts';

const LINE_FEED = 0x0a;

/** A line, or `undefined` for one that was longer than `WORLD_LINE_MAX_BYTES`. */
export type BenchLine = string | undefined;

export class BenchLines {
  #pending: number[] = [];
  #isTooLong = false;

  /** Lines in order, without their line feeds; empty ones are left out. */
  push(chunk: Uint8Array): readonly BenchLine[] {
    const lines: BenchLine[] = [];
    for (const byte of chunk) {
      if (byte !== LINE_FEED) this.#add(byte);
      else {
        if (this.#isTooLong) lines.push(undefined);
        else if (this.#pending.length > 0) lines.push(new TextDecoder().decode(Uint8Array.from(this.#pending)));
        this.#pending = [];
        this.#isTooLong = false;
      }
    }
    return lines;
  }

  #add(byte: number): void {
    if (this.#pending.length < WORLD_LINE_MAX_BYTES) this.#pending.push(byte);
    else this.#isTooLong = true;
  }
}
