// What native code in a taken-over process can do to the host, and which wall alone already keeps it from that. Every attack is shown
// to work without walls first: a wall that stops what never worked would prove nothing.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftOut } from '../../../test/support/left-out.ts';
import type { WallName } from '../../hil/walls.ts';
import { ProcessGroup } from '../process-group.ts';
import { ControlGroup } from './control-groups.ts';
import type { HostWalls } from './host-walls.ts';
import { NO_WALLS, hostWalls, onlyWalls } from './host-walls.ts';
import { WALL_FACTS } from './wall-facts.ts';
import { userOf, walledCommand } from './walled-command.ts';

const MIB = 1024 * 1024;
const ON = process.arch === 'arm64' ? 'arm64' : 'x64';
/** Numbers of the kernel's calls, which the attacks make as machine code would. */
const CALL = {
  x64: {
    openat: 257,
    kill: 62,
    clone: 56,
    dup: 32,
    dup3: 292,
    execve: 59,
    socket: 41,
    connect: 42,
    ptrace: 101,
    shmget: 29,
    unshare: 272,
    io_uring_setup: 425,
  },
  arm64: {
    openat: 56,
    kill: 129,
    clone: 220,
    dup: 23,
    dup3: 24,
    execve: 221,
    socket: 198,
    connect: 203,
    ptrace: 117,
    shmget: 194,
    unshare: 97,
    io_uring_setup: 425,
  },
}[ON];

/**
 * Stands for the bug in the engine: before the lock it takes the means to make any system call and to know where bytes lie, which
 * the lock cannot take back. `call(name, ...)` answers what the kernel answered, -1 for a refusal.
 */
const TAKEN_OVER = `import ffi from 'node:ffi';
const word = 'uint64';
const { functions } = ffi.dlopen(null, {
  syscall: { return: 'int64', arguments: [word, word, word, word, word, word, word] },
  posix_spawn: { return: 'int32', arguments: [word, word, word, word, word, word] },
});
const numbers = ${JSON.stringify(CALL)};
// Where bytes lie is asked before the lock too.
const arena = new Uint8Array(65536);
const base = ffi.getRawPointer(arena.buffer);
let used = 0;
globalThis.bytes = (content) => {
  const at = used;
  used += (content.length + 15) & ~15;
  arena.set(content, at);
  return base + BigInt(at);
};
globalThis.text = (content) => bytes(Buffer.from(content + '\\0'));
globalThis.call = (name, ...words) => {
  const six = [...words, 0, 0, 0, 0, 0, 0].slice(0, 6).map((each) => BigInt.asUintN(64, BigInt(each)));
  return Number(functions.syscall(BigInt(numbers[name]), ...six));
};
const list = (words) => bytes(new Uint8Array(new BigUint64Array([...words.map(text), 0n]).buffer));
// Node marks its descriptors so that no other program gets them.
const keep = () => call('dup3', call('dup', 1), 1, 0);
globalThis.execute = (...words) => { keep(); return call('execve', text(words[0]), list(words), list([])); };
globalThis.start = (...words) => { keep(); return functions.posix_spawn(list([]), text(words[0]), 0n, 0n, list(words), list([])); };`;

const ENGINE = [
  '--allow-ffi',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=SecurityWarning',
  '--import',
  `data:text/javascript,${encodeURIComponent(TAKEN_OVER)}`,
];
const LIMITS = { memoryBytes: 192 * MIB, cpuPercent: 100, tasks: 48 };

interface Run {
  /** What it said on descriptor 1. */
  readonly said: string;
}

/** Runs the attack until it says the last word or ends, then kills it as the launcher does. */
async function attack(t: ExecutionContext, walls: HostWalls, program: string): Promise<Run> {
  const command = walledCommand({
    walls: walls.standing,
    engine: ENGINE,
    userId: userOf(process.pid, 1),
    descriptors: 3,
  });
  const isGrouped = Object.keys(walls.groups).length > 0;
  const group = isGrouped ? new ControlGroup(walls.groups, LIMITS) : undefined;
  const running = new ProcessGroup(command, ['pipe', 'pipe', 'pipe'], group);
  t.teardown(() => running.kill());
  const ended = new Promise<void>((resolve) => running.onEnd(() => resolve()));
  let said = '';
  const told = new Promise<void>((resolve) =>
    running.stream(1).on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('\n')) resolve();
    }),
  );
  running.stream(0).on('error', () => undefined);
  running
    .stream(0)
    .end(`process.stdout.write('began ');${program};process.stdout.write('\\n');setInterval(() => undefined, 1000);`);
  await Promise.race([told, ended]);
  running.kill();
  await ended;
  t.regex(said, /^began /, 'the attack was made');
  return { said: said.slice('began '.length).trim() };
}

