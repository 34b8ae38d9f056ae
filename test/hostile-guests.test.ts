// Guests that take all they can get, on a whole device beside an app that behaves: each meets its limit, and nobody else notices.

import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parseComponentId } from '../contracts/core/ids.ts';
import type { Bench, BenchEvent } from '../toolchain/cli/bench.ts';
import { sharedFolder } from './support/casemate.ts';
import type { AppText } from './support/installed-app.ts';
import { onDevice, statusOf, told } from './support/installed-app.ts';

const folder = sharedFolder(test);
const BEAT_MS = 10_000;

/** Says "beat" four times a second, for ever. */
const METRONOME: AppText = {
  name: 'metronome',
  source: [
    '#include <time.h>',
    '#include <applibs/log.h>',
    'int main(void) {',
    '    const struct timespec quarter = {.tv_nsec = 250000000};',
    '    for (;;) { nanosleep(&quarter, NULL); Log_Debug("beat\\n"); }',
    '}',
  ].join('\n'),
};

/** What the hostile app did, and then: the device answers and the metronome beats on. */
async function beside(
  t: ExecutionContext<unknown>,
  name: string,
  source: string,
  work: (bench: Bench, componentId: string) => Promise<void>,
): Promise<void> {
  t.timeout(120_000);
  await onDevice(folder.path(''), [METRONOME, { name, source }], async (bench, [metronome = '', hostile = '']) => {
    await work(bench, hostile);
    const beat = (event: BenchEvent): boolean => event.kind === 'log' && event.componentId === metronome;
    await bench.next('the next beat', beat, BEAT_MS);
    await bench.next('the beat after it', beat, BEAT_MS);
    t.like(await statusOf(bench, metronome), { state: 'running', restarts: 0 });
    t.like(await bench.client.show(), { board: 'mt3620_rdb' });
  });
}

/** Processor time of the app so far; `undefined`: this host does not count it. */
async function processorMs(bench: Bench, componentId: string): Promise<number | undefined> {
  const stats = (await bench.client.memoryStats()).find((app) => app.componentId === componentId);
  return stats?.resources.find(({ resource }) => resource === 'processor')?.used;
}

const logOf =
  (componentId: string, text: RegExp) =>
  (event: BenchEvent): boolean =>
    event.kind === 'log' && event.componentId === componentId && text.test(event.message);
const endOf =
  (componentId: string) =>
  (event: BenchEvent): boolean =>
    event.kind === 'exit' && event.componentId === componentId;

test.serial('files opened without end: the 65th is EMFILE, and so is every one after it', async (t) => {
  const source = [
    '#include <errno.h>',
    '#include <sys/timerfd.h>',
    '#include <time.h>',
    '#include <unistd.h>',
    '#include <applibs/log.h>',
    'int main(void) {',
    '    int opened = 0, refused = 0;',
    '    for (int i = 0; i < 5000; i++) {',
    '        if (timerfd_create(CLOCK_MONOTONIC, 0) >= 0) opened++;',
    '        else if (errno == EMFILE) refused++;',
    '    }',
    '    Log_Debug("opened %d, EMFILE %d\\n", opened, refused);',
    '    for (;;) sleep(1000);',
    '}',
  ].join('\n');
  await beside(t, 'collector', source, async (bench, componentId) => {
    await told(bench, 'its count', logOf(componentId, /^opened \d+, EMFILE \d+/));
    const { events } = await bench.client.audit();
    const [line] = events.filter(logOf(componentId, /^opened/));
    const [, opened, refused] = /^opened (\d+), EMFILE (\d+)/.exec(line?.kind === 'log' ? line.message : '') ?? [];
    t.true(Number(opened) > 0 && Number(opened) <= 64, `${opened} opened`);
    t.is(Number(opened) + Number(refused), 5_000);
    const stats = (await bench.client.memoryStats()).find((app) => app.componentId === componentId);
    t.like(
      stats?.resources.find(({ resource }) => resource === 'handles'),
      { used: 64, limit: 64, peak: 64 },
    );
  });
});

