// casemate:device/timers: the broker's clock and the broker's timers. Never a clock of this process, which a guest could measure the host with.

import type { HostInterface } from '../../component/host-interface.ts';
import { hostFunction, hostResource, hostType } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import type { BrokerPipe } from './broker-pipe.ts';
import { ERROR_CODE, callForNothing, callForNumber, callForU64, fallible } from './results.ts';

const { u64 } = PRIMITIVE_TYPES;

export function timersInterface(pipe: BrokerPipe, pollable: ResourceType): HostInterface {
  const timer = new ResourceType('timer', (handle) => void pipe.call({ function: 'handle.close', handle }, 'none'));
  const receiver = { name: 'self', type: { kind: 'borrow', resource: timer } } as const;
  return new Map([
    ['error-code', hostType(ERROR_CODE)],
    ['pollable', hostResource(pollable)],
    ['timer', hostResource(timer)],
    ['now', hostFunction([], u64, () => callForU64(pipe, { function: 'timers.now' }))],
    [
      '[method]timer.set',
      hostFunction(
        [receiver, { name: 'initial-ns', type: u64 }, { name: 'interval-ns', type: u64 }],
        fallible(),
        (handle, initialNs, intervalNs) =>
          callForNothing(pipe, { function: 'timers.set', handle, initialNs, intervalNs }),
      ),
    ],
    [
      '[method]timer.take-expirations',
      hostFunction([receiver], u64, (handle) => callForU64(pipe, { function: 'timers.take-expirations', handle })),
    ],
    // A view of the timer: dropping it closes nothing, and waiting on it after the timer is gone is the broker's error.
    ['[method]timer.subscribe', hostFunction([receiver], { kind: 'own', resource: pollable }, (handle) => handle)],
    [
      'create',
      hostFunction([], fallible({ kind: 'own', resource: timer }), () =>
        callForNumber(pipe, { function: 'timers.create' }),
      ),
    ],
  ]);
}
