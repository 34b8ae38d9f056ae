// Randomness for apps, from the chip's entropy by way of the monitor. Never a generator of the OS: a seeded chip replays every byte.

import { concatBytes } from '../../contracts/core/bytes.ts';
import type { RandomPort } from '../../host-apis/ports.ts';
import { SECURE_PART_MAX_BYTES } from '../monitor/abi/codec.ts';
import type { SecureCalls } from './secure-calls.ts';

export class DeviceRandom implements RandomPort {
  readonly #monitor: SecureCalls;

  constructor(monitor: SecureCalls) {
    this.#monitor = monitor;
  }

  async bytes(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0; left -= SECURE_PART_MAX_BYTES) {
      parts.push(await this.#monitor.call({ call: 'random', length: Math.min(left, SECURE_PART_MAX_BYTES) }));
    }
    return concatBytes(...parts);
  }
}
