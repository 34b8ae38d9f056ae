// The kit's list of calls as a file of a probe's image, for a runner that was taken over. Read by builds of the kit alone.

import type { ProbeRequest, ProbeStep } from './probe-call.ts';

export const RAW_LIST_FILE = 'kit-calls.json';

export interface RawCall {
  readonly number: number;
  readonly before: readonly ProbeStep[];
  readonly call: ProbeRequest;
  readonly times?: number;
}

export interface RawList {
  /** Made first, and kept to the end, which then does not come. */
  readonly holds: readonly ProbeRequest[];
  readonly calls: readonly RawCall[];
  /** The device takes any number of lines: no pauses. */
  readonly isHurried?: boolean;
}

/** JSON has no 64-bit numbers and no bytes: `{"u64":"123"}` and `{"bytes":[1,2]}` stand for them. */
export function encodeRawList({ holds, calls, isHurried = false }: RawList): Uint8Array {
  const list = {
    holds,
    isHurried,
    calls: calls.map(({ number, before, call, times = 1 }) => ({ number, before, call, times })),
  };
  const text = JSON.stringify(list, (_, value: unknown) => {
    if (typeof value === 'bigint') return { u64: String(value) };
    return value instanceof Uint8Array ? { bytes: [...value] } : value;
  });
  return new TextEncoder().encode(text);
}

/** What `encodeRawList` wrote. */
export function decodeRawList(bytes: Uint8Array): RawList {
  return JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const { u64, bytes: octets } = value as { readonly u64?: string; readonly bytes?: readonly number[] | Uint8Array };
    if (u64 !== undefined) return BigInt(u64);
    // A request that has bytes among other members is no bytes itself.
    return octets !== undefined && Object.keys(value).length === 1 ? Uint8Array.from(octets) : value;
  }) as RawList;
}
