// The device's own time: what the service signed, carried on by the chip's clock. Never the host's, never the OS's word, never before
// the floor.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { TIME_NONCE_BYTES, timeSignedBytes } from '../../contracts/core/signed-time.ts';
import type { Chip } from '../hil/chip.ts';
import type { TrustedTimeFacts } from './abi/service-records.ts';
import { CallRefusal } from './call-refusal.ts';
import type { SealedState } from './sealed-state.ts';
import type { TrustPolicy } from './trust-policy.ts';

/** 2200-01-01T00:00:00Z. The floor never goes back: one absurd answer would make a device refuse every later time for good. */
export const TIME_MAX_SECONDS = 7_258_118_400;
/** An answer that was held back sets the clock back by as long as it was held, so it counts for this long and no longer. */
export const TIME_NONCE_LIFE_SECONDS = 300;
/** The sealed floor follows in steps of an hour: each step wears the on-die counter by one. */
const FLOOR_STEP_SECONDS = 3600;
const NS_PER_SECOND = 1_000_000_000n;

/** Of the `build-time` file; `undefined` for anything but decimal seconds before the year 2200. */
export function parseBuildTime(bytes: Uint8Array): number | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, 16));
  const seconds = Number(text);
  return /^[1-9][0-9]{0,10}$/.test(text) && seconds <= TIME_MAX_SECONDS ? seconds : undefined;
}

export class TrustedTime {
  readonly #chip: Chip;
  readonly #state: SealedState;
  readonly #policy: TrustPolicy;
  readonly #buildTime: number;
  /** Lives in memory alone: an answer of an earlier boot is an answer to nobody. */
  #asked: { readonly nonce: Uint8Array; readonly atNs: bigint } | undefined;
  #set: { readonly seconds: number; readonly atNs: bigint } | undefined;

  /** `buildTime`: of the OS image that runs. */
  constructor(chip: Chip, state: SealedState, policy: TrustPolicy, buildTime: number) {
    this.#chip = chip;
    this.#state = state;
    this.#policy = policy;
    this.#buildTime = buildTime;
  }

  /** A question for the service; an earlier one that is still open is dropped. 32 bytes. */
  nonce(): Uint8Array {
    this.#asked = { nonce: this.#chip.crypto.random(TIME_NONCE_BYTES), atNs: this.#chip.clock.nowNs() };
    return this.#asked.nonce.slice();
  }

  /**
   * Takes the service's answer. Errors: `time-not-trusted` (not signed for the open question, or too late), `time-out-of-range`
   * (before the floor, or absurdly late), and those of sealing the floor.
   */
  set(nonce: Uint8Array, seconds: number, signature: Uint8Array): void {
    const now = this.#chip.clock.nowNs();
    const asked = this.#asked;
    if (asked === undefined || !sameBytes(asked.nonce, nonce))
      throw new CallRefusal('time-not-trusted', 'an answer to no question that is open');
    if (!this.#policy.isSignedByAny('time', timeSignedBytes(nonce, seconds), signature))
      throw new CallRefusal('time-not-trusted', 'no service of this device signed it');
    // From here on the answer is spent: put in again later, it would set the clock back.
    this.#asked = undefined;
    if (now - asked.atNs > BigInt(TIME_NONCE_LIFE_SECONDS) * NS_PER_SECOND)
      throw new CallRefusal('time-not-trusted', 'the answer came too late');
    if (seconds < this.#floor || seconds > TIME_MAX_SECONDS)
      throw new CallRefusal('time-out-of-range', `${seconds} seconds, the floor is ${this.#floor}`);
    const { current } = this.#state;
    if (seconds - current.timeFloor > FLOOR_STEP_SECONDS) this.#state.replace({ ...current, timeFloor: seconds });
    this.#set = { seconds, atNs: now };
  }

  read(): TrustedTimeFacts {
    if (this.#set === undefined) return { isSet: false, seconds: this.#floor };
    const passed = (this.#chip.clock.nowNs() - this.#set.atNs) / NS_PER_SECOND;
    return { isSet: true, seconds: this.#set.seconds + Number(passed) };
  }

  get #floor(): number {
    return Math.max(this.#buildTime, this.#state.current.timeFloor);
  }
}
