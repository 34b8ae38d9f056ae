import test from 'ava';
import { spawnSync } from 'node:child_process';
import { leftOut } from '../../../test/support/left-out.ts';
import type { WallReport } from '../../hil/walls.ts';
import { NO_WALLS, hostWalls, onlyWalls } from './host-walls.ts';
import { WALL_NAMES } from './wall-facts.ts';

test('every wall is told about, with a reason and a remedy where it does not stand', (t) => {
  for (const { reports, standing } of [hostWalls(), NO_WALLS]) {
    t.deepEqual(
      reports.map(({ name }) => name),
      WALL_NAMES,
    );
    for (const { name, stands, stops, reason, remedy } of reports) {
      t.is(stands, standing.has(name));
      t.not(stops, '');
      t.is(reason !== '' && remedy !== '', !stands, name);
    }
  }
});

test('without walls of the host the engine’s own stands', (t) => {
  t.deepEqual([...NO_WALLS.standing], ['permission']);
  t.deepEqual(NO_WALLS.groups, {});
});

test('of the walls that stand, those that are named stand alone', (t) => {
  t.deepEqual(
    [...onlyWalls(NO_WALLS, ['own-user']).standing],
    ['permission'],
    'a wall that is missing is not made by naming it',
  );
  const host = hostWalls();
  const [some = 'permission'] = [...host.standing].filter((name) => name !== 'permission');
  t.deepEqual([...onlyWalls(host, [some]).standing].sort(), ['permission', some].sort());
});

/** Tells the walls that stand, and what an app said that was started behind them. */
const LOOK = `
const [{ hostWalls }, { ProcessLauncher }] = await Promise.all([import(process.argv[1]), import(process.argv[2])]);
const launcher = new ProcessLauncher();
const code = new TextEncoder().encode("process.stderr.write('alive')");
launcher.startCompartment({ name: 'app', code }, 1, new Uint8Array(0), { memoryPages: 1 }).onEnd(({ lastWords }) => {
  process.stdout.write(JSON.stringify({ reports: hostWalls().reports, lastWords }));
  launcher.close();
});`;

test('a host that gives its root no rights, as a container may: what cannot stand is told, the rest stands, and apps run', (t) => {
  t.timeout(30_000);
  const withoutRights = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--'];
  const files = ['host-walls.ts', '../process-launcher.ts'].map((name) => new URL(name, import.meta.url).href);
  const args = [...withoutRights, process.execPath, '--input-type=module', '-e', LOOK, ...files];
  const ran = spawnSync('/usr/bin/setpriv', args, { encoding: 'utf8', cwd: '/' });
  if (ran.error !== undefined || /setpriv/.test(ran.stderr)) {
    return leftOut(t, 'setpriv and the right to take rights away', 'apt-get install util-linux, and run as root');
  }
  const { reports, lastWords } = JSON.parse(ran.stdout) as { reports: readonly WallReport[]; lastWords: string };
  t.is(lastWords, 'alive');
  const standing = reports.filter(({ stands }) => stands).map(({ name }) => name);
  for (const name of ['own-user', 'empty-root', 'pid-namespace', 'network-namespace', 'ipc-namespace'] as const) {
    t.false(standing.includes(name), name);
  }
  // These need nobody's leave.
  for (const name of ['permission', 'parent-death', 'resource-limits', 'system-calls'] as const) {
    t.is(standing.includes(name), name === 'permission' || hostWalls().standing.has(name), name);
  }
  for (const { stands, reason } of reports) t.is(reason === '', stands);
});
