// Runs the check's steps, lane beside lane, and prints one line for each. It must never call a step passed that did not
// report: a lane that dies is a failure of every step it still owed.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { StepResult } from './step.ts';
import { LANES, STEPS } from './steps.ts';

/** Runs the named steps, all by default, and prints each as it ends, with its findings. */
export async function runSteps(
  names: readonly string[] = [...STEPS.keys()],
  print = console.log,
): Promise<StepResult[]> {
  const lanes = LANES.map((lane) => lane.filter((name) => names.includes(name))).filter((lane) => lane.length > 0);
  const results = await Promise.all(lanes.map((lane) => runLane(lane, (result) => print(lineOf(result)))));
  return results.flat();
}

function runLane(lane: readonly string[], onResult: (result: StepResult) => void): Promise<StepResult[]> {
  const child = fork(join(import.meta.dirname, 'lane.ts'), lane, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const results: StepResult[] = [];
  const take = (result: StepResult): void => {
    results.push(result);
    onResult(result);
  };
  child.on('message', (message) => take(message as StepResult));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      for (const name of lane.slice(results.length)) {
        take({ name, summary: 'did not report', findings: [`its process ended with ${code ?? signal}`], ms: 0 });
      }
      resolve(results);
    });
  });
}

function lineOf({ name, summary, findings, ms }: StepResult): string {
  const mark = findings.length === 0 ? 'ok  ' : 'FAIL';
  const line = `${mark} ${name.padEnd(7)} ${(ms / 1000).toFixed(1).padStart(5)} s  ${summary}`;
  return [line, ...findings.map((finding) => finding.replaceAll(/^/gm, '       '))].join('\n');
}
