// Why the broker cut an app off. Never an answer to the app: whoever gets here does not speak the protocol of our stubs.

import { CodedError } from '../../contracts/core/coded-error.ts';

/**
 * - `protocol-error`: bytes on the pipe that no stub of ours sends (a frame that is too large or malformed, an unknown
 *   function, a second call before the reply to the first);
 * - `reply-not-taken`: the app does not read its replies and its pipe is full;
 * - `service-fault`: a service of the OS failed in a way that it should not; the app cannot go on without its answer.
 */
export type BrokerErrorCode = 'protocol-error' | 'reply-not-taken' | 'service-fault';

export class BrokerError extends CodedError<BrokerErrorCode> {}
