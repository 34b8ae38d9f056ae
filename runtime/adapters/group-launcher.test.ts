import test from 'ava';
import type { ExecutionContext } from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppGroup, ProcessEnd, Running } from '../hil/launch.ts';
import { ProcessLauncher } from './process-launcher.ts';
import { NO_WALLS } from './walls/host-walls.ts';

const LIMITS = { memoryPages: 4 };
const IMAGE = Uint8Array.of(1, 2, 3);
const KILLED = { exitCode: undefined, signal: 'SIGKILL' };

/** A group whose program is this text. */
function group(t: ExecutionContext, code: string): AppGroup {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const program = { name: 'group', code: new TextEncoder().encode(code) };
  return launcher.startGroup(program, { placement: 'thread', contexts: [4, 5] }, LIMITS);
}

const ended = (running: Running): Promise<ProcessEnd> => new Promise((resolve) => running.onEnd(resolve));

/** Reads its orders and does nothing about them. */
const DEAF = "import { Socket } from 'node:net'; new Socket({ fd: 3 }).resume();";
/** Says these bytes as soon as it has been told something. */
const says = (...bytes: readonly number[]): string =>
  `import { Socket } from 'node:net'; const s = new Socket({ fd: 3 }); s.once('data', () => s.write(Uint8Array.of(${bytes.join()}))); s.resume();`;
/** The word that an app has ended: of this context, with this exit code. */
const word = (context: number, code: number): readonly number[] => [6, 0, 0, 0, 5, context, 0, 0, code, 0];

test('a group that does not end an app when it is told to is ended whole', async (t) => {
  const process = group(t, DEAF);
  const [told, neighbour] = [process.startApp(4, IMAGE), process.startApp(5, IMAGE)];
  const ends = Promise.all([ended(told), ended(neighbour), ended(process)]);
  told.kill();
  for (const end of await ends) t.like(end, KILLED);
});

test('the word of an end is believed of an app that the group has', async (t) => {
  const process = group(t, says(...word(5, 9)));
  const app = process.startApp(5, IMAGE);
  t.like(await ended(app), { exitCode: 9, signal: undefined });
});

/** What no group says that runs the code of the OS image. */
const LIES: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['that an app has ended which it does not have', word(4, 0)],
  ['that an app of another process has ended', word(1, 0)],
  ['a frame that is none', [2, 0, 0, 0, 9, 9]],
  ['a frame without end', [255, 255, 255, 255]],
];
for (const [what, bytes] of LIES) {
  test(`a group that says ${what} is ended, and its apps with it`, async (t) => {
    const process = group(t, says(...bytes));
    const app = process.startApp(5, IMAGE);
    t.like(await ended(app), KILLED);
  });
}

test('a board that requires a wall gets no group which stands without it', (t) => {
  const walls = { ...NO_WALLS, reports: NO_WALLS.reports.map((report) => ({ ...report, stands: true })) };
  const launcher = new ProcessLauncher(walls, ['empty-root']);
  t.teardown(() => launcher.close());
  const program = { name: 'group', code: new TextEncoder().encode('') };
  t.throws(() => launcher.startGroup(program, { placement: 'worker', contexts: [4] }, LIMITS), {
    code: 'launch-failed',
  });
  t.notThrows(() => launcher.startGroup(program, { placement: 'thread', contexts: [4] }, LIMITS));
});

test('a group starts nothing in a context that is not its own, or taken, or after its end', async (t) => {
  const process = group(t, DEAF);
  const app = process.startApp(4, IMAGE);
  t.throws(() => process.startApp(4, IMAGE), { code: 'launch-failed' });
  t.throws(() => process.startApp(1, IMAGE), { code: 'launch-failed' });
  const end = ended(app);
  process.kill();
  await end;
  await sleep(0);
  t.throws(() => process.startApp(5, IMAGE), { code: 'launch-failed' });
});
