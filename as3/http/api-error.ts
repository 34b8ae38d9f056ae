// The one place where an error of the service becomes an answer: a status, a code that clients of Azure Resource Manager know,
// and our own code beside it. Never shows what an unexpected error says.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { DeviceRefusalCode } from '../domain/device-refusal.ts';
import type { ServiceErrorCode } from '../domain/service-error.ts';

/** Faults of a request as such, before any resource is looked at. */
export type ApiErrorCode =
  | 'operator-certificate-missing'
  | 'operator-certificate-expired'
  | 'api-version-missing'
  | 'api-version-unsupported'
  | 'operation-unknown'
  | 'filter-unsupported'
  | 'request-malformed'
  | 'request-too-large'
  | 'media-type-unsupported';
export class ApiError extends CodedError<ApiErrorCode> {}

export type PublicCode = ServiceErrorCode | ApiErrorCode | DeviceRefusalCode | 'internal';

/** What a claim by evidence is refused for, in the words of the device API. */
const EVIDENCE_PUBLIC = {
  'device-unknown': [403, 'Forbidden'],
  'device-unclaimed': [403, 'Forbidden'],
  'device-id-malformed': [400, 'InvalidResourceName'],
  'time-nonce-malformed': [400, 'InvalidRequestContent'],
  'catalog-without-publisher-key': [409, 'Conflict'],
  'certificate-keys-missing': [403, 'Forbidden'],
  'nonce-not-ours': [403, 'Forbidden'],
  'nonce-expired': [403, 'Forbidden'],
  'nonce-replayed': [403, 'Forbidden'],
  'evidence-wrong-key': [403, 'Forbidden'],
  'evidence-signature-invalid': [403, 'Forbidden'],
  'evidence-nonce-mismatch': [403, 'Forbidden'],
  'evidence-lifecycle-refused': [403, 'Forbidden'],
  'evidence-boot-chain-broken': [403, 'Forbidden'],
  'evidence-component-unknown': [403, 'Forbidden'],
  'evidence-digest-wrong': [403, 'Forbidden'],
  'evidence-version-wrong': [403, 'Forbidden'],
  'evidence-implementation-wrong': [403, 'Forbidden'],
  'evidence-device-cloned': [403, 'Forbidden'],
  'evidence-board-wrong': [403, 'Forbidden'],
  'device-certificate-missing': [401, 'AuthenticationFailed'],
  'device-certificate-refused': [401, 'AuthenticationFailed'],
  'device-certificate-expired': [401, 'AuthenticationFailed'],
  'certificate-authority-expired': [500, 'InternalServerError'],
} as const satisfies Readonly<Record<DeviceRefusalCode, readonly [number, string]>>;

