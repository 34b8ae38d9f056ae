// The one place where an error of the device API becomes an answer. Never shows what an unexpected error says.

import type { EvidenceErrorCode } from '../../contracts/wire/evidence.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceApiRefusal } from '../../contracts/wire/device-api.ts';
import type { DeviceRefusalCode } from '../domain/device-refusal.ts';
import type { ServiceErrorCode } from '../domain/service-error.ts';
import type { ApiErrorCode } from './api-error.ts';

type StoreFault = Extract<ServiceErrorCode, 'store-unusable' | 'store-busy'>;
type RequestFault = Extract<
  ApiErrorCode,
  'request-malformed' | 'request-too-large' | 'media-type-unsupported' | 'operation-unknown'
>;

/** 403: the device may come back as another or with other software; 401: without this certificate or nonce it may not. */
const STATUS = {
  'request-malformed': 400,
  'request-too-large': 413,
  'media-type-unsupported': 415,
  'operation-unknown': 404,
  'device-certificate-missing': 401,
  'device-certificate-refused': 401,
  'device-certificate-expired': 401,
  'nonce-not-ours': 401,
  'nonce-expired': 401,
  'nonce-replayed': 401,
  'device-id-malformed': 400,
  'time-nonce-malformed': 400,
  'device-unknown': 403,
  'device-unclaimed': 403,
  'catalog-without-publisher-key': 403,
  'certificate-keys-missing': 400,
  'evidence-too-large': 413,
  'evidence-malformed': 400,
  'evidence-algorithm-unsupported': 400,
  'evidence-profile-unknown': 400,
  'evidence-claim-missing': 400,
  'evidence-claim-malformed': 400,
  'evidence-wrong-key': 403,
  'evidence-signature-invalid': 403,
  'evidence-nonce-mismatch': 403,
  'evidence-lifecycle-refused': 403,
  'evidence-boot-chain-broken': 403,
  'evidence-component-unknown': 403,
  'evidence-digest-wrong': 403,
  'evidence-version-wrong': 403,
  'evidence-implementation-wrong': 403,
  'evidence-device-cloned': 403,
  'evidence-board-wrong': 403,
  'certificate-authority-expired': 500,
  'store-unusable': 500,
  'store-busy': 503,
} as const satisfies Readonly<Record<DeviceRefusalCode | EvidenceErrorCode | RequestFault | StoreFault, number>>;

export interface DeviceErrorAnswer {
  readonly status: number;
  readonly body: DeviceApiRefusal;
}

/** `more`: codes of a route of its own and their statuses. */
export function deviceErrorAnswer(error: unknown, more: Readonly<Record<string, number>> = {}): DeviceErrorAnswer {
  const known = isCoded(error) ? error : undefined;
  const status = known === undefined ? undefined : statusOf(known.code, more);
  if (known === undefined || status === undefined) {
    return { status: 500, body: { error: { code: 'internal', message: 'the service failed; its own log says why' } } };
  }
  const { code, message, hint, details } = known;
  const extra = { ...(hint === undefined ? {} : { hint }), ...(Object.keys(details).length === 0 ? {} : { details }) };
  return { status, body: { error: { code, message, ...extra } } };
}

function statusOf(code: string, more: Readonly<Record<string, number>>): number | undefined {
  if (Object.hasOwn(more, code)) return more[code];
  return Object.hasOwn(STATUS, code) ? STATUS[code as keyof typeof STATUS] : undefined;
}
