// From the broker's replies to values of the canonical ABI: result<T, error-code> in every shape that device.wit has. Decides nothing.

import type { AppErrorCode, AppRequest, Wake } from '../../contracts/wire/app-call.ts';
import { APP_ERROR_CODES } from '../../contracts/wire/app-call.ts';
import type { Case, EnumType, ResultType, Value, ValueType } from '../../component/value-types.ts';
import type { BrokerPipe } from './broker-pipe.ts';
import { BrokerError } from './broker-pipe.ts';

/** `errors.error-code`. */
export const ERROR_CODE: EnumType = { kind: 'enum', names: APP_ERROR_CODES };

/** `result<ok, error-code>` */
export function fallible(ok?: ValueType): ResultType {
  return { kind: 'result', ok, error: ERROR_CODE };
}

export function ok(value?: Value): Case {
  return { index: 0, value };
}

export function failed(error: AppErrorCode): Case {
  return { index: 1, value: APP_ERROR_CODES.indexOf(error) };
}

export function callForNothing(pipe: BrokerPipe, request: AppRequest): Case {
  const reply = pipe.call(request, 'none');
  return reply.ok ? ok() : failed(reply.error);
}

/** A handle, or a level. */
export function callForNumber(pipe: BrokerPipe, request: AppRequest): Case {
  const reply = pipe.call(request, 'u32');
  if (!reply.ok) return failed(reply.error);
  if (reply.result.kind !== 'u32') throw unexpected(request);
  return ok(reply.result.value);
}

/** A function that cannot fail by its type. */
export function callForU64(pipe: BrokerPipe, request: AppRequest): bigint {
  const reply = pipe.call(request, 'u64');
  if (!reply.ok || reply.result.kind !== 'u64') throw unexpected(request);
  return reply.result.value;
}

export function callForWake(pipe: BrokerPipe, request: AppRequest, toValue: (wake: Wake) => Value): Case {
  const reply = pipe.call(request, 'wake');
  if (!reply.ok) return failed(reply.error);
  if (reply.result.kind !== 'wake') throw unexpected(request);
  return ok(toValue(reply.result.value));
}

function unexpected(request: AppRequest): BrokerError {
  return new BrokerError('broker-reply-malformed', `no answer to ${request.function}`);
}
