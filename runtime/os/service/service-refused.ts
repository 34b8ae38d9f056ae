// The service said no. Never a code of ours: it is the service's word, checked for its form alone.

import { CodedError } from '../../../contracts/core/coded-error.ts';
import { readRefusal } from '../../../contracts/wire/device-answers.ts';
import type { ServiceResponse } from '../service-port.ts';

/** `code`: the service's. `details`: `status`, and `claim` if it named the claim of the evidence that it did not accept. */
export class ServiceRefused extends CodedError {
  readonly status: number;
  readonly claim: string | undefined;

  constructor(status: number, { code, message, claim }: ReturnType<typeof readRefusal>) {
    super(code, message, { details: { status, ...(claim === undefined ? {} : { claim }) } });
    this.status = status;
    this.claim = claim;
  }
}

/** The body of a 200. Errors: `ServiceRefused`, `service-answer-malformed`. */
export function bodyOf({ status, body }: ServiceResponse): Uint8Array {
  if (status === 200) return body;
  throw new ServiceRefused(status, readRefusal(body));
}
