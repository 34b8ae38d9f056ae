// What the engine threw through a guest, as facts of a trap. Never believes a name that the guest gave a function: it is cut and printable.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { TrapFacts, TrapKind } from '../../contracts/core/trap-facts.ts';
import { TRAP_FRAMES_MAX } from '../../contracts/core/trap-facts.ts';
import { GuestTrap } from '../../component/abi/trap.ts';

/**
 * V8's words for the traps of core WebAssembly (v8/src/common/message-template.h, kTrap*). Which engine runs is measured at boot and
 * each of these is a test, so another wording is seen before it is shipped.
 */
const ENGINE_WORDS: readonly (readonly [words: string, kind: TrapKind])[] = [
  ['unreachable', 'unreachable'],
  ['divide by zero', 'integer-divide-by-zero'],
  ['remainder by zero', 'integer-divide-by-zero'],
  ['divide result unrepresentable', 'integer-overflow'],
  ['float unrepresentable in integer range', 'integer-overflow'],
  ['memory access out of bounds', 'memory-out-of-bounds'],
  ['data segment out of bounds', 'memory-out-of-bounds'],
  ['table index is out of bounds', 'table-out-of-bounds'],
  ['table access out of bounds', 'table-out-of-bounds'],
  ['element segment out of bounds', 'table-out-of-bounds'],
  ['function signature mismatch', 'indirect-call-mismatch'],
  ['null function or function signature mismatch', 'indirect-call-mismatch'],
  ['Maximum call stack size exceeded', 'stack-exhausted'],
];

/** `fuelUsed`: of the app's meter, when it has one. */
export function trapFacts(cause: unknown, fuelUsed?: bigint): TrapFacts {
  return { trap: kindOf(cause), fuelUsed, stack: cause instanceof Error ? guestFrames(cause.stack ?? '') : [] };
}

function kindOf(cause: unknown): TrapKind {
  if (cause instanceof GuestTrap) {
    return cause.code === 'fuel-exhausted' || cause.code === 'stack-exhausted' ? cause.code : 'canonical-abi';
  }
  if (cause instanceof CodedError || !(cause instanceof Error)) return 'engine';
  return ENGINE_WORDS.find(([words]) => cause.message === words)?.[1] ?? 'engine';
}

/** A frame is `at NAME (wasm://wasm/HASH:wasm-function[INDEX]:0xOFFSET)`, or without the name and the brackets. */
const FRAME = /^\s*at (?:(.*) \()?wasm:\/\/wasm\/[^\s]*wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** Frames of the runner between them say nothing about the guest. */
function guestFrames(stack: string): readonly string[] {
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    const [, name, index, offset] = FRAME.exec(line) ?? [];
    if (index !== undefined) frames.push(`[${index}] +0x${offset ?? '0'} ${name ?? '?'}`);
    if (frames.length === TRAP_FRAMES_MAX) break;
  }
  return frames;
}
