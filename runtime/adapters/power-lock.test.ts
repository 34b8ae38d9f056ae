import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takePowerLock } from './power-lock.ts';

const HOLDER = `
const { takePowerLock } = await import(process.argv[1]);
globalThis.lock = takePowerLock(process.argv[2]);
process.stdout.write('held');
setInterval(() => {}, 1000);
`;

test('one at a time has the lock; a holder that is killed gives it back and leaves no journal', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'power.lock');
  const module = new URL('power-lock.ts', import.meta.url).href;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, module, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  t.is(takePowerLock(path), undefined);
  holder.kill('SIGKILL');
  await once(holder, 'close');
  const lock = takePowerLock(path);
  t.deepEqual(readdirSync(folder), ['power.lock']);
  t.is(takePowerLock(path), undefined, 'also against a second one in this process');
  lock?.release();
  t.not(takePowerLock(path), undefined);
});
