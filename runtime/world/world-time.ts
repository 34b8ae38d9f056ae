// Virtual time as the world keeps it: it stands until a bench lets it run, and the device goes as far as nothing happens out here.
// Never the host's time, and never a step back.

import { AlarmQueue } from '../../contracts/core/alarm-queue.ts';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import type { Alarm, Clock } from '../hil/clock.ts';

export interface WorldTimeOutputs {
  /** To the chip: up to there nothing happens in the world. */
  readonly lend: (limitNs: bigint) => void;
  /** To every bench. */
  readonly tell: (event: WorldEvent) => void;
  /** Resolves when every bench has read what it was told: a device of which nobody looks at the edges waits. */
  readonly drained: () => Promise<void>;
}

/** At most so much at once, so that what the benches are told between two questions of the chip stays small. */
const LENT_MAX_NS = 10_000_000_000n;

export class WorldTime implements Clock, Alarm {
  readonly #outputs: WorldTimeOutputs;
  readonly #alarms = new AlarmQueue();
  #nowNs = 0n;
  /** The chip is on its way to there. */
  #lentNs = 0n;
  #untilNs = 0n;

  constructor(outputs: WorldTimeOutputs) {
    this.#outputs = outputs;
  }

  /** Where the chip last asked: between two questions nothing happens here that had to know it better. */
  nowNs(): bigint {
    return this.#nowNs;
  }

  at(atNs: bigint, wake: () => void): () => void {
    return this.#alarms.set(atNs, wake);
  }

  /** Between `run` and its `time` event. */
  get isRunning(): boolean {
    return this.#nowNs < this.#untilNs;
  }

  /** Lets time run up to there. At a moment that is reached already it is told at once. */
  run(untilNs: bigint): void {
    this.#untilNs = untilNs;
    this.#goOn();
  }

  /** The chip's clock is at what it was lent: what happens at that moment in the world happens now, before anything in the device. */
  reached(atNs: bigint): void {
    // Asked again while time stands: the bench has been told.
    if (atNs !== this.#lentNs || atNs === this.#nowNs) return;
    this.#nowNs = atNs;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#nowNs >= this.#untilNs)
      return this.#outputs.tell({ kind: 'time', t: Number(this.#nowNs / 1000n) / 1000 });
    for (let due = this.#alarms.takeDue(this.#nowNs); due !== undefined; due = this.#alarms.takeDue(this.#nowNs))
      due.wake();
    void this.#outputs.drained().then(() => this.#lend());
  }

  #lend(): void {
    const bounds = [this.#untilNs, this.#nowNs + LENT_MAX_NS, this.#alarms.firstNs ?? this.#untilNs];
    this.#lentNs = bounds.reduce((least, bound) => (bound < least ? bound : least));
    this.#outputs.lend(this.#lentNs);
  }
}
