import test from 'ava';
import type { ExecutionContext } from 'ava';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftOut } from '../../test/support/left-out.ts';
import type { ByteChannel, ProcessEnd, RunningProcess } from '../hil/launch.ts';
import { ProcessLauncher } from './process-launcher.ts';
import { NO_WALLS, hostWalls } from './walls/host-walls.ts';
import { WALL_FACTS } from './walls/wall-facts.ts';

const program = (name: string, code: string) => ({ name, code: new TextEncoder().encode(code) });
const limits = { memoryPages: 4 };
const ended = (process: RunningProcess): Promise<ProcessEnd> => new Promise((resolve) => process.onEnd(resolve));
const noImage = new Uint8Array(0);

function received(channel: ByteChannel, length: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    let bytes = new Uint8Array(0);
    channel.onBytes((chunk) => {
      bytes = Uint8Array.of(...bytes, ...chunk);
      if (bytes.length >= length) resolve(bytes);
    });
  });
}

/** An OS that answers on both channels, and turns what it reads from each context into a reply there. */
const ECHO_OS = `
import { Socket } from 'node:net';
for (const fd of [3, 4]) { const s = new Socket({ fd }); s.on('data', (d) => s.write(Buffer.concat([Buffer.from([fd]), d]))); }
for (let n = 1; n < 8; n++) {
  const requests = new Socket({ fd: 3 + 2 * n, readable: true, writable: false });
  const replies = new Socket({ fd: 4 + 2 * n, readable: false, writable: true });
  requests.on('data', (d) => replies.write(Buffer.concat([Buffer.from([n]), d])));
}`;

/** A compartment that asks once and says on standard error what it got. */
const ASKING_APP = `
import { readSync, writeSync } from 'node:fs';
writeSync(4, 'hello');
const reply = Buffer.alloc(6);
for (let got = 0; got < 6; ) got += readSync(5, reply, { offset: got });
process.stderr.write(reply.subarray(1).toString() + reply[0]);
`;

test('the OS has the bus on descriptor 3 and the secure calls on 4', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const os = launcher.startOs(program('os', ECHO_OS));
  const answers = Promise.all([received(os.bus, 3), received(os.secureCalls, 3)]);
  os.bus.send(Uint8Array.of(1, 2));
  os.secureCalls.send(Uint8Array.of(8, 9));
  t.deepEqual(await answers, [Uint8Array.of(3, 1, 2), Uint8Array.of(4, 8, 9)]);
});

test('a compartment meets the OS on the pipes of its context, one app after the other', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  launcher.startOs(program('os', ECHO_OS));
  for (const context of [3, 3, 7]) {
    const end = await ended(launcher.startCompartment(program('app', ASKING_APP), context, noImage, limits));
    t.deepEqual(end, { exitCode: 0, signal: undefined, lastWords: `hello${context}` });
  }
});

test('what an app left in its pipes does not reach the next one', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  // No OS reads yet: the bytes stay in the pipe.
  const leave = `import { writeSync } from 'node:fs'; writeSync(4, 'left behind');`;
  t.like(await ended(launcher.startCompartment(program('app', leave), 2, noImage, limits)), { exitCode: 0 });
  const app = launcher.startCompartment(program('app', ASKING_APP), 2, noImage, limits);
  launcher.startOs(program('os', ECHO_OS));
  t.like(await ended(app), { exitCode: 0, lastWords: 'hello2' });
});

test('a compartment has exactly the image on descriptor 3, no environment and no file', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const image = new Uint8Array(randomBytes(700_000));
  const look = `
import { createHash } from 'node:crypto';
import { readFileSync, readSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
const hash = createHash('sha256');
const part = Buffer.alloc(65536);
for (let got; (got = readSync(3, part)) > 0; ) hash.update(part.subarray(0, got));
const refused = (act) => { try { act(); return 'allowed'; } catch (error) { return error.code; } };
const facts = [hash.digest('hex'), JSON.stringify(process.env), refused(() => readFileSync('/etc/hostname')), refused(() => spawnSync('true'))];
process.stderr.write(facts.join(' '));
`;
  const { lastWords } = await ended(launcher.startCompartment(program('app', look), 1, image, limits));
  const digest = createHash('sha256').update(image).digest('hex');
  t.is(lastWords, `${digest} {} ERR_ACCESS_DENIED ERR_ACCESS_DENIED`);
});

/** Every descriptor that it has and what kind each is; Node's own pipes and event descriptors among them. */
const DESCRIPTORS = `
import { fstatSync } from 'node:fs';
const kinds = [];
for (let fd = 0; fd < 256; fd += 1) {
  try { const at = fstatSync(fd); kinds.push([fd, at.isFile() ? 'file' : at.isDirectory() ? 'folder' : at.isSocket() ? 'socket' : 'other']) } catch {}
}
process.stderr.write(JSON.stringify(kinds));
`;

