// Why the service process does not start, as a closed list. Never what a client of it did.

import { CodedError, isCoded } from '../../contracts/core/coded-error.ts';

export type ServeErrorCode = 'usage-wrong' | 'port-unusable' | 'state-folder-in-use';
export class ServeError extends CodedError<ServeErrorCode> {}

/** For a line on standard error. */
export function reasonOf(error: unknown): object {
  if (!isCoded(error)) return { code: 'internal', message: String(error) };
  const { code, message, hint, cause } = error;
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(cause instanceof Error ? { cause: cause.message } : {}),
  };
}
