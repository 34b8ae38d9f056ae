// `metadata-hash-value`: which object a path names, for guests that compare. Never a digest that anybody may rely on against an attacker.

import type { Value } from '../../../component/value-types.ts';

/** FNV-1a with 64 bits (draft-eastlake-fnv section 6), from two offsets. */
const PRIME = 0x100_0000_01b3n;
const OFFSETS = [0xcbf2_9ce4_8422_2325n, 0x8422_2325_cbf2_9ce4n] as const;

/** Lower and upper half. */
export function pathHash(path: string, isReadOnly: boolean): Value {
  const bytes = new TextEncoder().encode(`${isReadOnly ? 'image' : 'storage'}:${path}`);
  return OFFSETS.map((offset) =>
    bytes.reduce<bigint>((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME), offset),
  );
}