test('a compartment inherits its six descriptors and nothing else that lies open in the secure world', async (t) => {
  // A file of the secure world that a child would inherit if anybody let it, and that is open while the child starts.
  const left = await open('/etc/hostname');
  t.teardown(() => left.close());
  for (const walls of [NO_WALLS, hostWalls()]) {
    const launcher = new ProcessLauncher(walls);
    t.teardown(() => launcher.close());
    const { lastWords } = await ended(launcher.startCompartment(program('app', DESCRIPTORS), 1, noImage, limits));
    const kinds = JSON.parse(lastWords) as readonly (readonly [number, string])[];
    t.deepEqual(
      kinds.filter(([fd]) => fd < 6).map(([fd]) => fd),
      [0, 1, 2, 3, 4, 5],
    );
    t.deepEqual(
      kinds.filter(([fd, kind]) => fd > 5 && kind !== 'other'),
      [],
    );
  }
  // That the look would have found it.
  const handed = spawn(process.execPath, ['--input-type=module', '-e', DESCRIPTORS], {
    stdio: ['ignore', 'ignore', 'pipe', 'ignore', 'ignore', 'ignore', left.fd],
  });
  const told = await new Promise<string>((resolve) =>
    handed.stderr?.once('data', (said: Buffer) => resolve(said.toString())),
  );
  t.true((JSON.parse(told) as unknown[]).some((kind) => JSON.stringify(kind) === '[6,"file"]'));
});

test('the way that the lock went is closed behind it', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const reach = `
import ffi from 'node:ffi';
const refused = (act) => { try { act(); return 'allowed' } catch (error) { return error.code } };
process.stderr.write(refused(() => ffi.dlopen(null, { getpid: { return: 'int32', arguments: [] } })) + process.permission.has('ffi'));`;
  const { lastWords } = await ended(launcher.startCompartment(program('app', reach), 1, noImage, limits));
  t.is(lastWords, 'ERR_ACCESS_DENIEDfalse');
});

test('a board that requires a wall gets nothing started where it does not stand', (t) => {
  const launcher = new ProcessLauncher(NO_WALLS, ['permission', 'own-user']);
  t.teardown(() => launcher.close());
  for (const start of [
    () => launcher.startOs(program('os', '')),
    () => launcher.startCompartment(program('app', ''), 1, noImage, limits),
  ]) {
    const error = t.throws(start);
    t.is((error as { code?: string }).code, 'launch-failed');
    t.regex(error.message, /own-user/);
    t.notRegex(error.message, /permission/);
  }
  const lenient = new ProcessLauncher(NO_WALLS, ['permission']);
  t.teardown(() => lenient.close());
  t.notThrows(() => lenient.startCompartment(program('app', ''), 1, noImage, limits));
});

test('a running compartment tells what it takes of the host', async (t) => {
  if (!hostWalls().standing.has('memory-group')) {
    return leftOut(t, 'control groups', WALL_FACTS['memory-group'].remedy);
  }
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const app = launcher.startCompartment(program('app', 'for (;;);'), 1, noImage, limits);
  while ((app.usage()?.cpuNs ?? 0) < 1_000_000) await sleep(5);
  const { memoryBytes = 0, peakBytes = 0 } = app.usage() ?? {};
  t.true(memoryBytes > 0 && peakBytes >= memoryBytes);
  app.kill();
});

test('an app that takes memory by other means than wasm is ended, and no other', async (t) => {
  if (!hostWalls().standing.has('memory-group')) {
    return leftOut(t, 'control groups', WALL_FACTS['memory-group'].remedy);
  }
  t.timeout(30_000);
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const quiet = launcher.startCompartment(program('quiet', 'setInterval(() => undefined, 1000)'), 2, noImage, limits);
  const take = 'const kept = []; for (;;) kept.push(new Uint8Array(16 * 1024 * 1024).fill(1));';
  const greedy = launcher.startCompartment(program('greedy', take), 1, noImage, limits);
  t.is((await ended(greedy)).signal, 'SIGKILL');
  t.true(isAlive(quiet.pid));
});

test('an OS that takes memory without end is ended, and leaves the host its own', async (t) => {
  if (!hostWalls().standing.has('memory-group')) {
    return leftOut(t, 'control groups', WALL_FACTS['memory-group'].remedy);
  }
  t.timeout(30_000);
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const take = 'const kept = []; while (kept.length < 64) kept.push(new Uint8Array(16 * 1024 * 1024).fill(1));';
  const { exitCode, signal } = await ended(launcher.startOs(program('os', `${take} process.exit(7)`)));
  t.deepEqual([exitCode, signal], [undefined, 'SIGKILL']);
});

