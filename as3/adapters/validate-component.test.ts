import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { blinkComponent } from '../../test/support/uploads.ts';
import { checkerRights, componentCheck } from './validate-component.ts';

const ENOUGH = { timeoutMs: 30_000, memoryPages: 8192, heapMiB: 256 };
const BROKEN = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 1, 10, 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9);

test('check() takes a real component, and one after a hostile one', async (t) => {
  const checker = componentCheck();
  await t.throwsAsync(checker.check(BROKEN), { code: 'image-component-invalid' });
  await t.notThrowsAsync(checker.check(await blinkComponent()));
});

test('check() refuses no bytes and bytes that are no WebAssembly', async (t) => {
  const checker = componentCheck();
  for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(100_000).fill(0x61)]) {
    await t.throwsAsync(checker.check(bytes), { code: 'image-component-invalid' });
  }
});

for (const [what, limits] of [
  ['takes too long', { ...ENOUGH, timeoutMs: 1 }],
  ['takes too much WebAssembly memory', { ...ENOUGH, memoryPages: 2 }],
  ['takes too much heap', { ...ENOUGH, heapMiB: 1 }],
] as const) {
  test(`a component whose check ${what} is refused, and the process is gone`, async (t) => {
    const component = await blinkComponent();
    await t.throwsAsync(componentCheck(limits).check(component), { code: 'image-component-invalid' });
  });
}

test('only so many checks wait; the others are told to come again', async (t) => {
  const checker = componentCheck({ ...ENOUGH, timeoutMs: 1 });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => checker.check(BROKEN)));
  const codes = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : '',
  );
  t.deepEqual([...new Set(codes)].sort(), ['component-check-failed', 'image-component-invalid']);
});

const CHECKOUT = join(import.meta.dirname, '../..');
for (const [what, place, allowed] of [
  ['its own source', 'as3/adapters/validate-component-child.ts', true],
  ['the rest of the service', 'as3/adapters/file-key-store.ts', false],
  ['a state folder', '.casemate/authority/keys/platform.pem', false],
] as const) {
  test(`the checking process ${allowed ? 'may' : 'may not'} read ${what}`, (t) => {
    const asked = `process.permission.has('fs.read', ${JSON.stringify(join(CHECKOUT, place))})`;
    const { stdout } = spawnSync(process.execPath, [...checkerRights(), '-p', asked], { encoding: 'utf8' });
    t.is(stdout.trim(), String(allowed));
  });
}
