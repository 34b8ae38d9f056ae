// An entropy source that gives the same bytes for the same seed, for runs that must replay. Never for a device with real keys.

import { ByteWriter } from '../../contracts/core/bytes.ts';
import type { CryptoPrimitives, Entropy } from '../hil/crypto.ts';

/** SHA-256 in counter mode over the seed (an unsigned 32-bit number). */
export function seededEntropy(seed: number, sha256: CryptoPrimitives['sha256']): Entropy {
  let block = 0n;
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += 32) {
      const digest = sha256(new ByteWriter(12).u32(seed).u64(block++).finish());
      bytes.set(digest.subarray(0, Math.min(32, length - offset)), offset);
    }
    return bytes;
  };
}