test('a compartment cannot make more wasm memory than its limit', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const grow = `
const grown = (initial) => { try { return new WebAssembly.Memory({ initial }).buffer.byteLength / 65536; } catch { return 'refused'; } };
const memory = new WebAssembly.Memory({ initial: 1 });
const more = (() => { try { memory.grow(4); return 'allowed'; } catch { return 'refused'; } })();
process.stderr.write([grown(4), grown(5), more].join(' '));
`;
  const { lastWords } = await ended(launcher.startCompartment(program('app', grow), 1, noImage, limits));
  t.is(lastWords, '4 refused refused');
});

test('of long last words the end is kept, at most 4 KiB', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const talk = `process.stderr.write('x'.repeat(100000) + 'the end'); process.exitCode = 254;`;
  const { exitCode, lastWords } = await ended(launcher.startCompartment(program('app', talk), 1, noImage, limits));
  t.is(exitCode, 254);
  t.is(lastWords.length, 4096);
  t.true(lastWords.endsWith('the end'));
});

test('kill ends an app that never returns', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const app = launcher.startCompartment(program('app', 'for (;;);'), 1, noImage, limits);
  const end = ended(app);
  app.kill();
  t.like(await end, { exitCode: undefined, signal: 'SIGKILL' });
});

test('a context that the board does not have is refused', (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const error = t.throws(() => launcher.startCompartment(program('app', ''), 8, noImage, limits));
  t.is((error as { code?: string }).code, 'launch-failed');
});

test('a closed launcher starts nothing, and may be closed again', (t) => {
  const launcher = new ProcessLauncher();
  launcher.close();
  // The descriptors of the closed pipes may be somebody else's now: a second close must leave them alone.
  const next = new ProcessLauncher();
  t.teardown(() => next.close());
  launcher.close();
  const starts = [
    () => launcher.startOs(program('os', '')),
    () => launcher.startCompartment(program('app', ''), 1, noImage, limits),
  ];
  for (const start of starts) t.is((t.throws(start) as { code?: string }).code, 'launch-failed');
  t.notThrows(() => next.startCompartment(program('app', ''), 1, noImage, limits));
});

test('after the close nothing that the OS sent is delivered, and no end is told', async (t) => {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const talk = `import { Socket } from 'node:net';
    for (const fd of [3, 4]) { const s = new Socket({ fd }); setInterval(() => s.write(Buffer.alloc(1 << 16)), 1); }`;
  const os = launcher.startOs(program('os', talk));
  const app = launcher.startCompartment(program('app', 'for (;;);'), 1, noImage, limits);
  const heard: string[] = [];
  os.onEnd(() => heard.push('end of the OS'));
  app.onEnd(() => heard.push('end of the app'));
  let told: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (told = resolve));
  for (const channel of [os.bus, os.secureCalls]) {
    channel.onBytes(() => {
      heard.push('bytes');
      launcher.close();
      told();
    });
  }
  await first;
  while (isAlive(os.pid) || isAlive(app.pid)) await sleep(5);
  // Whatever was under way has arrived by now.
  await sleep(100);
  t.deepEqual(heard, ['bytes']);
});

/** A parent that starts an OS and a compartment, which runs `process.argv[2]`, and tells their pids. */
const PARENT = `
const { ProcessLauncher } = await import(process.argv[1]);
const launcher = new ProcessLauncher();
const program = (code) => ({ name: 'p', code: new TextEncoder().encode(code) });
const os = launcher.startOs(program("import { Socket } from 'node:net'; const s = new Socket({ fd: 3 }); s.resume(); s.on('close', () => process.exit()); s.write('up')"));
const app = launcher.startCompartment(program(process.argv[2]), 1, new Uint8Array(0), { memoryPages: 1 });
os.bus.onBytes(() => process.stdout.write(JSON.stringify([os.pid, app.pid])));
`;

/** Kills the parent of an OS and of an app that runs this, and resolves when both are gone. */
async function killSecureWorldOf(t: ExecutionContext, app: string): Promise<void> {
  const module = new URL('process-launcher.ts', import.meta.url).href;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT, module, app], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) =>
    parent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const pids = JSON.parse(line) as number[];
  t.teardown(() => pids.filter(isAlive).forEach((pid) => process.kill(pid, 'SIGKILL')));
  t.true(pids.every(isAlive));
  parent.kill('SIGKILL');
  while (pids.some(isAlive)) await sleep(5);
}

test('when the secure world is killed, OS and compartments end too', async (t) => {
  await killSecureWorldOf(t, "import { readSync } from 'node:fs'; process.exitCode = readSync(5, Buffer.alloc(1))");
  t.pass('every one of them is gone');
});

test('an app that spins and reads nothing ends with the secure world too', async (t) => {
  if (spawnSync('/usr/bin/setpriv', ['--pdeathsig', 'KILL', '--', '/bin/true']).status !== 0) {
    return leftOut(t, 'setpriv --pdeathsig', 'apt-get install util-linux');
  }
  t.timeout(10_000);
  await killSecureWorldOf(t, 'for (;;);');
  t.pass('every one of them is gone');
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
