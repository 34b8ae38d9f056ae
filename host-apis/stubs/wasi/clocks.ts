// wasi:clocks: the device's monotonic clock and its time of day, both the broker's. Never a clock of this process.

import type { HostOffers } from '../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../component/host-interface.ts';
import { after } from '../../../contracts/core/later.ts';
import type { RecordType, Value } from '../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../component/value-types.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import { callForU64 } from '../results.ts';
import type { WasiIo } from './io.ts';

const { u32, u64 } = PRIMITIVE_TYPES;
export const DATETIME: RecordType = {
  kind: 'record',
  fields: [
    { name: 'seconds', type: u64 },
    { name: 'nanoseconds', type: u32 },
  ],
};
const NS_PER_SECOND = 1_000_000_000n;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

export function clockOffers(io: WasiIo, broker: BrokerClient): HostOffers {
  const pollable = { kind: 'own', resource: io.pollable } as const;
  const when = { name: 'when', type: u64 } as const;
  const now = () => callForU64(broker, { function: 'timers.now' });
  // No timer of the broker: a moment is told to the wait that waits for it, and costs nothing until then.
  const at = (atNs: bigint): number => io.pollables.add({ readiness: () => ({ kind: 'at', atNs }) });
  return new Map([
    [
      'wasi:clocks/monotonic-clock@0.2.0',
      new Map([
        ['pollable', hostResource(io.pollable)],
        ['instant', hostType(u64)],
        ['duration', hostType(u64)],
        ['now', blockingHostFunction([], u64, now)],
        ['resolution', hostFunction([], u64, () => 1n)],
        ['subscribe-instant', hostFunction([when], pollable, at)],
        [
          'subscribe-duration',
          blockingHostFunction([when], pollable, (durationNs) =>
            after(now(), (nowNs) => at(nowNs + durationNs > U64_MAX ? U64_MAX : nowNs + durationNs)),
          ),
        ],
      ]),
    ],
    [
      'wasi:clocks/wall-clock@0.2.0',
      new Map([
        ['datetime', hostType(DATETIME)],
        [
          'now',
          blockingHostFunction([], DATETIME, () => after(callForU64(broker, { function: 'clock.now' }), datetime)),
        ],
        ['resolution', hostFunction([], DATETIME, () => datetime(1n))],
      ]),
    ],
  ]);
}

function datetime(ns: bigint): Value {
  return [ns / NS_PER_SECOND, Number(ns % NS_PER_SECOND)];
}
