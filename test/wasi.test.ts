// Unmodified WASI programs on a whole device: C with the whole of libc and the stock adapter, installed, run, stopped, updated, removed. Never
// a header or a library of ours in them.

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { ComponentId } from '../contracts/core/ids.ts';
import { checkPackagedManifest } from '../contracts/wire/manifest-package.ts';
import { packageApp } from '../toolchain/build/package-app.ts';
import type { Bench } from '../toolchain/cli/bench.ts';
import { withFreshDevice } from '../toolchain/cli/fresh-device.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { wasiParts } from './oracle/wasi/install.ts';
import type { Ran } from './support/casemate.ts';
import { casemate, document, lines, sharedFolder } from './support/casemate.ts';
import { statusOf } from './support/installed-app.ts';
import { wasiCommand } from './support/wasi-command.ts';

const folder = sharedFolder(test);
const EVENT_MS = 30_000;
const APP = '5a7e11e5-0000-4000-8000-0000000000aa' as ComponentId;

/** The component in a file; `undefined` where the parts of WASI are not there and the test is left out. */
async function program(t: ExecutionContext<unknown>, name: string): Promise<string | undefined> {
  const parts = wasiParts(t);
  if (parts === undefined) return undefined;
  const source = readFileSync(new URL(`support/wasi-programs/${name}.c`, import.meta.url), 'utf8');
  const file = folder.path(`${name}.wasm`);
  writeFileSync(file, await wasiCommand(source, parts));
  return file;
}

const run = (file: string, ...more: readonly string[]): Promise<Ran> =>
  casemate(['run', file, '--state', folder.path('state'), '--json', ...more]);
const messages = (ran: Ran): readonly unknown[] =>
  lines(ran).flatMap((event) => (event['kind'] === 'log' ? [event['message']] : []));

test.serial('casemate run of a bare WASI program runs it once, prints its lines, and grants it nothing', async (t) => {
  const file = await program(t, 'tour');
  if (file === undefined) return;
  const ran = await run(file);
  t.is(ran.exitCode, 0, ran.stderr);
  const said = messages(ran);
  t.deepEqual(
    said.filter((line) => !String(line).startsWith('random ')),
    [
      'arguments: app',
      'LANG=unset',
      'image: no file',
      'image is Read-only file system',
      'storage: No such file or directory',
      'outside: No such file or directory',
      'slept for at least 20 ms',
      'the year is possible',
      'no line feed at the end',
    ],
  );
  t.like(lines(ran).at(-1), { kind: 'exit', code: 0, reason: 'exit' });
  t.is(lines(ran).filter(({ kind }) => kind === 'started').length, 1);
});

test.serial('the same seed gives a WASI program the same random bytes, another one others', async (t) => {
  const file = await program(t, 'tour');
  if (file === undefined) return;
  const drawn = async (seed: string): Promise<unknown> =>
    messages(await run(file, '--seed', seed)).find((line) => String(line).startsWith('random '));
  const [one, again, other] = [await drawn('1'), await drawn('1'), await drawn('2')];
  t.regex(String(one), /^random [0-9a-f]{16}$/);
  t.is(one, again);
  t.not(one, other);
});

test.serial(
  'a program that needs more than the board has is refused with the option that helps, and runs with it',
  async (t) => {
    const file = await program(t, 'large');
    if (file === undefined) return;
    const refused = await run(file);
    t.is(refused.exitCode, 1);
    const { error } = document(refused) as { error: { code: string; hint: string } };
    t.is(error.code, 'memory-over-limit');
    const size = /--memory (\d+KiB)/.exec(error.hint)?.[1] ?? '';
    const ran = await run(
      file,
      '--memory',
      size.replace(/^\d+/, (amount) => String(Number(amount) + 128)),
    );
    t.deepEqual(messages(ran), ['large and well']);
  },
);