test.serial('a million handles of the canonical ABI: the table ends at its bound, in a trap', async (t) => {
  const source = [
    '#include <stdint.h>',
    '__attribute__((import_module("casemate:device/timers@0.1.0"), import_name("create"))) void create(void *answer);',
    '__attribute__((import_module("casemate:device/timers@0.1.0"), import_name("[method]timer.subscribe")))',
    'uint32_t subscribe(uint32_t timer);',
    'static uint32_t answer[2];',
    'int main(void) {',
    '    create(answer);',
    '    for (int i = 0; i < 1000000; i++) subscribe(answer[1]);',
    '    return 0;',
    '}',
  ].join('\n');
  await beside(t, 'hoarder', source, async (bench, componentId) => {
    const trap = await told(bench, 'its trap', (event) => event.kind === 'trap' && event.componentId === componentId);
    t.regex(trap.kind === 'trap' ? trap.detail : '', /handles-too-many/);
  });
});

test.serial('a loop that grows its memory ends at its grant, not at 4 GiB, and the budget shows it', async (t) => {
  const source = [
    '#include <unistd.h>',
    '#include <applibs/log.h>',
    'int main(void) {',
    '    unsigned pages = 0;',
    '    while (__builtin_wasm_memory_grow(0, 1) != (unsigned long)-1) pages++;',
    '    Log_Debug("grew to %lu pages\\n", __builtin_wasm_memory_size(0));',
    '    for (;;) sleep(1000);',
    '}',
  ].join('\n');
  await beside(t, 'grower', source, async (bench, componentId) => {
    await told(bench, 'its size', logOf(componentId, /^grew to 4 pages/));
    const stats = (await bench.client.memoryStats()).find((app) => app.componentId === componentId);
    const memory = stats?.resources.find(({ resource }) => resource === 'memory');
    t.deepEqual(memory, { resource: 'memory', unit: 'bytes', used: 262_144, limit: 262_144, peak: 262_144 });
  });
});

test.serial('a flood of log lines is cut at the allowance and told as a limit, and the others are heard', async (t) => {
  const source = [
    '#include <applibs/log.h>',
    'int main(void) { for (;;) Log_Debug("flood flood flood flood flood flood\\n"); }',
  ].join('\n');
  await beside(t, 'flooder', source, async (bench, componentId) => {
    const limit = await told(
      bench,
      'the limit',
      (event) => event.kind === 'limit' && event.componentId === componentId,
    );
    t.like(limit, { limit: 'log-lines', allowed: 100 });
    t.like(await statusOf(bench, componentId), { state: 'running', restarts: 0 });
  });
});

test.serial('a list of 2^31 elements is a trap of the canonical ABI before a byte of it is read', async (t) => {
  const source = [
    '#include <stdint.h>',
    '__attribute__((import_module("casemate:device/poll@0.1.0"), import_name("wait")))',
    'void wait_for(const void *list, uint32_t length, uint32_t has, uint64_t timeout, void *answer);',
    'static uint64_t answer[4];',
    'int main(void) { wait_for(answer, 0x80000000u, 1, 0, answer); return 0; }',
  ].join('\n');
  await beside(t, 'lister', source, async (bench, componentId) => {
    const trap = await told(bench, 'its trap', (event) => event.kind === 'trap' && event.componentId === componentId);
    t.regex(trap.kind === 'trap' ? trap.detail : '', /list-too-long|pointer-out-of-bounds/);
  });
});

test.serial('recursion without end is a trap, and the app is started again', async (t) => {
  const source = [
    '#include <stdint.h>',
    'static volatile uint32_t sink;',
    '__attribute__((noinline)) static uint32_t deeper(uint32_t n) { uint32_t below = deeper(n + 1); sink = below; return below + n; }',
    'int main(void) { return (int)deeper(0); }',
  ].join('\n');
  await beside(t, 'recursor', source, async (bench, componentId) => {
    const end = await told(bench, 'its end', endOf(componentId));
    t.like(end, { reason: 'trap' });
  });
});

test.serial('a loop without end takes its share of the processor and is ended when somebody asks', async (t) => {
  const source = 'int main(void) { for (volatile unsigned i = 0;; i++); }';
  await beside(t, 'spinner', source, async (bench, componentId) => {
    t.like(await statusOf(bench, componentId), { state: 'running' });
    // Only a host that counts says so; `casemate device show-isolation` tells.
    const used = (): Promise<number | undefined> => processorMs(bench, componentId);
    for (let tries = 0; (await used()) === 0 && tries < 100; tries++) await sleep(100);
    t.not(await used(), 0);
    const id = parseComponentId(componentId);
    if (id === undefined) return t.fail('a random id is an id');
    t.like(await bench.client.stopApp(id), { state: 'stopped', lastEnd: { reason: 'killed' } });
  });
});