const PUBLIC = {
  'operator-certificate-missing': [401, 'AuthenticationFailed'],
  'operator-certificate-expired': [401, 'AuthenticationFailed'],
  'api-version-missing': [400, 'MissingApiVersionParameter'],
  'api-version-unsupported': [400, 'InvalidApiVersionParameter'],
  'operation-unknown': [404, 'InvalidResourceType'],
  'filter-unsupported': [400, 'InvalidFilter'],
  'request-malformed': [400, 'InvalidRequestContent'],
  'request-too-large': [413, 'RequestEntityTooLarge'],
  'media-type-unsupported': [415, 'UnsupportedMediaType'],
  'resource-name-malformed': [400, 'InvalidResourceName'],
  'resource-name-reserved': [400, 'ReservedResourceName'],
  'field-malformed': [400, 'ResourceCreationValidateFailed'],
  'page-malformed': [400, 'InvalidQueryParameterValue'],
  'catalog-not-found': [404, 'ResourceNotFound'],
  'product-not-found': [404, 'ResourceNotFound'],
  'device-group-not-found': [404, 'ResourceNotFound'],
  'device-not-found': [404, 'ResourceNotFound'],
  'catalog-not-empty': [409, 'CannotDeleteResource'],
  'product-not-empty': [409, 'CannotDeleteResource'],
  'device-group-not-empty': [409, 'CannotDeleteResource'],
  'publisher-key-not-found': [404, 'ResourceNotFound'],
  'publisher-key-malformed': [400, 'ResourceCreationValidateFailed'],
  'publisher-key-in-use': [409, 'Conflict'],
  'image-not-found': [404, 'ResourceNotFound'],
  'image-malformed': [400, 'ResourceCreationValidateFailed'],
  'image-too-large': [413, 'RequestEntityTooLarge'],
  'image-kind-wrong': [400, 'ResourceCreationValidateFailed'],
  'image-id-mismatch': [400, 'ResourceCreationValidateFailed'],
  'image-catalog-mismatch': [400, 'ResourceCreationValidateFailed'],
  'image-publisher-signature-missing': [400, 'ResourceCreationValidateFailed'],
  'image-publisher-unknown': [400, 'ResourceCreationValidateFailed'],
  'image-publisher-signature-invalid': [400, 'ResourceCreationValidateFailed'],
  'image-manifest-invalid': [400, 'ResourceCreationValidateFailed'],
  'image-grants-mismatch': [400, 'ResourceCreationValidateFailed'],
  'image-import-not-offered': [400, 'ResourceCreationValidateFailed'],
  'image-import-not-granted': [400, 'ResourceCreationValidateFailed'],
  'image-component-invalid': [400, 'ResourceCreationValidateFailed'],
  'image-deployed': [409, 'CannotDeleteResource'],
  'component-check-failed': [503, 'ServiceUnavailable'],
  'deployment-not-found': [404, 'ResourceNotFound'],
  'deployment-exists': [409, 'Conflict'],
  'deployment-image-unknown': [400, 'ResourceCreationValidateFailed'],
  'deployment-component-twice': [400, 'ResourceCreationValidateFailed'],
  'device-not-claimed': [403, 'Forbidden'],
  'metadata-not-found': [404, 'ResourceNotFound'],
  'target-not-found': [404, 'ResourceNotFound'],
  'report-malformed': [400, 'InvalidRequestContent'],
  'report-signature-invalid': [403, 'Forbidden'],
  'report-wrong-device': [403, 'Forbidden'],
  'device-claimed-elsewhere': [409, 'Conflict'],
  'device-not-endorsed': [403, 'Forbidden'],
  'claim-evidence-missing': [400, 'ResourceCreationValidateFailed'],
  'claim-evidence-malformed': [400, 'ResourceCreationValidateFailed'],
  'claim-is-one-way': [409, 'CannotDeleteResource'],
  'endorsement-malformed': [400, 'InvalidRequestContent'],
  'endorsement-signature-invalid': [403, 'Forbidden'],
  'endorsement-lacks-device': [403, 'Forbidden'],
  'factory-not-trusted': [403, 'Forbidden'],
  'certificate-not-found': [404, 'ResourceNotFound'],
  'proof-of-possession-malformed': [400, 'InvalidRequestContent'],
  ...EVIDENCE_PUBLIC,
  'store-address-malformed': [500, 'InternalServerError'],
  'store-unusable': [500, 'InternalServerError'],
  'store-too-new': [500, 'InternalServerError'],
  'store-busy': [503, 'ServiceUnavailable'],
  internal: [500, 'InternalServerError'],
} as const satisfies Readonly<Record<PublicCode, readonly [number, string]>>;

/** The error body of Azure Resource Manager (common-types v3); our code and hint are in `additionalInfo`. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly target?: string;
    readonly additionalInfo: readonly [
      { readonly type: 'Casemate'; readonly info: { readonly code: PublicCode; readonly hint?: string } },
    ];
  };
}

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
}

export function errorAnswer(error: unknown): ErrorAnswer {
  const known = isPublic(error) ? error : (frameworkFault(error) ?? new InternalFault());
  const [status, code] = PUBLIC[known.code];
  const info = { code: known.code, ...(known.hint === undefined ? {} : { hint: known.hint }) };
  const target = known.details['target'];
  return {
    status,
    body: {
      error: {
        code,
        message: known.message,
        ...(typeof target === 'string' ? { target } : {}),
        additionalInfo: [{ type: 'Casemate', info }],
      },
    },
  };
}

class InternalFault extends CodedError<'internal'> {
  constructor() {
    super('internal', 'the service failed; its own log says why', { fault: 'world' });
  }
}

function isPublic(error: unknown): error is CodedError<PublicCode> {
  return error instanceof CodedError && Object.hasOwn(PUBLIC, (error as CodedError).code);
}

/** Fastify's own refusals, by status: their texts can hold what the peer sent, and are replaced. */
export function frameworkFault(error: unknown): ApiError | undefined {
  if (error instanceof CodedError) return undefined;
  const { statusCode, validation } = error as {
    statusCode?: number;
    validation?: readonly { instancePath?: string; message?: string; params?: Record<string, unknown> }[];
  };
  const [fault] = validation ?? [];
  if (fault !== undefined) {
    const extra = fault.params?.['additionalProperty'];
    const path = `${fault.instancePath ?? ''}${typeof extra === 'string' ? `/${extra}` : ''}`;
    const target = path.slice(0, 200);
    return refusal('request-malformed', `the body ${fault.message ?? 'is malformed'}`, { details: { target } });
  }
  if (statusCode === 413) return refusal('request-too-large', 'the request is larger than this operation takes');
  if (statusCode === 415) {
    return refusal('media-type-unsupported', 'the body is not application/json');
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return refusal('request-malformed', 'the request is malformed');
  }
  return undefined;
}

function refusal(code: ApiErrorCode, message: string, context: { details?: { target: string } } = {}): ApiError {
  return new ApiError(code, message, { fault: 'peer', ...context });
}
