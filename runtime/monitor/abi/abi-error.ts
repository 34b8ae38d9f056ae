// What can be wrong with a secure-call frame on the receiving side. Never crosses the channel itself.

import { CodedError } from '../../../contracts/core/coded-error.ts';

/** `abi-malformed`: the other side's bytes; `abi-too-large`: a caller that wants to send more than a frame holds. */
export type AbiErrorCode = 'abi-malformed' | 'abi-too-large';

export class AbiError extends CodedError<AbiErrorCode> {}
