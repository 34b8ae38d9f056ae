// A device's record of an app's bad end, as text for people. Never lets an app's words steer the terminal: `Outcome` prints it.

import type { CrashRecord } from '../../contracts/wire/crash-record.ts';

export function crashText(crash: CrashRecord): string {
  const { t, app, componentId, cause, code, detail, stack, fuelUsed, lastCalls, exitCode, signal, restarts } = crash;
  const ended = exitCode === null ? `signal ${signal ?? 'unknown'}` : `exit code ${exitCode}`;
  const fuel = fuelUsed === null ? '' : `, ${fuelUsed} units of fuel used`;
  return [
    `${(t / 1000).toFixed(3).padStart(9)}  ${app} (${componentId}): ${code === null ? cause : `${cause} ${code}`}`,
    `           ${ended}, after ${restarts} restarts${fuel}${detail === '' ? '' : `: ${detail}`}`,
    ...stack.map((frame) => `             at ${frame}`),
    ...lastCalls.map(({ function: name, resource, outcome }) => `             called ${name} ${resource} → ${outcome}`),
  ].join('\n');
}
