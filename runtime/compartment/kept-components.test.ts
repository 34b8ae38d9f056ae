import test from 'ava';
import { BLINK, deviceApp, sha256 } from '../../test/support/device-app.ts';
import type { Definition } from '../../component/definitions.ts';
import { KeptComponents } from './kept-components.ts';

const BYTES = await deviceApp(BLINK.imports, BLINK.functions);
const OTHER = await deviceApp('', '(func (export "run") (result i32) (i32.const 3))');
const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

function firstModule(definitions: readonly Definition[]) {
  for (const definition of definitions) if (definition.kind === 'core-module') return definition.module;
  throw new Error('a component without a core module');
}

test('equal bytes are read once, wherever they lie; others are not taken for them', (t) => {
  const kept = new KeptComponents(sha256);
  const first = kept.read(BYTES);
  t.is(kept.read(BYTES.slice()), first);
  t.not(kept.read(OTHER), first);
  const changed = BYTES.slice();
  // The name of a custom section or a byte of data: whatever it is, it is not the same component.
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  try {
    t.not(kept.read(changed), first);
  } catch (error) {
    t.truthy((error as { code?: string }).code);
  }
});

test('what was read is not changed by whoever still has the bytes', (t) => {
  const kept = new KeptComponents(sha256);
  const bytes = BYTES.slice();
  const { bytes: module } = firstModule(kept.read(bytes).definitions);
  const before = module.slice();
  bytes.fill(0);
  t.deepEqual(firstModule(kept.read(BYTES).definitions).bytes, before);
});

test('what does not fit goes, the one that was not used for longest first', (t) => {
  const kept = new KeptComponents(sha256, BYTES.length + OTHER.length - 1);
  const first = kept.read(BYTES);
  t.is(kept.read(BYTES), first);
  kept.read(OTHER);
  t.not(kept.read(BYTES), first);
  const none = new KeptComponents(sha256, 8);
  t.not(none.read(BYTES), none.read(BYTES));
});

test('bytes that cannot be read are refused each time', (t) => {
  const kept = new KeptComponents(sha256);
  for (let round = 0; round < 2; round += 1) t.throws(() => kept.read(EMPTY), { code: 'component-not-a-component' });
});

test('a module is compiled once for the same limits, and again for others', (t) => {
  const kept = new KeptComponents(sha256);
  const module = firstModule(kept.read(BYTES).definitions);
  let compilations = 0;
  const compile = (): WebAssembly.Module => {
    compilations += 1;
    return new WebAssembly.Module(Uint8Array.from(EMPTY));
  };
  const first = kept.compiled(module, '1', compile);
  t.is(kept.compiled(module, '1', compile), first);
  t.not(kept.compiled(module, '2', compile), first);
  t.is(compilations, 2);
});
