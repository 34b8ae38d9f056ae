// The bytes of a body that is being rewritten: read on from `at`, and copied into `code` up to where something is put in between. Never reads past
// what the reader of core modules has seen to be well formed.

import { IMMEDIATE } from '../opcodes.ts';
import { ByteSink } from './byte-sink.ts';

export class BodyText {
  readonly bytes: Uint8Array;
  readonly code = new ByteSink(4096);
  at = 0;
  #copied = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Instructions begin at `start`, and nothing of them has been copied. */
  begin(start: number): void {
    this.at = this.#copied = start;
    this.code.length = 0;
  }

  /** What was read is left out. */
  leaveOut(): void {
    this.#copied = this.at;
  }

  /** Past what follows an opcode. */
  skip(immediate: number): void {
    switch (immediate) {
      case IMMEDIATE.memory:
      case IMMEDIATE.memoryIndexPair:
      case IMMEDIATE.indexAndMemoryIndex:
      case IMMEDIATE.indexPair:
      case IMMEDIATE.selectTypes:
        this.#skipNumber();
        return this.#skipNumber();
      case IMMEDIATE.memoryAndLane:
        this.#skipNumber();
        this.#skipNumber();
        this.at++;
        return;
      case IMMEDIATE.bytes4:
        this.at += 4;
        return;
      case IMMEDIATE.bytes8:
        this.at += 8;
        return;
      case IMMEDIATE.bytes16:
        this.at += 16;
        return;
      case IMMEDIATE.lane:
      case IMMEDIATE.referenceType:
        this.at++;
        return;
      case IMMEDIATE.none:
        return;
      default:
        this.#skipNumber();
    }
  }

  /** The instruction from `start` to here has another index now. */
  renumber(start: number, opcode: number, from: number, to: number): void {
    if (from === to) return;
    this.flush(start);
    this.code.u8(opcode);
    this.code.u32(to);
    this.#copied = this.at;
  }

  /** Copies what has not been copied yet. */
  flush(upTo: number): void {
    this.code.copy(this.bytes, this.#copied, upTo);
    this.#copied = upTo;
  }

  /** Unsigned LEB128. */
  u32(): number {
    let byte = this.bytes[this.at++] ?? 0;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
    }
    return value;
  }

  #skipNumber(): void {
    while ((this.bytes[this.at++] ?? 0) >= 0x80);
  }
}
