// What can fail between verified bytes and a running process on this host. Never says anything about the bytes.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { LaunchFaultCode } from '../hil/launch.ts';

export class LaunchFault extends CodedError<LaunchFaultCode> {}
