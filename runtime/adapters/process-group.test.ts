import test from 'ava';
import type { ExecutionContext } from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessEnd } from '../hil/launch.ts';
import { ProcessGroup } from './process-group.ts';

/**
 * What native code in a compartment could do: a child that holds every descriptor and never ends (in the red case: for the
 * length of a test). Descriptor 1 tells its number.
 */
const forking = (detached: boolean, afterwards: string): string => `
const { spawn } = require('node:child_process');
const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { detached: ${detached}, stdio: ['ignore', 2, 2] });
child.unref();
process.stdout.write(String(child.pid));
${afterwards}`;

async function startForking(t: ExecutionContext, detached: boolean, afterwards = 'setInterval(() => {}, 1000);') {
  const group = new ProcessGroup([process.execPath, '-e', forking(detached, afterwards)], ['ignore', 'pipe', 'pipe']);
  const ended = new Promise<ProcessEnd>((resolve) => group.onEnd(resolve));
  const child = await new Promise<number>((resolve) =>
    group.stream(1).once('data', (told: Buffer) => resolve(Number(told.toString()))),
  );
  t.teardown(() => {
    for (const pid of [group.pid, child]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { group, ended, child };
}

test('its end is told although a child that left the group still holds its descriptors', async (t) => {
  t.timeout(10_000);
  const { group, ended, child } = await startForking(t, true);
  group.kill();
  t.like(await ended, { exitCode: undefined, signal: 'SIGKILL' });
  t.true(isAlive(child), 'nobody waited for it');
});

test('the children die with it, however it ends', async (t) => {
  t.timeout(10_000);
  const killed = await startForking(t, false);
  killed.group.kill();
  const exited = await startForking(t, false, 'process.exitCode = 7;');
  t.like(await exited.ended, { exitCode: 7 });
  const cut = await startForking(t, false);
  cut.group.cut();
  for (const { child } of [killed, exited, cut]) while (isAlive(child)) await sleep(5);
  t.pass('all three are gone');
});

test('a program that is not there is no process', (t) => {
  const error = t.throws(() => new ProcessGroup(['/no/such/program'], ['ignore', 'ignore', 'pipe']));
  t.is((error as { code?: string }).code, 'launch-failed');
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
