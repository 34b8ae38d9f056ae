// The name `Buffer` as a type alone, because msgpackr's declarations return it; it must never become a value, or a layer
// that lists this file could call Node.

interface Buffer extends Uint8Array<ArrayBuffer> {
  readonly buffer: ArrayBuffer;
}
