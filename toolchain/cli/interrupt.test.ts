// Ctrl-C and SIGTERM on the real command: what a run made, keys of a device above all, is gone when the command is.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CHECKOUT, sharedFolder } from '../../test/support/casemate.ts';
import { prepareProfile } from '../factory/profile.ts';

const folder = sharedFolder(test);
let count = 0;
const state = (): string => folder.path('state');

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** What lay in the temporary folder when the signal was sent, and what was left. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Runs the command with a temporary folder of its own, and sends the signal when `isTime` says so. */
async function interrupted(
  args: readonly string[],
  signal: NodeJS.Signals,
  isTime: (stdout: string, temporary: string) => boolean,
): Promise<Ended> {
  const temporary = folder.path(String(count++));
  mkdirSync(temporary);
  const child = spawn(process.execPath, [join(CHECKOUT, 'toolchain/cli/main.ts'), ...args, '--state', state()], {
    cwd: CHECKOUT,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  let before: readonly string[] = [];
  const poll = setInterval(() => {
    if (!isTime(stdout, temporary)) return;
    clearInterval(poll);
    before = readdirSync(temporary);
    child.kill(signal);
  }, 20);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearInterval(poll);
  return { exitCode, stdout, before, after: readdirSync(temporary) };
}

test.before(async () => void (await prepareProfile(state())));

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test.serial(`run takes its device away on ${signal}, while the app runs`, async (t) => {
    const ended = await interrupted(['run', 'apps/blink', '--json'], signal, (stdout) => stdout.includes('"pin"'));
    t.is(ended.exitCode, exitCode);
    t.true(
      ended.before.some((name) => name.startsWith('casemate-')),
      'there was something to take away',
    );
    t.deepEqual(ended.after, []);
  });
}

test.serial('run takes its device away on SIGINT before it is powered on', async (t) => {
  const isMade = (_: string, temporary: string): boolean => {
    return readdirSync(temporary).some((name) => existsSync(join(temporary, name, 'device')));
  };
  const ended = await interrupted(['run', 'apps/neighbour'], 'SIGINT', isMade);
  t.is(ended.exitCode, 130);
  t.deepEqual(ended.after, []);
});

test.serial('up --once ends its story on SIGINT, tells it in its one document, and leaves no device', async (t) => {
  const devices = folder.path('state/devices');
  const isOn = (): boolean => readdirSync(devices).some((name) => existsSync(join(devices, name, 'service.addr')));
  const ended = await interrupted(['up', '--once', '--json'], 'SIGINT', isOn);
  t.is(ended.exitCode, 130);
  t.like(JSON.parse(ended.stdout), { ok: false, error: { code: 'interrupted' } });
  t.deepEqual(ended.after, []);
  t.deepEqual(readdirSync(devices), []);
});
