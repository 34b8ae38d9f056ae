// Waiting for pollables: what this side knows, the clock, and the broker's handles, in one wait of the broker. Never a second sleep beside it.

import { POLL_MAX_HANDLES } from '../../../contracts/wire/app-call.ts';
import type { Wake } from '../../../contracts/wire/app-call.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import { callForU64 } from '../results.ts';
import type { Pollable, Readiness } from './io.ts';
import { all, until } from './later-loops.ts';
import { WasiTrap } from './wasi-trap.ts';

/** Indexes of those that are ready, rising; at least one. */
export function waitFor(broker: BrokerClient, pollables: readonly Pollable[]): Later<readonly number[]> {
  return until(() => after(look(broker, pollables, true), (ready) => (ready.length > 0 ? ready : undefined)));
}

export function isReady(broker: BrokerClient, pollable: Pollable): Later<boolean> {
  return after(look(broker, [pollable], false), (ready) => ready.length > 0);
}

/** One look at all of them; with `mayWait` it sleeps when none is ready, and may come back with none. */
function look(broker: BrokerClient, pollables: readonly Pollable[], mayWait: boolean): Later<readonly number[]> {
  return after(all(pollables.map((pollable) => pollable.readiness())), (states) => {
    const isTimed = states.some((state) => timeOf(state) !== undefined);
    const now = isTimed ? callForU64(broker, { function: 'timers.now' }) : 0n;
    return after(now, (nowNs) => wait(broker, states, nowNs, mayWait));
  });
}

function wait(
  broker: BrokerClient,
  states: readonly Readiness[],
  nowNs: bigint,
  mayWait: boolean,
): Later<readonly number[]> {
  const known = readyBy(states, nowNs);
  const watched = states.flatMap((state, index) => (state.kind === 'handle' ? [{ ...state, index }] : []));
  const mustWait = mayWait && known.length === 0;
  if (!mustWait && watched.length === 0) return known;
  const handles = [...new Set(watched.map(({ handle }) => handle))];
  if (handles.length > POLL_MAX_HANDLES)
    throw new WasiTrap('poll-list-too-long', `${handles.length} handles, ${POLL_MAX_HANDLES} at once`);
  const untilNs = mustWait ? earliest(states) : nowNs;
  const timeoutNs = untilNs === undefined ? undefined : untilNs - nowNs;
  return after(broker.call({ function: 'poll.wait', handles, timeoutNs }, 'wake'), (reply) => {
    if (!reply.ok || reply.result.kind !== 'wake') throw new WasiTrap('broker-refused', 'poll.wait');
    const wake = reply.result.value;
    const woken = watched.filter(({ handle }) => isWoken(wake, handles.indexOf(handle)));
    // The end that the device wants is not told: WASI 0.2 has no event for it. The app runs on until its grace period is over.
    const due = wake.kind === 'timed-out' && untilNs !== undefined ? readyBy(states, untilNs) : known;
    return after(all(woken.map(({ advance }) => advance?.() ?? true)), (done) =>
      [...new Set([...due, ...woken.flatMap(({ index }, at) => (done[at] === true ? [index] : []))])].sort(
        (a, b) => a - b,
      ),
    );
  });
}

/** Without asking anybody. */
function readyBy(states: readonly Readiness[], nowNs: bigint): readonly number[] {
  return states.flatMap((state, index) => (state.kind === 'ready' || isDue(timeOf(state), nowNs) ? [index] : []));
}

/** From when on it is ready whatever happens. */
function timeOf(state: Readiness): bigint | undefined {
  return state.kind === 'at' ? state.atNs : state.kind === 'handle' ? state.untilNs : undefined;
}

function isDue(atNs: bigint | undefined, nowNs: bigint): boolean {
  return atNs !== undefined && atNs <= nowNs;
}

function isWoken(wake: Wake, at: number): boolean {
  return wake.kind === 'ready' && wake.indexes.includes(at);
}

function earliest(states: readonly Readiness[]): bigint | undefined {
  let first: bigint | undefined;
  for (const state of states) {
    const atNs = timeOf(state);
    if (atNs !== undefined && (first === undefined || atNs < first)) first = atNs;
  }
  return first;
}
