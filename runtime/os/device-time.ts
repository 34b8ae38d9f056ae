// The OS's clock: a local alarm clock set by the chip's clock register. Never the wall clock; apps and policies read only this.

import { ByteReader } from '../../contracts/core/bytes.ts';
import { CLOCK_KIND, CLOCK_REGISTER, OS_CONTEXT, REGION } from '../../contracts/core/chip.ts';
import type { TimePort } from '../../host-apis/ports.ts';
import type { Alarm, Clock } from '../hil/clock.ts';
import type { AsyncBus } from './bus-client.ts';
import { OsError } from './os-error.ts';

/** A monotonic clock of any origin with alarms on it: the engine's, or a virtual one. */
export type LocalClock = Clock & Alarm;

/** Readings of the register; the one with the shortest round trip says most exactly how far the clocks are apart. */
const READINGS = 4;

export class DeviceTime implements TimePort {
  readonly #local: LocalClock;
  /** Chip time minus local time. */
  readonly #offsetNs: bigint;

  private constructor(local: LocalClock, offsetNs: bigint) {
    this.#local = local;
    this.#offsetNs = offsetNs;
  }

  /** Reads the chip's clock over the bus. Errors: `clock-unreadable`. */
  static async start(bus: AsyncBus, local: LocalClock): Promise<DeviceTime> {
    let best: { readonly tripNs: bigint; readonly offsetNs: bigint } | undefined;
    for (let reading = 0; reading < READINGS; reading++) {
      const askedNs = local.nowNs();
      const { status, bytes } = await bus.read(OS_CONTEXT, REGION.clock.base + CLOCK_REGISTER.now, 8);
      if (status !== 'ok') throw new OsError('clock-unreadable', `the chip's clock answers ${status}`);
      const tripNs = local.nowNs() - askedNs;
      const offsetNs = new ByteReader(bytes).u64() - (askedNs + tripNs / 2n);
      if (best === undefined || tripNs < best.tripNs) best = { tripNs, offsetNs };
    }
    return new DeviceTime(local, best?.offsetNs ?? 0n);
  }

  nowNs(): bigint {
    return this.#local.nowNs() + this.#offsetNs;
  }

  at(atNs: bigint, wake: () => void): () => void {
    return this.#local.at(atNs - this.#offsetNs, wake);
  }
}

/** Whether this device's time stands while it computes. Errors: `clock-unreadable`. */
export async function isTimeVirtual(bus: AsyncBus): Promise<boolean> {
  const { status, bytes } = await bus.read(OS_CONTEXT, REGION.clock.base + CLOCK_REGISTER.kind, 4);
  if (status !== 'ok') throw new OsError('clock-unreadable', `the chip's clock answers ${status}`);
  return new ByteReader(bytes).u32() === CLOCK_KIND.virtual;
}

/** For events and descriptions: milliseconds with three decimals. */
export function toMilliseconds(ns: bigint): number {
  return Number(ns / 1000n) / 1000;
}
