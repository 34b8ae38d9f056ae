// A run in virtual time: the bench lets time run piece by piece and puts what device and world told into one order. Two runs of the same
// thing give the same events in the same order; how fast this machine is decides nothing but how long that takes.

import type { Bench, BenchEvent } from './bench.ts';
import { CliError } from './outcome.ts';

/** Virtual time between two looks, ms: what is held back until it can be put in order stays small. */
const PIECE_MS = 60_000;

export interface VirtualRun {
  /** Virtual time at which it ends, ms; `undefined`: never. */
  readonly forMs: number | undefined;
  readonly presses: readonly { readonly pin: number; readonly atMs: number }[];
  /** Installs what is to run. Time stands meanwhile. */
  readonly install: () => Promise<void>;
  /** The host's time that one piece of virtual time may take, ms: an app that never waits is ended by it. */
  readonly pieceWithinMs: number;
  readonly tell: (event: BenchEvent) => void;
  /** Whether what was told is all that anybody waits for; without it, never. */
  readonly isOver?: () => boolean;
}

/** Errors: `time-stands-still` when an app does not wait, those of the bench. */
export async function runVirtually(bench: Bench, run: VirtualRun): Promise<void> {
  const order = new EventOrder(run.tell);
  const stop = bench.onEvent((event) => order.add(event));
  try {
    for (const { pin, atMs } of run.presses) await bench.schedulePress(pin, atMs);
    await run.install();
    for (let atMs = 0; run.isOver?.() !== true && (run.forMs === undefined || atMs < run.forMs);) {
      atMs = Math.min(atMs + PIECE_MS, run.forMs ?? Infinity);
      await bench.runTime(atMs, run.pieceWithinMs);
      order.release(atMs);
    }
  } catch (error) {
    order.release(Infinity);
    throw asReason(error);
  } finally {
    stop();
  }
}

function asReason(error: unknown): unknown {
  if (!(error instanceof CliError) || error.code !== 'time-stands-still') return error;
  const { message, details } = error;
  const hint =
    'An app computes and never waits, or computes for long: in virtual time nothing else happens meanwhile. --wall-limit gives it more.';
  return new CliError('time-stands-still', message, { hint, details });
}

/**
 * By time; of one moment what the world did first, then what the device told, then the edges that it made; each in the order in which
 * it came. What the device told before its first app started belongs to nobody's run.
 */
export class EventOrder {
  readonly #tell: (event: BenchEvent) => void;
  #held: BenchEvent[] = [];
  #hasStarted = false;

  constructor(tell: (event: BenchEvent) => void) {
    this.#tell = tell;
  }

  add(event: BenchEvent): void {
    this.#hasStarted ||= event.kind === 'started';
    if (this.#hasStarted || rank(event) === 0) this.#held.push(event);
  }

  /** Tells everything from before this moment: nothing of it is still on its way. */
  release(beforeMs: number): void {
    const due = this.#held.filter((event) => event.t < beforeMs);
    this.#held = this.#held.filter((event) => event.t >= beforeMs);
    // Of equal ones the order stays (ECMA-262, Array.prototype.sort).
    for (const event of due.sort((a, b) => a.t - b.t || rank(a) - rank(b))) this.#tell(event);
  }
}

function rank(event: BenchEvent): number {
  if (event.kind === 'press') return 0;
  if (event.kind === 'pin') return event.by === 'world' ? 0 : 2;
  return 1;
}
