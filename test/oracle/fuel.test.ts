import test from 'ava';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { newCoreBudget, readCoreModule } from '../../component/core/read-core-module.ts';
import { METER_IMPORTS, METER_MODULE } from '../../component/core/rewrite/meter-cell.ts';
import { rewriteModule } from '../../component/core/rewrite-module.ts';
import { Meter } from '../../runtime/compartment/meter.ts';
import { componentFromText } from '../support/components.ts';
import type { FuelJob, FuelOutcome } from './fuel-child.ts';
import { cellOf } from './fuel-child.ts';
import { fromJson, toJson } from './json.ts';
import { wasmtimeOracle } from './wasmtime/oracle.ts';

const FUEL = 1_000_000_000n;

/** Programs that export `run: func(i32) -> i32`, and their argument. Each is metered another way. */
const PROGRAMS: readonly (readonly [string, number, string])[] = [
  [
    'calls that recurse',
    18,
    `(func $fib (export "run") (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
  ],
  [
    'loops in loops with a branch table',
    300,
    `(func (export "run") (param i32) (result i32) (local $i i32) (local $j i32) (local $sum i32)
      (loop $outer (local.set $j (i32.const 0))
        (loop $inner
          (block $two (block $one (block $zero (br_table $zero $one $two (i32.rem_u (local.get $j) (i32.const 3))))
            (local.set $sum (i32.add (local.get $sum) (i32.const 1))) (br $two))
            (local.set $sum (i32.mul (local.get $sum) (i32.const 3))))
          (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 50))))
        (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
      (local.get $sum))`,
  ],
  [
    'memory that is filled, copied and grown, by length',
    5000,
    `(memory 1 4)
     (func (export "run") (param i32) (result i32)
      (drop (memory.grow (i32.const 1)))
      (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
      (memory.copy (i32.const 20000) (i32.const 0) (local.get 0))
      (i32.load (i32.const 20000)))`,
  ],
  [
    'calls through a table',
    2000,
    `(type $f (func (param i32) (result i32))) (table funcref (elem $a $b))
     (func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 5)))
     (func $b (param i32) (result i32) (i32.xor (local.get 0) (i32.const 9)))
     (func (export "run") (param i32) (result i32) (local $x i32)
      (loop (local.set $x (call_indirect (type $f) (local.get $x) (i32.and (local.get 0) (i32.const 1))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $x))`,
  ],
  [
    'floating point',
    1000,
    `(func (export "run") (param i32) (result i32) (local $x f64)
      (loop (local.set $x (f64.add (f64.sqrt (f64.convert_i32_u (local.get 0))) (f64.mul (local.get $x) (f64.const 0.5))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.trunc_sat_f64_s (f64.mul (local.get $x) (f64.const 1000))))`,
  ],
  [
    'a trap in the middle of a loop',
    100,
    `(func (export "run") (param i32) (result i32)
      (loop (drop (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 40))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.const 0))`,
  ],
];

async function metered(functions: string): Promise<Uint8Array> {
  const bytes = await componentFromText(`(module ${functions})`);
  const module = readCoreModule(bytes, newCoreBudget());
  return rewriteModule(module, { memoryPages: 4, tableEntries: module.tables.map(() => 16), meter: true });
}

function underV8(flag: string, jobs: readonly FuelJob[]): FuelOutcome[] {
  const child = spawnSync(process.execPath, [flag, join(import.meta.dirname, 'fuel-child.ts')], {
    input: toJson(jobs),
    timeout: 60_000,
  });
  if (child.status !== 0) throw new Error(child.stderr.toString());
  return fromJson(child.stdout.toString()) as FuelOutcome[];
}

test('a metered module uses the same fuel and stack under V8’s baseline compiler, its optimising one, and wasmtime', async (t) => {
  const oracle = wasmtimeOracle(t);
  if (oracle === undefined) return;
  const jobs = await Promise.all(
    PROGRAMS.map(async ([, arg, functions]) => ({ module: await metered(functions), arg, fuel: FUEL })),
  );
  const baseline = underV8('--liftoff-only', jobs);
  t.deepEqual(underV8('--no-liftoff', jobs), baseline);
  const start = cellOf(new Meter({ fuel: FUEL }));
  for (const [index, { module, arg }] of jobs.entries()) {
    const [what] = PROGRAMS[index] ?? [''];
    const given = [{ module: METER_MODULE, name: METER_IMPORTS.cell, global: start }];
    const answer = await oracle.ask({
      kind: 'core',
      module,
      given,
      call: 'run',
      args: [arg],
      read: METER_IMPORTS.cell,
    });
    if (answer.kind !== 'core-ran') return t.fail(`${what}: ${toJson(answer)}`);
    t.deepEqual({ result: answer.result ?? 'trap', cell: answer.global }, baseline[index], what);
    // What a function has used since it last told the cell is lost with it when it traps: lost alike everywhere.
    if (answer.trap === null) t.true((baseline[index]?.cell ?? start) < start, `${what} used fuel`);
  }
});
