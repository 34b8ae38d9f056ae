// Apps that crash, exit, spin or will not end, on a whole device in real time: the app suffers, the device does not.

import test from 'ava';
import { RUNNER_EXIT } from '../contracts/core/last-words.ts';
import { parseComponentId } from '../contracts/core/ids.ts';
import { buildApp } from '../toolchain/build/build-app.ts';
import type { Bench, BenchEvent } from '../toolchain/cli/bench.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { sharedFolder } from './support/casemate.ts';
import { onDevice as onDeviceWith, statusOf, told } from './support/installed-app.ts';

const folder = sharedFolder(test);
const NAMES = new Map<number, string>();
/** Five starts and the delays between them (1, 2, 4 and 8 s), on a busy machine. */
const CRASH_LOOP_MS = 60_000;
const EVENT_MS = 20_000;

async function onDevice(
  name: string,
  source: string,
  work: (bench: Bench, componentId: string) => Promise<void>,
): Promise<void> {
  await onDeviceWith(folder.path(''), [{ name, source }], (bench, [componentId = '']) => work(bench, componentId));
}

function eventsOf(bench: Bench): readonly BenchEvent[] {
  const events: BenchEvent[] = [];
  bench.onEvent((event) => events.push(event));
  return events;
}

/** The app's first log line, whether it has come already or is on its way. */
const loggedBy = (bench: Bench): Promise<BenchEvent> => told(bench, 'its log', (event) => event.kind === 'log');

test.serial(
  'a crash loop: each restart waits longer, then the app is given up and reported, and the device is well',
  async (t) => {
    t.timeout(CRASH_LOOP_MS + EVENT_MS);
    const source = '#include <applibs/log.h>\nint main(void) { Log_Debug("bye\\n"); __builtin_trap(); }';
    await onDevice('crasher', source, async (bench, componentId) => {
      const events = eventsOf(bench);
      const failure = await bench.next('the device to give up', (event) => event.kind === 'failure', CRASH_LOOP_MS);
      t.like(failure, { kind: 'failure', componentId, lastEnd: { reason: 'trap' } });
      const ends = events.filter((event) => event.kind === 'trap').map(({ t: at }) => at);
      const starts = events.filter((event) => event.kind === 'started').map(({ t: at }) => at);
      const delays = starts.map((at) => at - Math.max(...ends.filter((end) => end < at)));
      const waited = delays.filter((delay) => Number.isFinite(delay));
      t.true(waited.length >= 3, `restarts after ${waited.join(', ')} ms`);
      waited.slice(1).forEach((delay, index) => {
        // Each is twice the one before it; half of that leaves room for a busy machine.
        t.true(delay > (waited[index] ?? 0) * 1.5, `restarts after ${waited.join(', ')} ms`);
      });
      t.like(await statusOf(bench, componentId), { state: 'failed', lastEnd: { reason: 'trap' } });
      t.like(await bench.client.show(), { board: 'mt3620_rdb' });
      const crashes = await bench.client.crashes();
      t.deepEqual(
        crashes.map(({ restarts }) => restarts),
        [1, 2, 3, 4],
      );
      const about = { app: 'crasher', componentId, cause: 'unreachable', code: null, fuelUsed: null };
      t.like(crashes.at(-1), { ...about, exitCode: RUNNER_EXIT.trap, signal: null });
      t.deepEqual(crashes.at(-1)?.lastCalls, [{ function: 'log.write', resource: '', outcome: 'ok' }]);
      t.regex(crashes.at(-1)?.stack.join('\n') ?? '', /^\[\d+\] \+0x[0-9a-f]+ /);
    });
  },
);

test.serial('an app that ends is started again, and its exit code is told', async (t) => {
  await onDevice('leaver', 'int main(void) { return 7; }', async (bench, componentId) => {
    const again = bench.next('the restart', (event) => event.kind === 'started', EVENT_MS);
    const ended = bench.next('the end', (event) => event.kind === 'exit', EVENT_MS);
    t.like(await ended, { kind: 'exit', componentId, code: 7, reason: 'exit' });
    t.like(await again, { kind: 'started', componentId });
  });
});

test.serial('an app that spins and hears nothing is ended by force when its grace period is over', async (t) => {
  await onDevice(
    'deaf',
    '#include <stdbool.h>\nint main(void) { volatile int i = 0; while (true) i++; }',
    async (bench, componentId) => {
      const id = parseComponentId(componentId);
      if (id === undefined) return t.fail('a random id is an id');
      t.like(await statusOf(bench, componentId), { state: 'running' });
      const stopped = await bench.client.stopApp(id);
      t.like(stopped, { state: 'stopped', lastEnd: { reason: 'killed' } });
      t.like(await bench.client.startApp(id), { state: 'running' });
    },
  );
});

test.serial('memory: an app that asks for more than its grant gets ENOMEM and lives', async (t) => {
  const source = [
    '#include <errno.h>',
    '#include <stdlib.h>',
    '#include <string.h>',
    '#include <unistd.h>',
    '#include <applibs/log.h>',
    // Volatile: else the compiler sees that nobody reads the blocks and leaves the allocations out.
    'static char *volatile block;',
    'int main(void) {',
    '    size_t got = 0;',
    '    for (; (block = malloc(4096)) != NULL; got += 4096) memset(block, 1, 4096);',
    '    Log_Debug("got %u KiB, then %s\\n", (unsigned)(got / 1024), errno == ENOMEM ? "ENOMEM" : "another error");',
    '    for (;;) sleep(1000);',
    '}',
  ].join('\n');
  await onDevice('hungry', source, async (bench, componentId) => {
    const logged = await loggedBy(bench);
    t.true(logged.kind === 'log' && /^got (\d+) KiB, then ENOMEM/.test(logged.message), JSON.stringify(logged));
    const [, kib] = logged.kind === 'log' ? (/^got (\d+)/.exec(logged.message) ?? []) : [];
    t.true(Number(kib) > 100 && Number(kib) < 256, `${kib} KiB of the board’s 256`);
    t.like(await statusOf(bench, componentId), { state: 'running' });
  });
});

test.serial(
  'state survives: an installed app and the development right are there after a power cycle and a reset',
  async (t) => {
    const { manufactureDevice } = await import('../toolchain/factory/manufacture.ts');
    const { developmentCapability } = await import('../toolchain/factory/profile.ts');
    const { Bench: BenchClass } = await import('../toolchain/cli/bench.ts');
    const profile = await prepareProfile(folder.path('state'));
    const device = folder.path('kept');
    const made = await manufactureDevice({
      folder: device,
      board: 'mt3620_rdb',
      release: profile.release,
      anchors: profile.anchors,
    });
    const blink = await buildApp({ folder: `${import.meta.dirname}/../apps/blink` });
    const first = await BenchClass.start(device, NAMES);
    await first.client.applyCapability(await developmentCapability(profile, made.deviceId));
    await first.client.sideload(profile.developmentKey.signImage(blink.image));
    await first.stop();
    const second = await BenchClass.start(device, NAMES);
    try {
      t.like((await second.client.images())[0], { imageId: blink.imageId, trust: 'development' });
      t.deepEqual((await second.client.show()).rights, ['appDevelopment']);
      t.like(await statusOf(second, blink.componentId), { state: 'running' });
      await second.client.removeCapability();
    } finally {
      await second.stop();
    }
    // Without the right the sideloaded image counts for nothing any more.
    const third = await BenchClass.start(device, NAMES);
    try {
      t.not((await statusOf(third, blink.componentId))?.state, 'running');
    } finally {
      await third.stop();
    }
  },
);
