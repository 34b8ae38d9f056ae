// casemate:device/timers: the broker's clock and the broker's timers. Never a clock of this process, which a guest could measure the host with.

import type { HostInterface } from '../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { ERROR_CODE, callForNothing, callForNumber, callForU64, fallible } from './results.ts';

const { u64 } = PRIMITIVE_TYPES;

export function timersInterface(broker: BrokerClient, pollable: ResourceType): HostInterface {
  const timer = new ResourceType('timer', (handle) => broker.tell({ function: 'handle.close', handle }));
  const receiver = { name: 'self', type: { kind: 'borrow', resource: timer } } as const;
  return new Map([
    ['error-code', hostType(ERROR_CODE)],
    ['pollable', hostResource(pollable)],
    ['timer', hostResource(timer)],
    ['now', blockingHostFunction([], u64, () => callForU64(broker, { function: 'timers.now' }))],
    [
      '[method]timer.set',
      blockingHostFunction(
        [receiver, { name: 'initial-ns', type: u64 }, { name: 'interval-ns', type: u64 }],
        fallible(),
        (handle, initialNs, intervalNs) =>
          callForNothing(broker, { function: 'timers.set', handle, initialNs, intervalNs }),
      ),
    ],
    [
      '[method]timer.take-expirations',
      blockingHostFunction([receiver], u64, (handle) =>
        callForU64(broker, { function: 'timers.take-expirations', handle }),
      ),
    ],
    // A view of the timer: dropping it closes nothing, and waiting on it after the timer is gone is the broker's error.
    ['[method]timer.subscribe', hostFunction([receiver], { kind: 'own', resource: pollable }, (handle) => handle)],
    [
      'create',
      blockingHostFunction([], fallible({ kind: 'own', resource: timer }), () =>
        callForNumber(broker, { function: 'timers.create' }),
      ),
    ],
  ]);
}
