// Fuzzes everything that reads a component's bytes: the reader, the linker, the rewriting, the engine's compiler, and what then runs
// within its fuel. Only coded refusals and traps may come out.

import { GuestTrap } from '../../component/abi/trap.ts';
import { ComponentError } from '../../component/component-error.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { LinkedComponent } from '../../runtime/compartment/link.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { Meter } from '../../runtime/compartment/meter.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { abiProbe } from '../support/abi-probe.ts';
import { corpusRoot } from '../support/corpus.ts';
import { componentFromText, dummyComponent } from '../support/components.ts';
import { BLINK, DEVICE_WIT, deviceApp } from '../support/device-app.ts';
import { scriptCases } from '../oracle/script-corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import type { Random } from './random.ts';

const FUEL = 100_000n;
const PREAMBLE_BYTES = 8;
const { u32, string } = PRIMITIVE_TYPES;

const NESTED = `(component
  (component $c (type $r (resource (rep i32))) (export $e "r" (type $r))
    (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
    (core module $m (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "make") (result i32) (call $new (i32.const 7))) (func (export "again") (call $drop (call $new (i32.const 8)))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
    (func (export "make") (result (own $e)) (canon lift (core func $i "make")))
    (func (export "again") (canon lift (core func $i "again"))))
  (instance $one (instantiate $c)) (instance $two (instantiate $c))
  (alias export $one "again" (func $again)) (export "again" (func $again))
  (core module $table (table (export "t") 2 funcref) (memory (export "m") 1 4) (func (export "f") (result i32) (memory.grow (i32.const 1)))
    (elem (i32.const 0) func 0))
  (core instance $shared (instantiate $table))
  (func (export "grow") (result u32) (canon lift (core func $shared "f"))))`;

/** Good components of every kind that the reader meets; the reference scripts too where the corpus is. */
export async function seeds(): Promise<Uint8Array[]> {
  const own = [
    await deviceApp(BLINK.imports, BLINK.functions),
    await dummyComponent(DEVICE_WIT, 'app'),
    await componentFromText(NESTED),
    await abiProbe([u32, string, { kind: 'list', element: { kind: 'tuple', elements: [u32, string] } }]),
  ];
  const folder = join(corpusRoot(), 'component-model');
  const scripts = existsSync(folder) ? await scriptCases(folder) : [];
  return [...own, ...scripts.flatMap(({ bytes }) => bytes ?? [])];
}

export function mutate(seed: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let bytes = Uint8Array.from(seed);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = PREAMBLE_BYTES + random.below(Math.max(1, bytes.length - PREAMBLE_BYTES));
    const kind = random.below(8);
    if (kind < 3) bytes[at] = random.below(kind === 0 ? 256 : 8);
    else if (kind === 3) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    else if (kind === 4) bytes = joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8)));
    else if (kind === 5) bytes = joined(bytes.subarray(0, at), bytes.subarray(at, at + 16), bytes.subarray(at));
    else if (kind === 6)
      bytes = joined(
        bytes.subarray(0, at),
        Uint8Array.of(0xff, 0xff, 0xff, 0xff, random.below(16)),
        bytes.subarray(at + 1),
      );
    else {
      const other = random.pick(others);
      const from = random.below(other.length);
      bytes = joined(bytes.subarray(0, at), other.subarray(from, from + random.below(64)), bytes.subarray(at));
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function attempt(bytes: Uint8Array): string {
  const meter = new Meter({ fuel: FUEL, reserve: FUEL });
  let linked: LinkedComponent;
  try {
    linked = linkComponent(bytes, new Map(), { memoryPages: 64, meter });
  } catch (error) {
    if (error instanceof ComponentError) return `refused ${error.code}`;
    throw error;
  }
  try {
    linked.start();
    for (const item of linked.exports.values()) {
      if (item.sort === 'func' && item.func.type.params.length === 0) item.func.call();
    }
    return 'ran';
  } catch (error) {
    if (error instanceof ComponentError) return `refused at its start ${error.code}`;
    if (error instanceof GuestTrap) return `trap ${error.code}`;
    if (error instanceof WebAssembly.RuntimeError) return 'trap of the engine';
    throw error;
  }
}

export const componentBytes: FuzzTarget = {
  name: 'component-bytes',
  kept: [],
  prepare: async () => {
    const all = await seeds();
    for (const seed of all) attempt(seed);
    return (random) => attempt(mutate(random.pick(all), random, all));
  },
};