interface Attack {
  readonly name: string;
  /** Each of these stops it, standing alone. */
  readonly stoppedBy: readonly WallName[];
  /** Sets the scene, attacks once behind these walls, and tells whether the attack worked, seen from outside where it can be. */
  readonly works: (t: ExecutionContext, walls: HostWalls) => Promise<boolean>;
}

/** Whoever is signalled, traced and read: another process of the same user. */
async function withVictim<Result>(
  work: (pid: number) => Promise<Result>,
): Promise<Result & { readonly survived: boolean }> {
  const victim = spawn('/bin/sleep', ['60'], { stdio: 'ignore', env: { SECRET: 'of another app' } });
  let survived = true;
  victim.once('exit', () => (survived = false));
  try {
    const result = await work(victim.pid ?? -1);
    await sleep(20);
    return { ...result, survived };
  } finally {
    victim.kill('SIGKILL');
  }
}

/** Whether a process has this somewhere in its arguments. */
function isAnyRunning(mark: string): boolean {
  const argumentsOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch (error) {
      // It ended between the two looks.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return '';
    }
  };
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && argumentsOf(name).includes(mark));
}

const ATTACKS: readonly Attack[] = [
  {
    // Node 26.10 asks for no right to write here.
    name: 'write a file through node:sqlite',
    stoppedBy: ['resource-limits', 'system-calls', 'empty-root', 'own-user'],
    works: async (t, walls) => {
      const folder = mkdtempSync(join(tmpdir(), 'casemate-victim-'));
      const file = join(folder, 'flash.bin');
      await attack(
        t,
        walls,
        `import { DatabaseSync } from 'node:sqlite';
        try { new DatabaseSync(${JSON.stringify(file)}).exec('create table t (a)') } catch {}`,
      );
      const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      rmSync(folder, { recursive: true });
      return bytes > 0;
    },
  },
  {
    // Node 26.10 asks for no right here either.
    name: 'kill the parent’s process with process.kill',
    stoppedBy: ['system-calls', 'own-user', 'pid-namespace'],
    works: async (t, walls) =>
      !(await withVictim((pid) => attack(t, walls, `try { process.kill(${pid}, 'SIGKILL') } catch {}`))).survived,
  },
  {
    name: 'read /proc of another app',
    stoppedBy: ['system-calls', 'empty-root', 'own-user'],
    works: async (t, walls) => {
      const open = (pid: number) =>
        `process.stdout.write(String(call('openat', -100, text('/proc/${pid}/environ'), 0)))`;
      return Number((await withVictim((pid) => attack(t, walls, open(pid)))).said) >= 0;
    },
  },
  {
    name: 'speak on another app’s pipe through /proc/PID/fd',
    stoppedBy: ['system-calls', 'empty-root', 'own-user'],
    works: async (t, walls) => {
      const victim = spawn('/bin/sleep', ['60'], { stdio: ['pipe', 'ignore', 'ignore'] });
      const open = `process.stdout.write(String(call('openat', -100, text('/proc/${victim.pid}/fd/1'), 1)))`;
      const { said } = await attack(t, walls, open);
      victim.kill('SIGKILL');
      return Number(said) >= 0;
    },
  },
  {
    name: 'trace another process',
    stoppedBy: ['system-calls', 'own-user', 'pid-namespace'],
    works: async (t, walls) => {
      const SEIZE = 0x4206;
      const trace = (pid: number) => `process.stdout.write(String(call('ptrace', ${SEIZE}, ${pid})))`;
      return (await withVictim((pid) => attack(t, walls, trace(pid)))).said === '0';
    },
  },
  {
    name: 'connect to a service of this machine',
    stoppedBy: ['system-calls', 'network-namespace'],
    works: async (t, walls) => {
      let connections = 0;
      const server = createServer((socket) => {
        connections += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const address = [2, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
      await attack(t, walls, `call('connect', call('socket', 2, 1, 0), bytes([${address.join(',')}]), 16)`);
      await sleep(20);
      server.close();
      return connections > 0;
    },
  },
  {
    name: 'leave a child behind in a session of its own',
    stoppedBy: ['system-calls', 'pid-namespace', 'kill-group'],
    works: async (t, walls) => {
      // A number that finds it again, and ends it at last where nothing else does.
      const mark = `5.${randomInt(1e9, 1e10)}`;
      // The child says the last word, from its own session: only then is the process killed that started it.
      await attack(
        t,
        walls,
        `if (start('/usr/bin/setsid', '/bin/sh', '-c', 'echo; exec /bin/sleep ${mark}') === 0)
          await new Promise(() => setInterval(() => undefined, 1000));`,
      );
      for (let looks = 0; looks < 40 && isAnyRunning(mark); looks += 1) await sleep(10);
      return isAnyRunning(mark);
    },
  },
  {
    name: 'start processes without end',
    stoppedBy: ['system-calls', 'task-group'],
    works: async (t, walls) => {
      // The children die of the engine's memory, which is not theirs; nobody waits for them, so they go on counting.
      const bomb = `let started = 0;
        while (started < 64 && call('clone', 17) > 0) started += 1;
        process.stdout.write(String(started))`;
      return Number((await attack(t, walls, bomb)).said) === 64;
    },
  },
  {
    name: 'become another program',
    stoppedBy: ['system-calls', 'empty-root'],
    works: async (t, walls) => {
      const execute = `execute('/bin/echo', 'executed')`;
      return (await attack(t, walls, execute)).said === 'executed';
    },
  },
  {
    // Node bounds its heap; what lies outside it is bounded by nobody but the host.
    name: 'take memory outside the heap',
    stoppedBy: ['memory-group'],
    works: async (t, walls) => {
      const take = `const kept = []; for (let mib = 0; mib < 320; mib += 16) kept.push(new Uint8Array(16 * 1024 * 1024).fill(1));
        process.stdout.write('taken')`;
      return (await attack(t, walls, take)).said === 'taken';
    },
  },
  {
    name: 'make shared memory for somebody else',
    stoppedBy: ['system-calls', 'ipc-namespace'],
    works: async (t, walls) => {
      const key = 0x0ca5_e3a7;
      const CREATE = 0o1666;
      await attack(t, walls, `call('shmget', ${key}, 4096, ${CREATE})`);
      const wasMade = readFileSync('/proc/sysvipc/shm', 'utf8').includes(String(key));
      spawnSync('ipcrm', ['-M', String(key)], { stdio: 'ignore' });
      return wasMade;
    },
  },
  {
    // With one, opens and connects are carried out that no list of system calls sees.
    name: 'make an io_uring',
    stoppedBy: ['system-calls'],
    works: async (t, walls) =>
      Number(
        (await attack(t, walls, `process.stdout.write(String(call('io_uring_setup', 8, bytes(new Uint8Array(120)))))`))
          .said,
      ) >= 0,
  },
  {
    // Where every right is at hand that the kernel's less careful parts ask for.
    name: 'enter a user namespace of its own',
    stoppedBy: ['system-calls'],
    works: async (t, walls) => {
      const NEW_NETWORK = 0x4000_0000;
      return (await attack(t, walls, `process.stdout.write(String(call('unshare', ${NEW_NETWORK})))`)).said === '0';
    },
  },
];

for (const { name, stoppedBy, works } of ATTACKS) {
  test.serial(`a taken-over process cannot ${name}: stopped by ${stoppedBy.join(', by ')}, each alone`, async (t) => {
    t.timeout(30_000);
    const host = hostWalls();
    const missing = stoppedBy.find((wall) => !host.standing.has(wall));
    if (missing !== undefined) return leftOut(t, `the wall ${missing}`, WALL_FACTS[missing].remedy);
    t.true(await works(t, NO_WALLS), 'without walls it works');
    for (const wall of stoppedBy) t.false(await works(t, onlyWalls(host, [wall])), wall);
    t.false(await works(t, host), 'behind all of them');
  });
}
