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
  // Publisher keys and images.
  | 'publisher-key-not-found'
  | 'publisher-key-malformed'
  /** The catalog has devices or images, and they are bound to the key that it has. */
  | 'publisher-key-in-use'
  | 'image-not-found'
  | 'image-malformed'
  | 'image-too-large'
  | 'image-kind-wrong'
  | 'image-id-mismatch'
  | 'image-catalog-mismatch'
  | 'image-publisher-signature-missing'
  | 'image-publisher-unknown'
  | 'image-publisher-signature-invalid'
  | 'image-manifest-invalid'
  | 'image-grants-mismatch'
  | 'image-import-not-offered'
  | 'image-import-not-granted'
  | 'image-component-invalid'
  /** The current deployment of a device group has it. */
  | 'image-deployed'
  /** The process that looks components over could not be started. */
  | 'component-check-failed'
  // Deployments.
  | 'deployment-not-found'
  /** The name is taken by a deployment of other images. */
  | 'deployment-exists'
  | 'deployment-image-unknown'
  | 'deployment-component-twice'
  // Endorsing and claiming.
  /** Two catalogs cannot have one device, and a claim is for good. */
  | 'device-claimed-elsewhere'
  | 'device-not-endorsed'
  /** No evidence of the device itself comes with the claim, and no endorsement of its factory. */
  | 'claim-evidence-missing'
  | 'claim-evidence-malformed'
  /** A claim is not taken back: the device keeps it for good. */
  | 'claim-is-one-way'
  | 'endorsement-malformed'
  | 'endorsement-signature-invalid'
  /** A device of a bulk claim is not in the endorsement that came with it. */
  | 'endorsement-lacks-device'
  /** Signed by a factory that `trust-factory` never named. */
  | 'factory-not-trusted'
  | 'certificate-not-found'
  | 'proof-of-possession-malformed'
  // What devices ask for and report.
  | 'device-not-claimed'
  | 'metadata-not-found'
  | 'target-not-found'
  | 'report-malformed'
  | 'report-signature-invalid'
  | 'report-wrong-device'
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
/** Without a word about where. */
export function claimedElsewhere(deviceId: string): ServiceError {
  return new ServiceError('device-claimed-elsewhere', 'another catalog has this device', {
    fault: 'caller',
    hint: 'a claim is for good',
    details: { deviceId },
  });
}

export function notFound(code: NotFoundCode, name: string): ServiceError {
  const what = code.replace('-not-found', '').replaceAll('-', ' ');
  return new ServiceError(code, `there is no ${what} ${name}`, { fault: 'caller', details: { name } });
}
