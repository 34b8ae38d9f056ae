// The record of an app's bad end, out of what the monitor saw, what the runner said and what the broker remembers. Never a word of the
// guest that is not cut and printable: its function names and host names are in it.

import { decodeLastWords } from '../../contracts/core/last-words.ts';
import type { LastWords } from '../../contracts/core/last-words.ts';
import type { CrashCause, CrashRecord } from '../../contracts/wire/crash-record.ts';
import { CRASH_TEXT_MAX } from '../../contracts/wire/crash-record.ts';
import type { AppEnd } from '../../contracts/wire/device-link.ts';
import type { BrokerError } from '../../host-apis/broker/broker-error.ts';
import type { LastCall } from '../../host-apis/broker/call-log.ts';
import type { AppEnded } from '../monitor/abi/records.ts';

export interface CrashFacts {
  readonly t: number;
  readonly app: string;
  readonly componentId: string;
  readonly imageId: string;
  readonly restarts: number;
  readonly end: AppEnd;
  /** What the monitor told; `undefined` for an app that never had a process. */
  readonly ended: AppEnded | undefined;
  readonly cutOff: BrokerError | undefined;
  readonly lastCalls: readonly LastCall[];
}

export function crashRecord(facts: CrashFacts): CrashRecord {
  const { t, app, componentId, imageId, restarts, end, ended, lastCalls } = facts;
  const words = ended === undefined ? undefined : decodeLastWords(ended.lastWords);
  const trap = end.reason === 'trap' && words?.kind === 'trap' ? words.facts : undefined;
  const { cause, code } = whyOf(facts, words);
  return {
    t,
    app,
    componentId,
    imageId,
    cause,
    code,
    detail: printable(end.detail),
    stack: trap?.stack ?? [],
    fuelUsed: trap?.fuelUsed === undefined ? null : Number(trap.fuelUsed),
    lastCalls: lastCalls.map(({ function: name, resource, outcome }) => {
      return { function: name, resource: printable(resource), outcome };
    }),
    exitCode: ended?.how.kind === 'exited' ? ended.how.exitCode : null,
    signal: ended?.how.kind === 'signal' ? ended.how.signal : null,
    restarts,
  };
}

/** In one line of printable ASCII, for a failure report: why, where, and what was called last. */
export function crashSummary({ cause, code, stack, fuelUsed, lastCalls, exitCode, signal }: CrashRecord): string {
  const [call] = lastCalls.slice(-1);
  const parts = [
    code === null ? cause : `${cause} ${code}`,
    ...(exitCode === null ? [] : [`exit code ${exitCode}`]),
    ...(signal === null ? [] : [`signal ${signal}`]),
    ...(stack.length === 0 ? [] : [`at ${stack.slice(0, 3).join(' < ')}`]),
    ...(fuelUsed === null ? [] : [`fuel ${fuelUsed}`]),
    ...(call === undefined ? [] : [`last call ${[call.function, call.resource, call.outcome].join(' ')}`]),
  ];
  return printable(parts.join('; '));
}

interface Why {
  readonly cause: CrashCause;
  readonly code: string | null;
}

function whyOf({ end, ended, cutOff }: CrashFacts, words: LastWords | undefined): Why {
  if (cutOff !== undefined) {
    return { cause: cutOff.code === 'reply-not-taken' ? 'over-limit' : 'cut-off', code: cutOff.code };
  }
  if (ended !== undefined && ranOutOfHeap(ended)) return { cause: 'runner-heap-exhausted', code: null };
  switch (end.reason) {
    case 'trap': {
      const cause = words?.kind === 'trap' ? (words.facts?.trap ?? 'engine') : 'engine';
      return { cause, code: cause === 'canonical-abi' ? codeOf(end.detail) : null };
    }
    case 'refused':
      return { cause: 'refused', code: codeOf(end.detail) };
    case 'exit':
      return { cause: 'exit-code', code: null };
    case 'killed':
      return { cause: 'killed', code: null };
  }
}

/** V8 ends the process itself (abort, or a trap instruction) and says why on standard error, where no guest can write. */
const HEAP_WORDS = 'JavaScript heap out of memory';
/** Illegal instruction, trap and abort (POSIX, signal.h). */
const ABORT_SIGNALS: ReadonlySet<number> = new Set([4, 5, 6]);
/** A wall that the process was started in may pass its signal on as a shell does. */
const SHELL_SIGNAL_BASE = 128;

function ranOutOfHeap({ how, lastWords }: AppEnded): boolean {
  const signal = how.kind === 'signal' ? how.signal : how.exitCode - SHELL_SIGNAL_BASE;
  return ABORT_SIGNALS.has(signal) && lastWords.includes(HEAP_WORDS);
}

/** What stands before the colon, when it is a code. */
function codeOf(detail: string): string | null {
  return /^[a-z][a-z0-9-]{0,63}(?=:|$)/.exec(detail)?.[0] ?? null;
}

function printable(text: string): string {
  return text.slice(0, CRASH_TEXT_MAX).replaceAll(/[^\x20-\x7e]/g, '?');
}
