// The OS on a clock that stands while anything computes: it gives turns, lets alarms go off, and when nothing at all is left to do it
// waits, which moves the clock. Never reads the host's time, and never goes beyond what the chip was lent.

import { AlarmQueue } from '../../../contracts/core/alarm-queue.ts';
import { ByteReader, ByteWriter } from '../../../contracts/core/bytes.ts';
import { CLOCK_REGISTER, OS_CONTEXT, REGION } from '../../../contracts/core/chip.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { AsyncBus } from '../bus-client.ts';
import { OsError } from '../os-error.ts';
import type { Turns } from './turns.ts';

const NEVER = 0xffff_ffff_ffff_ffffn;
const TIME_BYTES = 8;

/** Work of the OS that computing has to wait for: `postedWaits` are writes of this file's own, which nobody waits for. */
export type IsBusy = (postedWaits: number) => boolean;

export interface VirtualTimeParts {
  readonly bus: AsyncBus;
  readonly turns: Turns;
  readonly isBusy: IsBusy;
  /** Runs this when all that is on its way in this process has come to rest. */
  readonly soon: (work: () => void) => void;
  /** The clock cannot be used any more: time stands. */
  readonly report: (error: unknown) => void;
}

/**
 * The order at one moment: what the world does, alarms by the time for which and the order in which they were set, then the turns of
 * the apps by component id. While time may not go on, nobody has a turn: what is started then starts when the bench lets time run.
 */
export class VirtualTime implements TimePort {
  readonly #parts: VirtualTimeParts;
  readonly #alarms = new AlarmQueue();
  #nowNs: bigint;
  #limitNs: bigint;
  #postedWaits = 0;
  #lastWait: Promise<void> = Promise.resolve();
  #isLookingSoon = false;
  /** The chip's clock is at the limit; line `timer` ends that. */
  #isAtLimit = false;

  private constructor(parts: VirtualTimeParts, nowNs: bigint, limitNs: bigint) {
    this.#parts = parts;
    this.#nowNs = nowNs;
    this.#limitNs = limitNs;
  }

  /** Errors: `clock-unreadable`. */
  static async start(parts: VirtualTimeParts): Promise<VirtualTime> {
    const [nowNs, limitNs] = await Promise.all([
      readTime(parts.bus, CLOCK_REGISTER.now),
      readTime(parts.bus, CLOCK_REGISTER.limit),
    ]);
    return new VirtualTime(parts, nowNs, limitNs);
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  at(atNs: bigint, wake: () => void): () => void {
    this.touched();
    return this.#alarms.set(atNs, wake);
  }

  /** Something happened: a frame of an app, an answer, an interrupt. */
  touched(): void {
    if (this.#isLookingSoon) return;
    this.#isLookingSoon = true;
    this.#parts.soon(() => {
      this.#isLookingSoon = false;
      this.#look();
    });
  }

  /** Resolves when the chip's clock is where it was told to go, for what does not come to it over the bus. */
  get told(): Promise<void> {
    return this.#lastWait;
  }

  /** The interrupt `timer`: time may go further. */
  interrupted(): void {
    this.#isAtLimit = false;
    this.touched();
  }

  #look(): void {
    const { turns, isBusy } = this.#parts;
    if (this.#isAtLimit || turns.isTaken || isBusy(this.#postedWaits)) return;
    if (this.#nowNs < this.#limitNs) {
      if (turns.next()) return;
      const firstNs = this.#alarms.firstNs ?? NEVER;
      if (firstNs < this.#limitNs) return this.#goTo(firstNs);
    }
    this.#waitAtLimit().catch(this.#parts.report);
  }

  /** The clock is there as soon as it was told so: whatever is sent over the bus from now on comes after that. */
  #goTo(atNs: bigint): void {
    if (atNs > this.#nowNs) {
      this.#nowNs = atNs;
      this.#lastWait = this.#wait(atNs).catch(this.#parts.report);
    }
    for (let due = this.#alarms.takeDue(this.#nowNs); due !== undefined; due = this.#alarms.takeDue(this.#nowNs))
      due.wake();
    this.touched();
  }

  async #waitAtLimit(): Promise<void> {
    const { bus, turns } = this.#parts;
    this.#isAtLimit = true;
    // The limit may have moved on without an interrupt, before the clock stood there: then there is no other word of it.
    const [, nowNs, limitNs] = await Promise.all([
      this.#wait(turns.isWanted ? this.#nowNs : (this.#alarms.firstNs ?? NEVER)),
      readTime(bus, CLOCK_REGISTER.now),
      readTime(bus, CLOCK_REGISTER.limit),
    ]);
    this.#nowNs = nowNs;
    this.#limitNs = limitNs;
    if (nowNs < limitNs) this.interrupted();
  }

  async #wait(atNs: bigint): Promise<void> {
    this.#postedWaits++;
    const address = REGION.clock.base + CLOCK_REGISTER.wait;
    const { status } = await this.#parts.bus.write(OS_CONTEXT, address, new ByteWriter(TIME_BYTES).u64(atNs).finish());
    this.#postedWaits--;
    if (status !== 'ok') throw new OsError('clock-unreadable', `the chip's clock answers ${status}`);
  }
}

async function readTime(bus: AsyncBus, register: number): Promise<bigint> {
  const { status, bytes } = await bus.read(OS_CONTEXT, REGION.clock.base + register, TIME_BYTES);
  if (status !== 'ok') throw new OsError('clock-unreadable', `the chip's clock answers ${status}`);
  return new ByteReader(bytes).u64();
}
