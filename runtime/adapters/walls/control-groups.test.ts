import test from 'ava';
import type { ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftOut } from '../../../test/support/left-out.ts';
import { ControlGroup, findGroupPlaces, removeStaleGroups } from './control-groups.ts';
import { hostWalls } from './host-walls.ts';
import { WALL_FACTS } from './wall-facts.ts';

/** A host on paper: files by their paths, `%` standing for the folder that they lie in. */
function paperHost(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-host-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content.replaceAll('%', folder));
  }
  return folder;
}

test('version 2 under systemd: beside the own group, with the controllers that its parent hands out', (t) => {
  const host = paperHost(t, {
    'proc/self/mountinfo': '30 23 0:26 / %/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n',
    'proc/self/cgroup': '0::/user.slice/app.slice/shell.scope\n',
    'cgroup/user.slice/app.slice/cgroup.subtree_control': 'memory pids\n',
  });
  const place = { version: 2, folder: `${host}/cgroup/user.slice/app.slice` } as const;
  t.deepEqual(findGroupPlaces(`${host}/proc`), { kill: place, memory: place, pids: place });
});

test('version 1 in a container: its own part of each hierarchy', (t) => {
  const host = paperHost(t, {
    'proc/self/mountinfo': [
      '31 23 0:27 /box/7 %/memory rw - cgroup cgroup rw,memory',
      '32 23 0:28 /box/7 %/cpu rw - cgroup cgroup rw,cpu,cpuacct',
      '33 23 0:29 / %/proc rw - proc proc rw',
    ].join('\n'),
    'proc/self/cgroup': '5:cpu,cpuacct:/box/7\n4:memory:/box/7/inner\n0::/\n',
  });
  t.deepEqual(findGroupPlaces(`${host}/proc`), {
    memory: { version: 1, folder: `${host}/memory/inner` },
    cpu: { version: 1, folder: `${host}/cpu` },
  });
});

test('a host without control groups has no place for one', (t) => {
  t.deepEqual(findGroupPlaces(`${paperHost(t, { 'proc/self/cgroup': '' })}/proc`), {});
});

// Each file of the kernel that a limit goes to, and what is written there.
for (const { version, files } of [
  { version: 1, files: { 'memory.limit_in_bytes': '1000', 'cpu.cfs_quota_us': '50000', 'pids.max': '9' } },
  { version: 2, files: { 'memory.max': '1000', 'cpu.max': '50000 100000', 'pids.max': '9' } },
] as const) {
  test(`version ${version}: limits and readings`, (t) => {
    const folder = paperHost(t, {});
    const place = { version, folder };
    const group = new ControlGroup(
      { memory: place, cpu: place, pids: place },
      { memoryBytes: 1000, cpuPercent: 50, tasks: 9 },
    );
    const [inside = ''] = group.folders();
    for (const [file, content] of Object.entries(files)) t.is(readFileSync(join(inside, file), 'utf8'), content);
    t.deepEqual(group.usage(), {}, 'what no file tells is missing');
    const readings =
      version === 1 ? ['memory.usage_in_bytes', 'memory.max_usage_in_bytes'] : ['memory.current', 'memory.peak'];
    for (const [index, file] of readings.entries()) writeFileSync(join(inside, file), `${index + 1}00\n`);
    writeFileSync(join(inside, 'cpu.stat'), 'nr_periods 0\nusage_usec 12\nuser_usec 4\n');
    t.deepEqual(group.usage(), { memoryBytes: 100, peakBytes: 200, cpuNs: 12_000 });
  });
}

test('a group counts what is in it, ends it, and is gone', async (t) => {
  const { groups, standing } = hostWalls();
  if (!standing.has('kill-group')) return leftOut(t, 'control groups', WALL_FACTS['kill-group'].remedy);
  const group = new ControlGroup(groups, { memoryBytes: 1 << 28 });
  t.teardown(() => group.remove());
  const busy = spawn(process.execPath, ['-e', "process.stdout.write('up'); for (;;);"], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => busy.kill('SIGKILL'));
  group.place(busy.pid ?? -1);
  t.false(group.remove(), 'somebody is in it');
  await new Promise((resolve) => busy.stdout.once('data', resolve));
  const { memoryBytes = 0, peakBytes = 0, cpuNs = 0 } = group.usage();
  if (standing.has('memory-group')) t.true(memoryBytes > 1 << 20 && peakBytes >= memoryBytes);
  t.true(cpuNs > 1_000_000);
  const ended = new Promise<string | null>((resolve) => busy.once('exit', (_, signal) => resolve(signal)));
  group.kill();
  t.is(await ended, 'SIGKILL');
  while (!group.remove()) await sleep(5);
  t.deepEqual(group.folders(), []);
});

test('groups of a secure world that is gone go, and those of one that lives stay', (t) => {
  const { groups, standing } = hostWalls();
  if (!standing.has('kill-group')) return leftOut(t, 'control groups', WALL_FACTS['kill-group'].remedy);
  const own = new ControlGroup(groups, {});
  t.teardown(() => own.remove());
  const [mine = ''] = own.folders();
  // No process has this number: it is above pid_max.
  const stale = mine.replace(`-${process.pid}-`, `-${1 << 23}-`);
  const foreign = join(dirname(mine), 'casemate-1-8388608-1');
  t.teardown(() => rmSync(foreign, { recursive: true, force: true }));
  mkdirSync(stale);
  removeStaleGroups(groups);
  t.false(existsSync(stale));
  t.true(existsSync(mine));
  t.false(readdirSync(dirname(mine)).includes('casemate-1-8388608-1'));
});
