// The engine's modules as a compartment takes them. An `import` of one makes the engine evaluate everything that the module exports, the streams of
// `process` and all of web cryptography among it: 9 ms of each start. Never for processes that start once.

/** Descriptors alone: nothing here is given a path. */
export const { closeSync, readSync, writeSync } = process.getBuiltinModule('node:fs');

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(process.getBuiltinModule('node:crypto').hash('sha256', bytes, 'buffer'));
}

/** Ends the process at once. */
export function exitWith(exitCode: number): void {
  process.exit(exitCode);
}