/** Installs the program with rights and files, as a build would. */
async function install(bench: Bench, file: string, rollback: number): Promise<void> {
  const manifest = {
    SchemaVersion: 1,
    Name: 'keeper',
    ComponentId: APP,
    EntryPoint: '/bin/app',
    CmdArgs: ['-x'],
    Environment: { LANG: 'de_DE.UTF-8' },
    Capabilities: { MutableStorage: { SizeKB: 1 } },
    ApplicationType: 'Default',
  };
  const verdict = checkPackagedManifest(new TextEncoder().encode(JSON.stringify(manifest)));
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  const { image } = packageApp({
    component: new Uint8Array(readFileSync(file)),
    manifest: verdict.packaged,
    files: new Map([['data/greeting.txt', new TextEncoder().encode('guten Tag')]]),
    version: '1.0.0',
    rollback,
    language: 'c',
    hardware: 'mt3620_rdb',
    sourceDigest: undefined,
    memoryLimitBytes: 256 * 1024,
    catalogId: undefined,
  });
  const profile = await prepareProfile(folder.path('state'));
  await bench.client.sideload(profile.developmentKey.signImage(image));
}

async function onDevice(work: (bench: Bench) => Promise<void>): Promise<void> {
  const profile = await prepareProfile(folder.path('state'));
  await withFreshDevice({ profile, board: 'mt3620_rdb', names: new Map() }, (bench) => work(bench));
}

test.serial(
  'what a WASI program keeps outlives its end, the device’s power and an update, and not its removal',
  async (t) => {
    t.timeout(120_000);
    const file = await program(t, 'keeper');
    if (file === undefined) return;
    await onDevice(async (bench) => {
      const said: string[] = [];
      bench.onEvent((event) => event.kind === 'log' && said.push(event.message));
      const starts = (n: number) =>
        bench.next(`start ${n}`, (event) => event.kind === 'log' && event.message === `starts ${n}`, EVENT_MS);
      const first = starts(1);
      await install(bench, file, 1);
      await first;
      // The device starts a program that ended again.
      await starts(2);
      t.deepEqual(said.slice(0, said.indexOf('starts 1')), [
        'arguments: app -x',
        'LANG=de_DE.UTF-8',
        'image: guten Tag',
        'folder: greeting.txt',
        'over the quota: No space left on device',
        'up and out: Operation not permitted',
        'by an absolute path: No such file or directory',
      ]);
      t.like(await bench.next('the end', (event) => event.kind === 'exit', EVENT_MS), { code: 1, reason: 'exit' });
      await bench.client.restart();
      // Whoever listened to the events of the boot before hears nothing of this one.
      await heard(bench, 'starts 3');
      await install(bench, file, 2);
      await heard(bench, 'starts 4');
      await bench.client.deleteImage(APP);
      await install(bench, file, 2);
      await heard(bench, 'starts 1');
    });
  },
);

/** The line stands in the audit trail of this boot, or comes into it. */
async function heard(bench: Bench, message: string): Promise<void> {
  for (const endsAt = Date.now() + EVENT_MS; Date.now() < endsAt;) {
    // A question that a reset met on its way gets no answer.
    const none = setTimeout(1000, { events: [] });
    const { events } = await Promise.race([bench.client.audit(), none]);
    if (events.some((event) => event.kind === 'log' && event.message === message)) return;
    await setTimeout(100);
  }
  throw new Error(`nobody said "${message}"`);
}

test.serial('a WASI program that waits has its grace period, and is then ended', async (t) => {
  const file = await program(t, 'sleeper');
  if (file === undefined) return;
  await onDevice(async (bench) => {
    const asleep = bench.next('its line', (event) => event.kind === 'log', EVENT_MS);
    await install(bench, file, 1);
    await asleep;
    const end = bench.next('the end', (event) => event.kind === 'exit', EVENT_MS);
    await bench.client.stopApp(APP);
    t.like(await end, { reason: 'killed', code: null });
    t.like(await statusOf(bench, APP), { state: 'stopped' });
  });
});
