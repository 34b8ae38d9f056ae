// Ports of a broker that was given no storage, network, wall clock or randomness: they refuse. Never an invented time or a weak random byte.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { NetworkPort, PortResult, RandomPort, StoragePort, WallClockPort } from '../ports.ts';

export type NoServiceErrorCode = 'service-missing';
/** Ends the app that asked: whoever put the broker together left a service out. */
export class NoServiceError extends CodedError<NoServiceErrorCode> {}

export const NO_STORAGE: StoragePort = {
  perform: () => Promise.resolve({ ok: false, error: 'io', layer: 'driver' }),
  release: () => undefined,
};
export const NO_WALL_CLOCK: WallClockPort = { nowNs: () => Promise.reject(missing('a wall clock')) };
export const NO_RANDOM: RandomPort = { bytes: () => Promise.reject(missing('randomness')) };

const unreachable = (): PortResult<never> => ({ ok: false, error: 'unreachable', layer: 'driver' });
export const NO_NETWORK: NetworkPort = {
  resolve: unreachable,
  connect: unreachable,
  listen: unreachable,
  bind: unreachable,
};

function missing(what: string): NoServiceError {
  return new NoServiceError('service-missing', `this broker has no ${what}`, { fault: 'world' });
}
