import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { readComponent } from '../../component/binary/read-component.ts';
import { BuildError } from './build-error.ts';
import { makeComponent, validateComponent } from './wasm-tools.ts';

const CORE = '(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))';
const ENOUGH = { timeoutMs: 30_000, memoryPages: 16_384 };

async function code(t: ExecutionContext, promise: Promise<unknown>): Promise<string | undefined> {
  const error = await t.throwsAsync<BuildError>(promise, { instanceOf: BuildError });
  return error?.code;
}

test('makeComponent() makes a component of a module that exports run', async (t) => {
  const component = await makeComponent(await parse(CORE));
  t.notThrows(() => readComponent(component));
  await t.notThrowsAsync(validateComponent(component));
});

for (const [what, wat] of [
  ['no run', '(module)'],
  ['a run of another type', '(module (func (export "run") (param i32)))'],
  // What the C SDK would do if its hand-written bindings and device.wit went apart.
  [
    'an import of another type than device.wit has',
    '(module (import "casemate:device/timers@0.1.0" "now" (func (result i32))) (func (export "run") (result i32) i32.const 0))',
  ],
  [
    'an import that device.wit does not have',
    '(module (import "wasi_snapshot_preview1" "path_open" (func)) (func (export "run") (result i32) i32.const 0))',
  ],
] as const) {
  test(`makeComponent() refuses a module with ${what}`, async (t) => {
    t.is(await code(t, makeComponent(await parse(wat))), 'component-invalid');
  });
}

test('makeComponent() and validateComponent() refuse what is no WebAssembly', async (t) => {
  t.is(await code(t, makeComponent(Uint8Array.of(1, 2, 3))), 'component-invalid');
  t.is(await code(t, validateComponent(Uint8Array.of(1, 2, 3))), 'component-invalid');
  t.is(await code(t, validateComponent(new Uint8Array(0))), 'component-invalid');
});

for (const [what, limits] of [
  ['takes too long', { ...ENOUGH, timeoutMs: 1 }],
  ['takes too much memory', { ...ENOUGH, memoryPages: 2 }],
] as const) {
  test(`a tool that ${what} is stopped, and the next one works`, async (t) => {
    const core = await parse(CORE);
    t.is(await code(t, makeComponent(core, limits)), 'component-tool-died');
    await t.notThrowsAsync(makeComponent(core));
  });
}
