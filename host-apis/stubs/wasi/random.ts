// wasi:random: every byte is the device's, also the ones that need not be good. Never a generator of this process, which no seed replays.

import { ByteReader, concatBytes } from '../../../contracts/core/bytes.ts';
import { RANDOM_MAX_BYTES } from '../../../contracts/wire/app-call/random-calls.ts';
import type { HostOffers } from '../../../component/host-interface.ts';
import { blockingHostFunction } from '../../../component/host-interface.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import { PRIMITIVE_TYPES } from '../../../component/value-types.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import { until } from './later-loops.ts';
import { WasiTrap } from './wasi-trap.ts';

const { u8, u64 } = PRIMITIVE_TYPES;
const BYTES = { kind: 'list', element: u8 } as const;
/** wasi:random asks for "exactly len bytes" and knows no error: more than this ends the guest before the host makes room for it. */
export const RANDOM_AT_ONCE_MAX_BYTES = 1024 * 1024;

export function randomOffers(broker: BrokerClient): HostOffers {
  const bytes = (name: string) => {
    const params = [{ name: 'len', type: u64 }] as const;
    return [name, blockingHostFunction(params, BYTES, (count) => randomBytes(broker, count))] as const;
  };
  const number = (name: string) => {
    const draw = (): Later<bigint> => after(randomBytes(broker, 8n), (drawn) => new ByteReader(drawn).u64());
    return [name, blockingHostFunction([], u64, draw)] as const;
  };
  const seed = blockingHostFunction([], { kind: 'tuple', elements: [u64, u64] }, () =>
    after(randomBytes(broker, 16n), (drawn) => {
      const reader = new ByteReader(drawn);
      return [reader.u64(), reader.u64()];
    }),
  );
  return new Map([
    ['wasi:random/random@0.2.0', new Map([bytes('get-random-bytes'), number('get-random-u64')])],
    ['wasi:random/insecure@0.2.0', new Map([bytes('get-insecure-random-bytes'), number('get-insecure-random-u64')])],
    ['wasi:random/insecure-seed@0.2.0', new Map([['insecure-seed', seed]])],
  ]);
}

function randomBytes(broker: BrokerClient, wanted: bigint): Later<Uint8Array> {
  if (wanted > BigInt(RANDOM_AT_ONCE_MAX_BYTES)) throw new WasiTrap('random-too-long', `${wanted} random bytes`);
  const parts: Uint8Array[] = [];
  let left = Number(wanted);
  return until((): Later<Uint8Array | undefined> => {
    if (left === 0) return concatBytes(...parts);
    const count = Math.min(left, RANDOM_MAX_BYTES);
    return after(broker.call({ function: 'random.bytes', count }, 'bytes'), (reply) => {
      if (!reply.ok || reply.result.kind !== 'bytes' || reply.result.value.length !== count)
        throw new WasiTrap('broker-refused', 'random.bytes');
      parts.push(reply.result.value);
      left -= count;
      return undefined;
    });
  });
}
