// What the person's shell had open when it started the device: a compartment has none of it. Node closes only what it can know of: its own,
// and those without a gap after the first three.

import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftOut } from '../../../test/support/left-out.ts';
import { hostWalls } from './host-walls.ts';

const FAR = 40;
const WAIT_MS = 5000;

/** Starts a walled process as the launcher does, and gives up its own copy of the descriptor as soon as the other one runs. */
const SECURE_WORLD = `
import { closeSync } from 'node:fs';
import { ProcessGroup } from '${new URL('../process-group.ts', import.meta.url).href}';
import { hostWalls } from '${new URL('./host-walls.ts', import.meta.url).href}';
import { userOf, walledCommand } from '${new URL('./walled-command.ts', import.meta.url).href}';
const stdio = ['pipe', 'pipe', 'pipe', 'pipe'];
const command = walledCommand({
  walls: hostWalls().standing, engine: [], userId: userOf(process.pid, 1), descriptors: stdio.length,
});
const group = new ProcessGroup(command, stdio);
group.stream(1).once('data', (said) => {
  closeSync(${FAR});
  process.stdout.write(said);
});
group.onEnd((end) => process.stdout.write('ended ' + JSON.stringify(end)));
process.stdin.once('data', () => group.kill());
group.stream(0).end(\`
  import { writeSync } from 'node:fs';
  // What it was given is there.
  writeSync(3, 'given');
  process.stdout.write('runs');
  setInterval(() => undefined, 1000);
\`);
`;

test('a descriptor that the shell left open far above the others is not open in a compartment', async (t) => {
  const { standing } = hostWalls();
  if (!standing.has('system-calls') && !standing.has('pid-namespace'))
    return leftOut(t, 'the walls that close descriptors', 'apt-get install util-linux perl-base');
  const between = Array.from({ length: FAR - 3 }, () => 'ignore' as const);
  const world = spawn(process.execPath, ['--input-type=module', '-e', SECURE_WORLD], {
    stdio: ['pipe', 'pipe', 'inherit', ...between, 'pipe'],
  });
  t.teardown(() => world.kill('SIGKILL'));
  const far = world.stdio.at(FAR) as Readable;
  const isClosed = once(far.resume(), 'end').then(() => true);
  t.is(String((await once(world.stdout as Readable, 'data'))[0]), 'runs');
  t.true(await Promise.race([isClosed, sleep(WAIT_MS, false, { ref: false })]), 'nobody has it any more');
  world.stdin?.write('stop');
  t.regex(String((await once(world.stdout as Readable, 'data'))[0]), /^ended /);
  world.stdin?.end();
});
