// A device's standing with its service, as those see it that fetch something there. Never a key: who asks says only whether the
// device's certificate is to be shown.

import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { ServiceRequest, ServiceResponse } from '../service-port.ts';

/**
 * - `service-not-configured`: nobody has said where the service is;
 * - `not-attested`: there is no certificate that is valid now;
 * - `time-not-trusted`: the service's signed time did not come yet since power-on.
 */
export type ServiceSessionErrorCode = 'service-not-configured' | 'not-attested' | 'time-not-trusted';
export class ServiceSessionError extends CodedError<ServiceSessionErrorCode> {}

export interface ServiceSession {
  /**
   * To the service, judged at the trusted time. `device` shows the update certificate. Any status is an answer.
   * Errors: `ServiceSessionErrorCode`, `ServiceNetworkErrorCode`.
   */
  request(request: Omit<ServiceRequest, 'identity'>, as: 'open' | 'device'): Promise<ServiceResponse>;
  /** Whether there is an update certificate. */
  readonly isAttested: boolean;
  /** The monitor's. `seconds` since 1970; while `isSet` is false they are only a floor. */
  trustedNow(): Promise<{ isSet: boolean; seconds: number }>;
  /** 128 hex digits. */
  deviceId(): Promise<string>;
  /** The catalog that the monitor holds this device to, a GUID. */
  catalogId(): Promise<string | undefined>;
}
