// The one place where an error of the service becomes an answer: a status, a code that clients of Azure Resource Manager know,
// and our own code beside it. Never shows what an unexpected error says.

import { CodedError } from '../../contracts/core/coded-error.ts';
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

export type PublicCode = ServiceErrorCode | ApiErrorCode | 'internal';

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
  const known = isPublic(error) ? error : (ofFramework(error) ?? new InternalFault());
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
function ofFramework(error: unknown): ApiError | undefined {
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
