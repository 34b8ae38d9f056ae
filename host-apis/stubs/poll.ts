// casemate:device/poll: waiting happens on the broker's side. The wait is the only place where an app sleeps.

import { POLL_MAX_HANDLES } from '../../contracts/wire/app-call.ts';
import type { Wake } from '../../contracts/wire/app-call.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import { blockingHostFunction, hostResource, hostType } from '../../component/host-interface.ts';
import type { Case, ResourceType, Value, VariantType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { ERROR_CODE, callForWake, failed, fallible } from './results.ts';

const WAKE: VariantType = {
  kind: 'variant',
  cases: [
    { name: 'ready', type: { kind: 'list', element: PRIMITIVE_TYPES.u32 } },
    { name: 'timed-out', type: undefined },
    { name: 'terminating', type: undefined },
  ],
};
const WAKE_INDEX = { ready: 0, 'timed-out': 1, terminating: 2 } as const;

/** A pollable's representation is the broker's handle of what it watches. */
export function pollInterface(broker: BrokerClient, pollable: ResourceType): HostInterface {
  const params = [
    { name: 'on', type: { kind: 'list', element: { kind: 'borrow', resource: pollable } } },
    { name: 'timeout-ns', type: { kind: 'option', some: PRIMITIVE_TYPES.u64 } },
  ] as const;
  return new Map([
    ['error-code', hostType(ERROR_CODE)],
    ['pollable', hostResource(pollable)],
    ['wake', hostType(WAKE)],
    [
      'wait',
      blockingHostFunction(params, fallible(WAKE), (handles, timeout) => {
        if (handles.length > POLL_MAX_HANDLES) return failed('invalid-argument');
        return callForWake(broker, { function: 'poll.wait', handles, timeoutNs: optionalU64(timeout) }, wakeValue);
      }),
    ],
  ]);
}

function wakeValue(wake: Wake): Case {
  return { index: WAKE_INDEX[wake.kind], value: wake.kind === 'ready' ? wake.indexes : undefined };
}

function optionalU64(option: Value): bigint | undefined {
  const { value } = option as Case;
  return typeof value === 'bigint' ? value : undefined;
}
