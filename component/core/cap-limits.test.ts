import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { componentFromText } from '../../test/support/components.ts';
import { coreModule } from '../../test/support/device-app.ts';
import { ComponentError } from '../component-error.ts';
import { TABLE_ENTRIES_MAX } from '../../contracts/core/limits.ts';
import type { ComponentErrorCode } from '../component-error.ts';
import { capLimits } from './cap-limits.ts';
import { readCoreModule } from './read-core-module.ts';

async function capped(text: string, pages: number): Promise<Uint8Array> {
  return capAll(await componentFromText(text), pages);
}

/** Every table may have all entries that there are. */
function capAll(bytes: Uint8Array, pages: number): Uint8Array {
  const module = readCoreModule(bytes);
  return capLimits(
    module,
    pages,
    module.tables.map(() => TABLE_ENTRIES_MAX),
  );
}

/** Pages (or table entries) that the guest gets by asking for one more until it is refused. */
async function reached(text: string, pages: number): Promise<unknown> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(await capped(text, pages))));
  return (instance.exports['grow'] as () => number)();
}

const GROW =
  '(func (export "grow") (result i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size))';
const GROW_TABLE =
  '(func (export "grow") (result i32) (loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 4096)) (i32.const -1)))) (table.size))';

/** Memory as declared, pages granted, pages reached. */
const GROWN: readonly (readonly [string, number, number])[] = [
  ['(memory 1)', 6, 6],
  ['(memory 1 65536)', 6, 6],
  // A module that asks for less than it may have keeps its own bound.
  ['(memory 1 3)', 6, 3],
  ['(memory 6)', 6, 6],
  ['(memory 0)', 0, 0],
];
for (const [memory, pages, size] of GROWN) {
  test(`capLimits() lets ${memory} reach ${size} of ${pages} granted pages`, async (t) => {
    t.is(await reached(`(module (table 1 funcref) ${memory} (global i32 (i32.const 1)) ${GROW})`, pages), size);
  });
}

test('capLimits() leaves to the engine no custom section but the names', async (t) => {
  const named = await componentFromText(
    '(module $m (@custom "metadata.code.x" (after code) "hint") (func $f) (memory 1))',
  );
  const names = (bytes: Uint8Array, section: string): number =>
    WebAssembly.Module.customSections(new WebAssembly.Module(Uint8Array.from(bytes)), section).length;
  t.deepEqual([names(named, 'metadata.code.x'), names(named, 'name')], [1, 1]);
  t.deepEqual([names(capAll(named, 6), 'metadata.code.x'), names(capAll(named, 6), 'name')], [0, 1]);
});

test('capLimits() bounds tables, and keeps their kinds', async (t) => {
  t.is(await reached(`(module (table 1 funcref) (table 0 5 externref) ${GROW_TABLE})`, 1), 61_441);
});

/** Module, code. */
const REFUSED: readonly (readonly [string, ComponentErrorCode])[] = [
  ['(module (memory 7))', 'memory-over-limit'],
  ['(module (import "env" "memory" (memory 7)))', 'memory-over-limit'],
  ['(module (memory 1 2 shared))', 'memory-shared'],
  ['(module (import "env" "memory" (memory 1 2 shared)))', 'memory-shared'],
  ['(module (memory i64 1))', 'memory-64'],
  ['(module (memory 1) (memory 1))', 'memories-too-many'],
  ['(module (import "env" "memory" (memory 1)) (memory 1))', 'memories-too-many'],
  ['(module (table 70000 funcref))', 'table-over-limit'],
  ['(module (type (struct)))', 'core-type-not-allowed'],
];
for (const [text, code] of REFUSED) {
  test(`a core module ${text} is refused as ${code}`, async (t) => {
    const error = await t.throwsAsync(capped(text, 6), { instanceOf: ComponentError });
    t.is(error?.code, code);
  });
}

test('readCoreModule() refuses two sections of one kind, which two readers could take for one', (t) => {
  const memory = [5, 3, 1, 0, 1];
  const error = t.throws(
    () => readCoreModule(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...memory, ...memory])),
    { instanceOf: ComponentError },
  );
  t.is(error?.code, 'core-module-malformed');
});

test('readCoreModule() answers hostile bytes with its own errors alone', async (t) => {
  const module = await componentFromText(
    coreModule('(import "a" "b" (func (param i32) (result i64)))', '(table 1 funcref) (export "t" (table 0))'),
  );
  const codes: readonly ComponentErrorCode[] = [
    'component-truncated',
    'component-malformed',
    'component-too-complex',
    'index-out-of-range',
    'core-module-malformed',
    'core-feature-not-supported',
    'core-opcode-not-allowed',
    'core-type-not-allowed',
    'memory-shared',
    'memory-64',
    'memories-too-many',
    'memory-over-limit',
    'table-over-limit',
  ];
  codedErrorsOnly(t, (bytes) => capAll(bytes, 16), [module], codes);
});
