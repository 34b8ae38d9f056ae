// Control groups of this host: one for each process of the device with all its children. It works beside the group that the secure
// world itself is in, so that whatever limits that one limits the device, and never touches a group that it did not make.

import { mkdirSync, readFileSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProcessUsage } from '../../hil/launch.ts';
import type { WallName } from '../../hil/walls.ts';

/** Where groups can be made: a folder of the v1 hierarchy of that controller, or of the one v2 hierarchy. */
export interface GroupPlaces {
  readonly memory?: GroupPlace;
  readonly cpu?: GroupPlace;
  readonly pids?: GroupPlace;
  /** Version 2 alone can end a whole group in one step; it can do so also where the controllers are version 1's. */
  readonly kill?: GroupPlace;
}
export interface GroupPlace {
  readonly version: 1 | 2;
  readonly folder: string;
}

export interface GroupLimits {
  readonly memoryBytes?: number;
  /** Of one processor. */
  readonly cpuPercent?: number;
  readonly tasks?: number;
}

export const GROUP_WALLS = {
  'memory-group': 'memory',
  'cpu-group': 'cpu',
  'task-group': 'pids',
  'kill-group': 'kill',
} as const satisfies Partial<Record<WallName, keyof GroupPlaces>>;

const CPU_PERIOD_US = 100_000;
const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;

/**
 * Reads where this process is. A version 2 group that holds processes cannot hold limited groups too, so there it is its parent.
 * `proc` and its mounts are parameters for the tests alone.
 */
export function findGroupPlaces(proc = '/proc'): GroupPlaces {
  const mounts = readText(`${proc}/self/mountinfo`).split('\n').flatMap(groupMount);
  const own = new Map(readText(`${proc}/self/cgroup`).split('\n').flatMap(groupLine));
  const places: { -readonly [Kind in keyof GroupPlaces]: GroupPlace } = {};
  for (const { version, controllers, root, at } of mounts) {
    const inside =
      version === 2 ? own.get('') : controllers.map((name) => own.get(name)).find((path) => path !== undefined);
    if (inside === undefined) continue;
    const within = inside.startsWith(root) ? inside.slice(root.length) : inside;
    const here = within === '' || within === '/' ? at : join(at, within);
    if (version === 1) {
      for (const name of CONTROLLERS) if (controllers.includes(name)) places[name] = { version, folder: here };
    } else {
      const folder = here === at ? here : dirname(here);
      places.kill = { version, folder };
      const given = readText(join(folder, 'cgroup.subtree_control')).split(/\s+/);
      for (const name of CONTROLLERS) if (given.includes(name)) places[name] = { version, folder };
    }
  }
  return places;
}

interface GroupMount {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly root: string;
  readonly at: string;
}

/** A line of mountinfo (proc_pid_mountinfo(5)), when it is a hierarchy of control groups. */
function groupMount(line: string): readonly GroupMount[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root = '/', at = ''] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if (type !== 'cgroup' && type !== 'cgroup2') return [];
  return [{ version: type === 'cgroup' ? 1 : 2, controllers: options.split(','), root: root === '/' ? '' : root, at }];
}

/** A line of /proc/self/cgroup: number, controllers, path; version 2 has no controllers there. */
function groupLine(line: string): readonly (readonly [string, string])[] {
  const [, controllers, ...path] = line.split(':');
  return controllers === undefined ? [] : controllers.split(',').map((name) => [name, path.join(':')]);
}

let made = 0;

/** A group of the kinds that there are places for. Empty until somebody is placed in it. */
export class ControlGroup {
  readonly #folders = new Map<string, GroupPlace>();
  readonly #places: GroupPlaces;

