// A whole device whose board lets apps of one signer share a process: the same app runs there as it does in a process of its own.

import test from 'ava';
import { casemate, lines, sharedFolder } from './support/casemate.ts';

const folder = sharedFolder(test);
const TIMEOUT_MS = 180_000;
/** One for all runs. */
const state = (): readonly string[] => ['--state', folder.path('state')];

async function blink(...options: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const ran = await casemate(['run', 'apps/blink', ...options, ...state(), '--json']);
  if (ran.exitCode !== 0) throw new Error(`${ran.exitCode}: ${ran.stdout}${ran.stderr}`);
  return lines(ran);
}

for (const placement of ['thread', 'worker'] as const) {
  test.serial(`blink runs on a device in the placement ${placement}, in real time`, async (t) => {
    t.timeout(TIMEOUT_MS);
    const events = await blink('--placement', placement, '--for', '3s');
    t.true(events.some(({ kind, message }) => kind === 'log' && message === 'blink: started'));
    const levels = events.flatMap(({ kind, level }) => (kind === 'pin' ? [level] : []));
    t.true(levels.length >= 4, `${levels.length} edges`);
    // It also asks for a pin that its manifest does not ask for: the firewall is the same.
    t.true(events.some(({ kind, resource }) => kind === 'denied' && resource === 'gpio:9'));
    t.false(events.some(({ kind }) => kind === 'exited'));
  });
}

test.serial('in the placement thread, in virtual time, a run is the same every time', async (t) => {
  t.timeout(TIMEOUT_MS);
  const wish = ['--placement', 'thread', '--virtual-time', '--for', '20s', '--seed', '1'];
  const first = await blink(...wish);
  t.true(first.filter(({ kind }) => kind === 'pin').length >= 10);
  t.deepEqual(await blink(...wish), first);
});
