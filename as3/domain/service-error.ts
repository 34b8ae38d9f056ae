// Why the service refuses what an operator asks for, as a closed list. Never carries what another catalog holds.

import { CodedError } from '../../contracts/core/coded-error.ts';

export type ServiceErrorCode =
  // What was asked for.
  | 'resource-name-malformed'
  /** `.default` and `.unassigned` stand in paths of devices that have no group; nothing can be made under these names. */
  | 'resource-name-reserved'
  | 'field-malformed'
  | 'page-malformed'
  | 'catalog-not-found'
  | 'product-not-found'
  | 'device-group-not-found'
  | 'device-not-found'
  | 'catalog-not-empty'
  | 'product-not-empty'
  | 'device-group-not-empty'
  // The store.
  | 'store-address-malformed'
  | 'store-unusable'
  /** Written by a later version of the service, whose tables this one does not know. */
  | 'store-too-new'
  /** Another process has held the store for too long. */
  | 'store-busy';

export class ServiceError extends CodedError<ServiceErrorCode> {}

type NotFoundCode = Extract<ServiceErrorCode, `${string}-not-found`>;

/** What is missing is said in one way, whoever finds out. */
export function notFound(code: NotFoundCode, name: string): ServiceError {
  const what = code.replace('-not-found', '').replace('-', ' ');
  return new ServiceError(code, `there is no ${what} ${name}`, { fault: 'caller', details: { name } });
}
