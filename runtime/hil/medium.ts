// What a chip model keeps its bits on: a file, or memory in a test. Types only. Knows nothing of erase blocks or fuses.

/** Random access to a fixed number of bytes. A byte that was never written reads 0. Ranges are the caller's to check. */
export interface Medium {
  readonly sizeBytes: number;
  /** A copy of `length` bytes. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
}
