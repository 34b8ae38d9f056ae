// How much memory a component takes when it starts. Never more than a sum: what it grows to is capped on the device.

import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import { BuildError } from './build-error.ts';

/** Initial bytes of the memories of all core modules, nested components included. */
export function initialMemoryBytes(component: ComponentDefinition): number {
  let bytes = 0;
  for (const definition of component.definitions) {
    if (definition.kind === 'component') bytes += initialMemoryBytes(definition.component);
    if (definition.kind !== 'core-module') continue;
    for (const memory of definition.module.memories) bytes += memory.initial * WASM_PAGE_BYTES;
  }
  return bytes;
}

/** Errors: `memory-over-limit`. */
export function checkMemory(neededBytes: number, limitBytes: number): void {
  if (neededBytes > limitBytes) throw memoryOverLimit(neededBytes, limitBytes);
}

export function memoryOverLimit(neededBytes: number, limitBytes: number): BuildError {
  const message = `the app needs ${neededBytes} bytes of memory to start, the board gives an app ${limitBytes}`;
  const hint =
    'make the static data and the stack smaller, or try it on a simulated board with more: casemate run --memory ' +
    `${Math.ceil(neededBytes / 1024)}KiB`;
  return new BuildError('memory-over-limit', message, { fault: 'caller', hint, details: { neededBytes, limitBytes } });
}
