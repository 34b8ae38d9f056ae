// What the network answers its caller, as values. A denial is the firewall's; everything else is how the network is.

import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { RadioRefusal } from '../../../contracts/wire/radio-link.ts';
import type { PortResult } from '../../../host-apis/ports.ts';

export type Refused = Extract<PortResult<never>, { ok: false }>;

export const DONE: PortResult<void> = { ok: true, value: undefined };
export const DENIED: Refused = { ok: false, error: 'access-denied', layer: 'firewall' };
export const WOULD_BLOCK: Refused = failed('would-block');

export function done<Value>(value: Value): PortResult<Value> {
  return { ok: true, value };
}

export function failed(error: AppErrorCode): Refused {
  return { ok: false, error, layer: 'driver' };
}

export const REFUSED_AS: Readonly<Record<RadioRefusal, AppErrorCode>> = {
  radioOff: 'unreachable',
  hostUnreachable: 'unreachable',
  hostUnknown: 'name-not-resolved',
  portTaken: 'address-in-use',
  connectionRefused: 'connection-refused',
};
