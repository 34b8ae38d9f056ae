// A guest's linear memory as the glue sees it. Never hands out a view that the guest's last memory.grow has detached.

import { GuestTrap } from './trap.ts';

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** What the glue needs of the engine's memory object: its buffer of now, another one after each growth. */
export interface MemoryBuffer {
  readonly buffer: ArrayBuffer;
}

export class GuestMemory {
  #memory: MemoryBuffer | undefined;
  #bytes: Uint8Array = NO_BYTES;
  #view = NO_VIEW;

  /** The engine's memory, known once the module that brings it has been instantiated. */
  attach(memory: MemoryBuffer): void {
    this.#memory = memory;
    this.#bytes = NO_BYTES;
  }

  bytes(): Uint8Array {
    // A detached buffer has length 0: that is cheaper to see than asking the engine for the buffer on every access.
    if (this.#bytes.length === 0) this.#refresh();
    return this.#bytes;
  }

  view(): DataView {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#view;
  }

  /** `pointer` as an offset that is aligned and has `size` bytes behind it. Traps otherwise. */
  check(pointer: number, alignment: number, size: number): number {
    const offset = pointer >>> 0;
    if (offset % alignment !== 0) {
      throw new GuestTrap('pointer-misaligned', `unaligned pointer ${offset}, alignment ${alignment}`);
    }
    if (offset + size > this.bytes().length) {
      throw new GuestTrap('pointer-out-of-bounds', `${size} bytes at ${offset} of ${this.bytes().length}`);
    }
    return offset;
  }

  #refresh(): void {
    if (this.#memory === undefined) return;
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }
}
