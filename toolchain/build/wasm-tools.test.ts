import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { readComponent } from '../../component/binary/read-component.ts';
import { BuildError } from './build-error.ts';
import { childRights, makeComponent, validateComponent } from './wasm-tools.ts';

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

const CHECKOUT = join(import.meta.dirname, '../..');

for (const [what, place, allowed] of [
  ['its own source', 'toolchain/build/wasm-tools-child.ts', true],
  ['the development profile’s keys', '.casemate/keys/development.pem', false],
  ['the checkout', 'package.json', false],
  ['other packages', 'node_modules/esbuild/package.json', false],
] as const) {
  test(`the tool's process ${allowed ? 'may' : 'may not'} read ${what}`, (t) => {
    const asked = `process.permission.has('fs.read', ${JSON.stringify(join(CHECKOUT, place))})`;
    const { stdout } = spawnSync(process.execPath, [...childRights(), '-p', asked], { encoding: 'utf8' });
    t.is(stdout.trim(), String(allowed));
  });
}

test('the tool works where an installer has linked its packages into node_modules', async (t) => {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'casemate-linked-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const place of ['contracts/core', 'host-apis/wit', 'toolchain/build', 'package.json'])
    cpSync(join(CHECKOUT, place), join(root, place), { recursive: true });
  const scope = 'node_modules/@bytecodealliance';
  mkdirSync(join(root, scope), { recursive: true });
  for (const name of readdirSync(join(CHECKOUT, scope)))
    symlinkSync(realpathSync(join(CHECKOUT, scope, name)), join(root, scope, name));
  const linked = (await import(join(root, 'toolchain/build/wasm-tools.ts'))) as { makeComponent: typeof makeComponent };
  const component = await linked.makeComponent(await parse(CORE));
  t.notThrows(() => readComponent(component));
});
