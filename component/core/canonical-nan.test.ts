import test from 'ava';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { FuelJob, FuelOutcome } from '../../test/oracle/fuel-child.ts';
import { fromJson, toJson } from '../../test/oracle/json.ts';
import { componentFromText } from '../../test/support/components.ts';
import { readCoreModule } from './read-core-module.ts';
import { rewriteModule } from './rewrite-module.ts';

const F32 = '7fc00000';
const F64 = '7ff8000000000000';
/** Payloads that hardware passes on from an operand. */
const NAN_F32 = '(f32.const nan:0x212345)';
const NAN_F64 = '(f64.const -nan:0xabcde00000001)';
const VECTOR_F32 = '(v128.const f32x4 nan:0x212345 1 -nan:0x400001 0)';
const VECTOR_F64 = '(v128.const f64x2 -nan:0xabc 0)';

/** Expression, its type, its bits. */
const CASES: readonly (readonly [string, 'f32' | 'f64' | 'v128', string])[] = [
  // An invalid operation: the NaN of x86 has its sign set, that of Arm does not.
  ['(f32.div (f32.const 0) (f32.const 0))', 'f32', F32],
  ['(f64.div (f64.const 0) (f64.const 0))', 'f64', F64],
  ['(f64.sub (f64.const inf) (f64.const inf))', 'f64', F64],
  ['(f32.mul (f32.const inf) (f32.const 0))', 'f32', F32],
  ['(f32.sqrt (f32.const -1))', 'f32', F32],
  ['(f64.sqrt (f64.const -1))', 'f64', F64],
  // An operand's payload.
  [`(f32.add ${NAN_F32} (f32.const 1))`, 'f32', F32],
  [`(f64.add (f64.const 1) ${NAN_F64})`, 'f64', F64],
  [`(f32.min ${NAN_F32} (f32.const 1))`, 'f32', F32],
  [`(f64.max (f64.const 1) ${NAN_F64})`, 'f64', F64],
  ...['ceil', 'floor', 'trunc', 'nearest', 'sqrt'].flatMap((operation): [string, 'f32' | 'f64', string][] => [
    [`(f32.${operation} ${NAN_F32})`, 'f32', F32],
    [`(f64.${operation} ${NAN_F64})`, 'f64', F64],
  ]),
  [`(f64.promote_f32 ${NAN_F32})`, 'f64', F64],
  [`(f32.demote_f64 ${NAN_F64})`, 'f32', F32],
  // What only moves bits leaves them as the guest wrote them.
  [NAN_F32, 'f32', '7fa12345'],
  [`(f32.neg ${NAN_F32})`, 'f32', 'ffa12345'],
  [`(f64.abs ${NAN_F64})`, 'f64', '7ffabcde00000001'],
  [`(f32.copysign ${NAN_F32} (f32.const -1))`, 'f32', 'ffa12345'],
  [`(select ${NAN_F64} (f64.const 0) (i32.const 1))`, 'f64', 'fffabcde00000001'],
  // A NaN that goes into arithmetic at once is not looked at; what comes out of it is.
  ['(f64.neg (f64.add (f64.const 1) (f64.div (f64.const 0) (f64.const 0))))', 'f64', 'fff8000000000000'],
  ['(f32.neg (f32.demote_f64 (f64.div (f64.const 0) (f64.const 0))))', 'f32', 'ffc00000'],
  // By way of a local, a block, a function.
  ['(local.tee 1 (f64.div (f64.const 0) (f64.const 0)))', 'f64', F64],
  ['(block (result f64) (br 0 (f64.div (f64.const 0) (f64.const 0))))', 'f64', F64],
  ['(call $zero_by_zero)', 'f64', F64],
  // Lane by lane.
  [`(f32x4.add ${VECTOR_F32} (v128.const f32x4 1 1 1 1))`, 'v128', `3f800000${F32}40000000${F32}`],
  ['(f32x4.div (v128.const f32x4 0 1 0 1) (v128.const f32x4 0 1 0 1))', 'v128', `3f800000${F32}3f800000${F32}`],
  [`(f64x2.sqrt (v128.const f64x2 -1 4))`, 'v128', `4000000000000000${F64}`],
  [`(f64x2.max ${VECTOR_F64} (v128.const f64x2 1 1))`, 'v128', `3ff0000000000000${F64}`],
  [`(f64x2.nearest ${VECTOR_F64})`, 'v128', `0000000000000000${F64}`],
  [`(f64x2.promote_low_f32x4 ${VECTOR_F32})`, 'v128', `3ff0000000000000${F64}`],
  [`(f32x4.demote_f64x2_zero ${VECTOR_F64})`, 'v128', `000000000000000000000000${F32}`],
  [`(f32x4.neg ${VECTOR_F32})`, 'v128', '800000007fc00001bf800000ffa12345'],
  [`(f64x2.pmin ${VECTOR_F64} (v128.const f64x2 1 1))`, 'v128', '0000000000000000fff0000000000abc'],
];

/** `run(n)` gives the n-th 32 bits of the value, the lowest first. */
function program(expression: string, type: 'f32' | 'f64' | 'v128'): string {
  return `(module (memory 1)
    (func $zero_by_zero (result f64) (f64.div (f64.const 0) (f64.const 0)))
    (func (export "run") (param i32) (result i32) (local f64)
      (${type}.store (i32.const 0) ${expression})
      (i32.load (i32.mul (local.get 0) (i32.const 4)))))`;
}

async function jobsOf(canonicalNan: boolean): Promise<FuelJob[]> {
  const jobs: FuelJob[] = [];
  for (const [expression, type, bits] of CASES) {
    const module = readCoreModule(await componentFromText(program(expression, type)));
    const mode = canonicalNan ? { canonicalNan: true as const } : {};
    const rewritten = rewriteModule(module, { memoryPages: 1, tableEntries: [], meter: true, ...mode });
    for (let word = 0; word < bits.length / 8; word++) jobs.push({ module: rewritten, arg: word, fuel: 10_000n });
  }
  return jobs;
}

function bitsUnder(flag: string, jobs: readonly FuelJob[]): string[] {
  const child = spawnSync(process.execPath, [flag, join(import.meta.dirname, '../../test/oracle/fuel-child.ts')], {
    input: toJson(jobs),
    timeout: 60_000,
  });
  if (child.status !== 0) throw new Error(child.stderr.toString());
  const words = (fromJson(child.stdout.toString()) as FuelOutcome[]).map(({ result }) => hex(Number(result)));
  return CASES.map(([, , bits]) =>
    words
      .splice(0, bits.length / 8)
      .reverse()
      .join(''),
  );
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

test('arithmetic makes one NaN, in both compilers of the engine, and what moves bits keeps them', async (t) => {
  const jobs = await jobsOf(true);
  const wanted = CASES.map(([expression, , bits]) => `${expression} ${bits}`);
  for (const flag of ['--liftoff-only', '--no-liftoff']) {
    const bits = bitsUnder(flag, jobs);
    t.deepEqual(
      CASES.map(([expression], index) => `${expression} ${bits[index]}`),
      wanted,
      flag,
    );
  }
});

test('without it the machine’s own NaNs are seen', async (t) => {
  const bits = bitsUnder('--liftoff-only', await jobsOf(false));
  const propagated = CASES.findIndex(([expression]) => expression === `(f64.add (f64.const 1) ${NAN_F64})`);
  t.not(bits[propagated], F64);
});
