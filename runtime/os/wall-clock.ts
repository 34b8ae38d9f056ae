// The time of day as apps read it: the monitor's, carried on by the device's clock. Never what a certificate is judged by: that the monitor
// and the service connection ask for themselves.

import type { TimePort, WallClockPort } from '../../host-apis/ports.ts';
import type { SecureCalls } from './secure-calls.ts';

const NS_PER_SECOND = 1_000_000_000n;

/**
 * The monitor tells whole seconds; within one, the device's clock counts on. Before the service has signed the time it is the earliest that
 * it can be, and may jump forward; it goes back only when the service says so.
 */
export class WallClock implements WallClockPort {
  readonly #monitor: SecureCalls;
  readonly #time: TimePort;
  /** Time of day minus the device's clock. */
  #offsetNs: bigint | undefined;

  constructor(monitor: SecureCalls, time: TimePort) {
    this.#monitor = monitor;
    this.#time = time;
  }

  async nowNs(): Promise<bigint> {
    const { isSet, seconds } = await this.#monitor.call({ call: 'trustedTime' });
    const toldNs = BigInt(seconds) * NS_PER_SECOND;
    const nowNs = this.#time.nowNs();
    // Nobody has said what time it is: the floor is taken for the moment of power-on.
    if (!isSet) return nowNs + (this.#offsetNs ?? toldNs);
    const carriedNs = this.#offsetNs === undefined ? undefined : nowNs + this.#offsetNs;
    // The same second, or the border of one: what is carried on is finer. Anything else was set anew.
    if (carriedNs !== undefined && carriedNs >= toldNs && carriedNs < toldNs + 2n * NS_PER_SECOND) return carriedNs;
    this.#offsetNs = toldNs - nowNs;
    return toldNs;
  }
}