  /** Errors: the system's; then nothing of it is left. */
  constructor(places: GroupPlaces, limits: GroupLimits) {
    this.#places = places;
    made += 1;
    const name = `${groupPrefix()}${process.pid}-${made}`;
    try {
      for (const { version, folder } of Object.values(places) as readonly GroupPlace[]) {
        const group = join(folder, name);
        if (this.#folders.has(group)) continue;
        mkdirSync(group);
        this.#folders.set(group, { version, folder: group });
      }
      this.#limit(name, limits);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  #limit(name: string, { memoryBytes, cpuPercent, tasks }: GroupLimits): void {
    const { memory, cpu, pids } = this.#places;
    const set = (place: GroupPlace, file: string, value: string) =>
      writeFileSync(join(place.folder, name, file), value);
    if (memory !== undefined && memoryBytes !== undefined) {
      set(memory, memory.version === 1 ? 'memory.limit_in_bytes' : 'memory.max', String(memoryBytes));
    }
    if (cpu !== undefined && cpuPercent !== undefined) {
      const quota = Math.round((CPU_PERIOD_US * cpuPercent) / 100);
      if (cpu.version === 1) set(cpu, 'cpu.cfs_quota_us', String(quota));
      else set(cpu, 'cpu.max', `${quota} ${CPU_PERIOD_US}`);
    }
    if (pids !== undefined && tasks !== undefined) set(pids, 'pids.max', String(tasks));
  }

  /**
   * Puts a process in, and children that it may have by now: what they start from here on is in it too. Errors: the system's, also
   * when the process has ended.
   */
  place(pid: number): void {
    this.#move(pid);
    for (const child of readText(`/proc/${pid}/task/${pid}/children`).split(' '))
      if (child !== '') this.#move(Number(child));
  }

  #move(pid: number): void {
    for (const { folder } of this.#folders.values()) writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  }

  /** Ends everything in it, whatever session or process group it has gone to. */
  kill(): void {
    for (const { version, folder } of this.#folders.values()) {
      if (version === 2) attempt(() => writeFileSync(join(folder, 'cgroup.kill'), '1'));
      else for (const pid of membersOf(folder)) attempt(() => process.kill(pid, 'SIGKILL'));
    }
  }

  /** What all in it have taken; a figure that no hierarchy here tells is missing. */
  usage(): ProcessUsage {
    const folders = [...this.#folders.values()].map(({ folder }) => folder);
    const first = (files: readonly string[]): number | undefined => {
      const texts = folders.flatMap((folder) => files.map((file) => readText(join(folder, file)).trim()));
      const found = texts.find((text) => /^\d+$/.test(text));
      return found === undefined ? undefined : Number(found);
    };
    const cpuTexts = folders.map((folder) => /^usage_usec (\d+)$/m.exec(readText(join(folder, 'cpu.stat')))?.[1]);
    const cpuUs = cpuTexts.find((text) => text !== undefined);
    const memoryBytes = first(['memory.current', 'memory.usage_in_bytes']);
    const peakBytes = first(['memory.peak', 'memory.max_usage_in_bytes']);
    const cpuNs = cpuUs === undefined ? first(['cpuacct.usage']) : Number(cpuUs) * 1000;
    return {
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(peakBytes === undefined ? {} : { peakBytes }),
      ...(cpuNs === undefined ? {} : { cpuNs }),
    };
  }

  /** Where it is, in each hierarchy. */
  folders(): readonly string[] {
    return [...this.#folders.keys()];
  }

  /** False: somebody in it is not quite gone yet. May be called again. */
  remove(): boolean {
    for (const group of this.#folders.keys()) {
      if (attempt(() => rmdirSync(group))) this.#folders.delete(group);
    }
    return this.#folders.size === 0;
  }
}

/** Of this process-id namespace: in another the same number is another process. */
function groupPrefix(): string {
  const namespace = /\d+/.exec(attemptText(() => readlinkSync('/proc/self/ns/pid')))?.[0] ?? '0';
  return `casemate-${namespace}-`;
}

/** Takes away the groups that a secure world which is gone has left, and ends who is still in one. */
export function removeStaleGroups(places: GroupPlaces): void {
  const prefix = groupPrefix();
  for (const { version, folder } of Object.values(places) as readonly GroupPlace[]) {
    for (const name of namesIn(folder)) {
      const owner = name.startsWith(prefix) ? Number(/^\d+/.exec(name.slice(prefix.length))?.[0]) : NaN;
      if (Number.isNaN(owner) || isAlive(owner)) continue;
      const group = join(folder, name);
      if (version === 2) attempt(() => writeFileSync(join(group, 'cgroup.kill'), '1'));
      for (const pid of membersOf(group)) attempt(() => process.kill(pid, 'SIGKILL'));
      attempt(() => rmdirSync(group));
    }
  }
}

function membersOf(group: string): readonly number[] {
  return readText(join(group, 'cgroup.procs'))
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

function namesIn(folder: string): readonly string[] {
  let names: readonly string[] = [];
  attempt(() => (names = readdirSync(folder)));
  return names;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** What the host takes away under our hands (a process, a group, a right) is no error: the caller looks at what is there. */
function attempt(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

function attemptText(read: () => string): string {
  let text = '';
  attempt(() => (text = read()));
  return text;
}

function readText(path: string): string {
  return attemptText(() => readFileSync(path, 'utf8'));
}
