// Each kind of trap, thrown by a guest in a real compartment process and read as the OS reads it.

import test from 'ava';
import { RUNNER_EXIT, decodeLastWords } from '../../../contracts/core/last-words.ts';
import type { TrapKind } from '../../../contracts/core/trap-facts.ts';
import { runCompartment } from '../../../test/support/compartment-process.ts';
import { appImage, deviceApp } from '../../../test/support/device-app.ts';
import { FakeBroker } from '../../../test/support/fake-broker.ts';

const LOG = '(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))';

/** `body` of `run`, and what stands beside it in the module. */
const TRAPS: readonly (readonly [kind: TrapKind, why: string, body: string, beside?: string])[] = [
  ['unreachable', 'the instruction', 'unreachable'],
  ['integer-divide-by-zero', 'a division', '(i32.div_u (i32.const 1) (i32.const 0))'],
  ['integer-divide-by-zero', 'a remainder', '(i32.wrap_i64 (i64.rem_s (i64.const 1) (i64.const 0)))'],
  ['integer-overflow', 'a quotient that is too large', '(i32.div_s (i32.const 0x80000000) (i32.const -1))'],
  ['integer-overflow', 'a float that is too large', '(i32.trunc_f64_s (f64.const 1e10))'],
  ['memory-out-of-bounds', 'a load', '(i32.load (i32.const -4))'],
  ['memory-out-of-bounds', 'a fill', '(memory.fill (i32.const -8) (i32.const 0) (i32.const 16)) i32.const 0'],
  ['table-out-of-bounds', 'an index', '(call_indirect $few (result i32) (i32.const 9))', '(table $few 2 funcref)'],
  [
    'table-out-of-bounds',
    'a copy',
    '(table.copy $few $few (i32.const 1) (i32.const 0) (i32.const 9)) i32.const 0',
    '(table $few 2 funcref)',
  ],
  [
    'indirect-call-mismatch',
    'another signature',
    '(call_indirect $few (result i32) (i32.const 0))',
    '(func $other (param i32)) (table $few funcref (elem $other))',
  ],
  [
    'indirect-call-mismatch',
    'an empty place',
    '(call_indirect $few (result i32) (i32.const 1))',
    '(table $few 2 funcref)',
  ],
  [
    'stack-exhausted',
    'recursion without end',
    '(call $deep)',
    '(func $deep (result i32) (i32.add (call $deep) (call $deep)))',
  ],
];
for (const [kind, why, body, beside = ''] of TRAPS) {
  test(`${kind} by ${why} is told as such, with the place in the guest`, async (t) => {
    const component = await deviceApp('', `${beside} (func $named (export "run") (result i32) ${body})`);
    const ended = await runCompartment(appImage(component), new FakeBroker());
    t.is(ended.exitCode, RUNNER_EXIT.trap);
    const words = decodeLastWords(ended.stderr);
    if (words?.kind !== 'trap') return t.fail(ended.stderr);
    t.is(words.facts?.trap, kind);
    t.is(words.facts?.fuelUsed, undefined);
    t.regex(words.facts?.stack[0] ?? '', /^\[\d+\] \+0x[0-9a-f]+ /);
  });
}

test('canonical-abi is a trap of the glue, and its rule stands in front of the detail', async (t) => {
  const component = await deviceApp(
    LOG,
    '(func (export "run") (result i32) (call $log (i32.const -4) (i32.const 9)) i32.const 0)',
  );
  const words = decodeLastWords((await runCompartment(appImage(component), new FakeBroker())).stderr);
  if (words?.kind !== 'trap') return t.fail();
  t.is(words.facts?.trap, 'canonical-abi');
  t.regex(words.detail, /^pointer-out-of-bounds: /);
});
