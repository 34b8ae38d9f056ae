// How the monitor's parts refuse a secure call: with the code that the OS is answered. Never carries a secret in its message.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { SecureCallError } from './abi/secure-call.ts';

export class CallRefusal extends CodedError<SecureCallError> {}
