// From the broker's replies to values of the canonical ABI: result<T, error-code> in every shape that device.wit has. Decides nothing.

import type { AppErrorCode, AppRequest, Wake } from '../../contracts/wire/app-call.ts';
import { APP_ERROR_CODES } from '../../contracts/wire/app-call.ts';
import type { Case, EnumType, ResultType, Value, ValueType } from '../../component/value-types.ts';
import type { Later } from '../../contracts/core/later.ts';
import { after } from '../../contracts/core/later.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { BrokerError } from './broker-pipe.ts';

/** Cases of `errors.error-code`: the broker's later codes belong to interfaces with errors of their own. */
const DEVICE_ERROR_CODES = 7;
/** `errors.error-code`. */
export const ERROR_CODE: EnumType = { kind: 'enum', names: APP_ERROR_CODES.slice(0, DEVICE_ERROR_CODES) };
const IO = APP_ERROR_CODES.indexOf('io');

/** `result<ok, error-code>` */
export function fallible(ok?: ValueType): ResultType {
  return { kind: 'result', ok, error: ERROR_CODE };
}

export function ok(value?: Value): Case {
  return { index: 0, value };
}

export function failed(error: AppErrorCode): Case {
  const index = APP_ERROR_CODES.indexOf(error);
  // A case that the enum does not have would be read as one that it has: whatever is unknown there is an error of the device.
  return { index: 1, value: index < DEVICE_ERROR_CODES ? index : IO };
}

export function callForNothing(broker: BrokerClient, request: AppRequest): Later<Case> {
  return after(broker.call(request, 'none'), (reply) => (reply.ok ? ok() : failed(reply.error)));
}

/** A handle, or a level. */
export function callForNumber(broker: BrokerClient, request: AppRequest): Later<Case> {
  return after(broker.call(request, 'u32'), (reply) => {
    if (!reply.ok) return failed(reply.error);
    if (reply.result.kind !== 'u32') throw unexpected(request);
    return ok(reply.result.value);
  });
}

/** A function that cannot fail by its type. */
export function callForU64(broker: BrokerClient, request: AppRequest): Later<bigint> {
  return after(broker.call(request, 'u64'), (reply) => {
    if (!reply.ok || reply.result.kind !== 'u64') throw unexpected(request);
    return reply.result.value;
  });
}

export function callForWake(broker: BrokerClient, request: AppRequest, toValue: (wake: Wake) => Value): Later<Case> {
  return after(broker.call(request, 'wake'), (reply) => {
    if (!reply.ok) return failed(reply.error);
    if (reply.result.kind !== 'wake') throw unexpected(request);
    return ok(toValue(reply.result.value));
  });
}

function unexpected(request: AppRequest): BrokerError {
  return new BrokerError('broker-reply-malformed', `no answer to ${request.function}`);
}
