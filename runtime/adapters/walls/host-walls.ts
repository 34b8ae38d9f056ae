// Which walls stand on this host: tried once, by standing them up around a process that does what ours do. Never guessed from a
// version or a name, and never a reason not to start: what does not stand is told.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WallName, WallReport } from '../../hil/walls.ts';
import type { GroupPlaces } from './control-groups.ts';
import { ControlGroup, GROUP_WALLS, findGroupPlaces, removeStaleGroups } from './control-groups.ts';
import { WALL_FACTS, WALL_NAMES } from './wall-facts.ts';
import { isRoot, userOf, walledCommand } from './walled-command.ts';

export interface HostWalls {
  readonly reports: readonly WallReport[];
  readonly standing: ReadonlySet<WallName>;
  /** Of the groups that stand. */
  readonly groups: GroupPlaces;
}

/** Timers, threads, crypto, the compiler and the collector: what a process of the device needs of its host after the lock. */
const SELF_TEST = `import { pbkdf2 } from 'node:crypto';
await new Promise((resolve) => setTimeout(resolve, 1));
await new Promise((resolve, reject) => pbkdf2('', '', 1, 16, 'sha256', (error) => (error ? reject(error) : resolve())));
await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
for (let round = 0; round < 64; round += 1) new Array(1e5).fill(round);
process.stdout.write('stands');`;
const PROBE_MS = 10_000;
const REASON_MAX = 200;

let known: HostWalls | undefined;

/** Asked of the host at the first call in a process; some 60 ms where all stand, and half a second where some do not. */
export function hostWalls(): HostWalls {
  known ??= probe();
  return known;
}

/** No wall but the engine's own: how a process runs on a host that has none. */
export const NO_WALLS: HostWalls = wallsOf(new Map(WALL_NAMES.map((name) => [name, 'switched off'])), {});

/** The given walls alone, of those that stand here. */
export function onlyWalls(host: HostWalls, names: readonly WallName[]): HostWalls {
  const without = new Map(host.reports.map(({ name, stands, reason }) => [name, stands ? 'switched off' : reason]));
  for (const name of names) if (host.standing.has(name)) without.delete(name);
  return wallsOf(without, host.groups);
}

function probe(): HostWalls {
  const places = findGroupPlaces();
  const missing = new Map([...missingGroups(places), ...missingProcessWalls()]);
  const walls = wallsOf(missing, places);
  removeStaleGroups(walls.groups);
  return walls;
}

function missingGroups(places: GroupPlaces): ReadonlyMap<WallName, string> {
  const missing = new Map<WallName, string>();
  for (const [name, kind] of Object.entries(GROUP_WALLS) as readonly [WallName, keyof GroupPlaces][]) {
    const place = places[kind];
    const reason = place === undefined ? 'this host has no such control group' : groupFault({ [kind]: place });
    if (reason !== undefined) missing.set(name, reason);
  }
  return missing;
}

function missingProcessWalls(): ReadonlyMap<WallName, string> {
  const missing = new Map<WallName, string>();
  const candidates = WALL_NAMES.filter((name) => name !== 'permission' && !(name in GROUP_WALLS));
  const left = (): readonly WallName[] => candidates.filter((name) => !missing.has(name));
  if (process.platform !== 'linux') for (const name of candidates) missing.set(name, 'this is not Linux');
  if (!isRoot()) missing.set('own-user', 'only root may give a process another user');
  // The usual case, for the price of one process.
  if (processFault(left()) === undefined) return missing;
  for (const name of left()) {
    const reason = processFault([name]);
    if (reason !== undefined) missing.set(name, reason);
  }
  const together = processFault(left());
  if (together !== undefined) for (const name of left()) missing.set(name, `not together with others: ${together}`);
  return missing;
}

function wallsOf(missing: ReadonlyMap<WallName, string>, places: GroupPlaces): HostWalls {
  const standing = new Set(WALL_NAMES.filter((name) => name === 'permission' || !missing.has(name)));
  const reports = WALL_NAMES.map((name) => {
    const { stops, remedy, except } = WALL_FACTS[name];
    if (!standing.has(name)) return { name, stands: false, stops, reason: missing.get(name) ?? '', remedy };
    return { name, stands: true, stops, reason: '', remedy: '', ...(except !== undefined && { except }) };
  });
  const kinds = Object.entries(GROUP_WALLS) as readonly [WallName, keyof GroupPlaces][];
  const groups = Object.fromEntries(
    kinds.flatMap(([name, kind]) => (standing.has(name) && places[kind] !== undefined ? [[kind, places[kind]]] : [])),
  ) as GroupPlaces;
  return { reports, standing, groups };
}

/** Why these walls do not stand together; `undefined`: they do. */
function processFault(names: readonly WallName[]): string | undefined {
  if (names.length === 0) return undefined;
  const [program = '', ...args] = walledCommand({
    walls: new Set(names),
    engine: [],
    userId: userOf(process.pid, 0),
    descriptors: 3,
  });
  const ran = spawnSync(program, args, { input: SELF_TEST, env: {}, cwd: '/', timeout: PROBE_MS, encoding: 'utf8' });
  if (ran.status === 0 && ran.stdout === 'stands') return undefined;
  if (ran.error !== undefined) return ran.error.message;
  const lines = ran.stderr.split('\n').filter((line) => line !== '');
  const words = lines.find((line) => line.startsWith('Error: ')) ?? lines[0] ?? '';
  return words.slice(0, REASON_MAX) || `the process ended with ${ran.signal ?? ran.status ?? 'nothing'}`;
}

/** Makes a group, puts a process in that ends at once, and takes the group away. */
function groupFault(places: GroupPlaces): string | undefined {
  let group: ControlGroup | undefined;
  try {
    group = new ControlGroup(places, { memoryBytes: 1 << 28, cpuPercent: 100, tasks: 64 });
    const [folder = ''] = group.folders();
    // A folder that the kernel did not fill is no control group, whatever can be written there.
    const needed = places.kill === undefined ? 'cgroup.procs' : 'cgroup.kill';
    if (!existsSync(join(folder, needed))) return `there is no ${needed} in ${folder}`;
    const ran = spawnSync('/bin/sh', ['-c', 'echo $$ > "$1/cgroup.procs"', 'sh', folder], {
      encoding: 'utf8',
      env: {},
    });
    return ran.status === 0 ? undefined : ran.stderr.trim().slice(0, REASON_MAX);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    group?.remove();
  }
}
