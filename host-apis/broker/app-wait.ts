// One `poll.wait` of an app: what wakes it and when. Never more than one alarm, however many things are waited for.

import type { Wake } from '../../contracts/wire/app-call.ts';
import type { TimePort } from '../ports.ts';
import type { Waitable } from './waitable.ts';

/** A wait that is under way. */
export interface AppWait {
  /** Ends it now with this wake. */
  wake(wake: Wake): void;
}

export interface WaitFor {
  readonly sources: readonly Waitable[];
  /** Nanoseconds from now; `undefined`: for ever. */
  readonly timeoutNs: bigint | undefined;
}

/** Calls `done` once: at once if something is ready (or the timeout is 0), otherwise from an alarm or from `wake`. */
export function startWait(time: TimePort, { sources, timeoutNs }: WaitFor, done: (wake: Wake) => void): AppWait {
  const deadlineNs = timeoutNs === undefined ? undefined : time.nowNs() + timeoutNs;
  let cancelAlarm = (): void => undefined;
  let isOver = false;
  const unsubscribe: (() => void)[] = [];

  function finish(wake: Wake): void {
    if (isOver) return;
    isOver = true;
    cancelAlarm();
    for (const end of unsubscribe) end();
    done(wake);
  }

  function look(): void {
    if (isOver) return;
    cancelAlarm();
    const nowNs = time.nowNs();
    const indexes = sources.flatMap((source, index) => (source.isReady(nowNs) ? [index] : []));
    if (indexes.length > 0) return finish({ kind: 'ready', indexes });
    if (deadlineNs !== undefined && deadlineNs <= nowNs) return finish({ kind: 'timed-out' });
    const nextNs = earliest([deadlineNs, ...sources.map((source) => source.readyAtNs)]);
    if (nextNs !== undefined) cancelAlarm = time.at(nextNs, look);
  }

  look();
  if (!isOver) unsubscribe.push(...sources.flatMap((source) => source.onChange?.(look) ?? []));
  return { wake: finish };
}

function earliest(times: readonly (bigint | undefined)[]): bigint | undefined {
  return times.reduce((first, at) => (first === undefined || (at !== undefined && at < first) ? at : first), undefined);
}
