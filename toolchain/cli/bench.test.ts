// What goes wrong inside a socket's listener of a bench: whoever waits for the bench is told, and the process lives.

import type { ExecutionContext } from 'ava';
import test from 'ava';
import { sharedFolder } from '../../test/support/casemate.ts';
import { prepareProfile } from '../factory/profile.ts';
import type { Bench } from './bench.ts';
import { withFreshDevice } from './fresh-device.ts';

const folder = sharedFolder(test);
const LED_PIN = 8;
const BUTTON_PIN = 12;

async function onBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  const profile = await prepareProfile(folder.path('state'));
  await withFreshDevice({ profile, board: 'mt3620_rdb', names: new Map() }, work);
}

/** Both the end and an event that is waited for fail with this. */
async function failsWith(t: ExecutionContext, bench: Bench, expected: object): Promise<void> {
  const never = bench.next('an event that does not come', () => false, 5_000);
  t.like(await t.throwsAsync(never), expected);
  t.like(await t.throwsAsync(bench.ended), expected);
}

test.serial('a command that the world refuses fails the bench with a code', async (t) => {
  await onBench(async (bench) => {
    bench.press(LED_PIN);
    await failsWith(t, bench, { code: 'world-refused', details: { code: 'no-such-part' } });
  });
});

test.serial('a listener that throws fails the bench with what it threw', async (t) => {
  await onBench(async (bench) => {
    const message = 'a bug of who listens';
    bench.onEvent(() => {
      throw new TypeError(message);
    });
    bench.press(BUTTON_PIN);
    await failsWith(t, bench, { message });
  });
});

test.serial('the bench switches the radio and arms its faults, and knows when it is so', async (t) => {
  await onBench(async (bench) => {
    await bench.radio({ do: 'radio', power: 'off' });
    await bench.radio({ do: 'radio-cut', afterBytes: 4096 });
    await bench.radio({ do: 'radio-delay', delayMs: 20 });
    await bench.radio({ do: 'radio', power: 'on' });
    await t.notThrowsAsync(bench.radio({ do: 'radio-cut', afterBytes: null }));
  });
});

test.serial('a fault of the radio that cannot be fails the bench', async (t) => {
  await onBench(async (bench) => {
    const refused = await t.throwsAsync(bench.radio({ do: 'radio-cut', afterBytes: 0 }));
    t.like(refused, { code: 'world-refused', details: { code: 'command-malformed' } });
  });
});
