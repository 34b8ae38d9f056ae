// Reads what the authority prints about its public keys. Never trusts a key that is not a point on the curve: it would be
// burnt into fuses, for good.

import { X509Certificate } from 'node:crypto';
import { isP256Point } from '../../contracts/core/p256.ts';
import type { TrustAnchorsText } from '../../contracts/wire/trust-anchors.ts';
import { TRUST_ANCHORS_MAX_BYTES } from '../../contracts/wire/trust-anchors.ts';
import { FactoryError } from './factory-error.ts';

export interface TrustAnchors {
  /** SEC 1 uncompressed P-256 points, 65 bytes. */
  readonly platformKey: Uint8Array;
  readonly serviceImageKey: Uint8Array;
  readonly deviceCapabilityKey: Uint8Array;
  readonly timeKey: Uint8Array;
  readonly deviceClaimKey: Uint8Array;
  /** DER of the root certificate. */
  readonly serviceCa: Uint8Array;
  /** JSON text, byte for byte. */
  readonly tufRoot: Uint8Array;
}

/** Errors: `trust-anchors-malformed`. */
export function parseTrustAnchors(bytes: Uint8Array): TrustAnchors {
  if (bytes.length > TRUST_ANCHORS_MAX_BYTES) throw malformed(`${bytes.length} bytes`);
  const text = parseJson(bytes);
  return {
    platformKey: point(text, 'platformKey'),
    serviceImageKey: point(text, 'serviceImageKey'),
    deviceCapabilityKey: point(text, 'deviceCapabilityKey'),
    timeKey: point(text, 'timeKey'),
    deviceClaimKey: point(text, 'deviceClaimKey'),
    serviceCa: certificate(text),
    tufRoot: new TextEncoder().encode(tufRoot(text)),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseJson(bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed('not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('not an object');
  return value as Fields;
}

function base64(fields: Fields, name: keyof TrustAnchorsText): Uint8Array {
  const text = fields[name];
  if (typeof text !== 'string') throw malformed(`${name} is missing`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw malformed(`${name} is not base64`);
  return new Uint8Array(bytes);
}

function point(fields: Fields, name: keyof TrustAnchorsText): Uint8Array {
  const bytes = base64(fields, name);
  if (!isP256Point(bytes)) throw malformed(`${name} is not a P-256 point`);
  return bytes;
}

function certificate(fields: Fields): Uint8Array {
  const bytes = base64(fields, 'serviceCa');
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(bytes);
  } catch (cause) {
    throw malformed('serviceCa is no certificate', cause);
  }
  if (!parsed.ca || !parsed.raw.equals(bytes)) throw malformed('serviceCa is not the one certificate of a CA');
  return bytes;
}

function tufRoot(fields: Fields): string {
  const text = fields['tufRoot'];
  if (typeof text !== 'string') throw malformed('tufRoot is missing');
  const root = parseJson(new TextEncoder().encode(text));
  const signed = root['signed'];
  const isRoot = typeof signed === 'object' && signed !== null && (signed as Fields)['_type'] === 'root';
  if (!isRoot || (signed as Fields)['version'] !== 1) throw malformed('tufRoot is not TUF root version 1');
  return text;
}

function malformed(what: string, cause?: unknown): FactoryError {
  return new FactoryError('trust-anchors-malformed', `the authority's trust anchors: ${what}`, {
    hint: 'does the authority belong to this version of Casemate?',
    cause,
  });
}
