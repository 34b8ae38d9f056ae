// What is left to whoever takes over an app's worker: its own start flags, and what JavaScript alone can do with them.

import test from 'ava';
import { spawn } from 'node:child_process';
import { WORKER_FLAGS } from './worker-host.ts';

/** Says what each attempt came to: `done`, or the code of the refusal. */
const ATTEMPTS = `
import { parentPort, Worker } from 'node:worker_threads';
const attempt = async (work) => { try { return String(await work()); } catch (error) { return error.code ?? error.name; } };
const said = {
  file: await attempt(async () => ((await import('node:fs')).readFileSync('/etc/passwd'), 'done')),
  promised: await attempt(async () => (await (await import('node:fs/promises')).readFile('/etc/passwd'), 'done')),
  write: await attempt(async () => ((await import('node:fs')).writeFileSync('/tmp/casemate-worker-rights', ''), 'done')),
  program: await attempt(async () => ((await import('node:child_process')).spawnSync('/bin/true'), 'done')),
  library: await attempt(async () => ((await import('node:ffi')).dlopen(null, {}), 'done')),
  socket: await attempt(() => import('node:net').then(({ connect }) => new Promise((resolve, reject) => {
    connect(9, '127.0.0.1').once('connect', () => resolve('done')).once('error', reject);
  }))),
  worker: await attempt(() => new Promise((resolve, reject) => {
    const source = "require('node:fs').readFileSync('/etc/passwd')";
    const options = { eval: true, execArgv: ['--permission', '--allow-fs-read=*', '--allow-child-process', '--allow-worker'] };
    new Worker(source, options).once('error', reject).once('exit', () => resolve('done'));
  })),
  free: await attempt(() => new Promise((resolve, reject) => {
    new Worker("require('node:fs').readFileSync('/etc/passwd')", { eval: true, execArgv: [] })
      .once('error', reject).once('exit', () => resolve('done'));
  })),
};
parentPort.postMessage(said);`;

/** Runs the attempts in a worker with these flags, in a process with the rights that a group of workers has. */
async function attemptsWith(flags: readonly string[]): Promise<Record<string, string>> {
  const url = `data:text/javascript,${encodeURIComponent(ATTEMPTS)}`;
  const options = JSON.stringify({ env: {}, execArgv: flags });
  const program = `import { Worker } from 'node:worker_threads';
    new Worker(new URL(${JSON.stringify(url)}), ${options}).once('message', (said) => console.log(JSON.stringify(said)));`;
  const child = spawn(process.execPath, ['--permission', '--allow-worker', '--input-type=module', '-'], { env: {} });
  let [said, faults] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (faults += chunk.toString()));
  child.stdin.end(program);
  await new Promise((resolve) => child.once('close', resolve));
  if (said === '') throw new Error(faults);
  return JSON.parse(said) as Record<string, string>;
}

test('a worker without flags of its own has rights that its process does not: the attempts can succeed', async (t) => {
  const said = await attemptsWith([]);
  t.is(said['file'], 'done');
  t.is(said['program'], 'done');
});

test('a taken-over worker reads and writes no file, starts no program and no worker, whatever rights it asks for it', async (t) => {
  const said = await attemptsWith(WORKER_FLAGS);
  for (const what of ['file', 'promised', 'write', 'program', 'library', 'socket', 'worker', 'free'])
    t.is(said[what], 'ERR_ACCESS_DENIED', what);
});
