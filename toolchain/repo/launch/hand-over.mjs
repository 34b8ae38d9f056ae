// Runs the engine in place of this process: same streams, same signals, same end. It must never outlive its child or
// hide how the child ended, because scripts and supervisors look at this process only.

import { spawn } from 'node:child_process';
import { LaunchError } from './launch-error.mjs';

/** @type {NodeJS.Signals[]} */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Starts `engine args...` and ends this process the way the child ended: with its exit code, or by its signal.
 * @param {string} engine
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export function handOver(engine, args) {
  const child = spawn(engine, args, { stdio: 'inherit' });
  for (const signal of FORWARDED) process.on(signal, () => forward(child, signal));
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      const hint = 'the binary needs glibc: on musl systems start with a Node 26 of their own';
      reject(new LaunchError('engine-cannot-start', `${engine}: ${error.message}`, hint));
    });
    child.on('exit', (code, signal) => {
      for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
      if (signal === null) process.exitCode = code ?? 1;
      else process.kill(process.pid, signal);
      resolve();
    });
  });
}

/**
 * A terminal sends Ctrl-C and hang-up to the whole process group, so the child has it already: a second one would read
 * as the person's "stop at once".
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function forward(child, signal) {
  if (signal !== 'SIGTERM' && process.stdin.isTTY) return;
  child.kill(signal);
}
