// One attestation from the time to the certificates, in the order in which each step may believe the last. Never keeps anything of one
// that fails; the monitor decides on time, evidence and claim.

import type { CertificatePair } from './device-certificates.ts';
import { toBase64 } from '../../../contracts/wire/base64.ts';
import { readAttestAnswer, readNonceAnswer, readTimeAnswer } from '../../../contracts/wire/device-answers.ts';
import type { AttestRequest, NonceRequest, TimeRequest } from '../../../contracts/wire/device-api.ts';
import { DEVICE_API, DEVICE_API_MAX_BYTES } from '../../../contracts/wire/device-api.ts';
import type { SecureResults } from '../../monitor/abi/codec.ts';
import type { SecureCalls } from '../secure-calls.ts';
import type { DeviceKeys } from '../service-port.ts';
import type { CertificateKey, CertificatePurpose, HeldCertificate } from './device-certificates.ts';
import { DeviceCertificateError, checkedCertificate } from './device-certificates.ts';
import type { ServiceConnection } from './service-connection.ts';
import { ServiceSessionError } from './service-session.ts';
import { bodyOf } from './service-refused.ts';

export interface AttestationParts {
  readonly monitor: SecureCalls;
  readonly connection: ServiceConnection;
  readonly keys: DeviceKeys;
}

/**
 * Errors: `ServiceNetworkErrorCode`, `service-answer-malformed`, `ServiceRefused`, `SecureCallRefused` (time, evidence or claim that
 * the monitor does not take), `DeviceCertificateErrorCode`, `DeviceKeysErrorCode`, `ServiceSessionErrorCode`.
 */
export async function attestOnce({ monitor, connection, keys }: AttestationParts): Promise<CertificatePair> {
  // 1 The time, anew each time: an answer to an old nonce, kept by somebody on the way, would keep expired certificates alive.
  await fetchTime(monitor, connection);
  // 2 A nonce of the service: evidence that somebody recorded is worth nothing.
  const { deviceId } = await monitor.call({ call: 'describe' });
  const { nonce } = readNonceAnswer(await post(connection, 'nonce', { deviceId } satisfies NonceRequest));
  // 3 Evidence by the monitor, with keys that it made for this attestation.
  const attestation = await monitor.call({ call: 'attest', nonce, keys: true });
  const request: AttestRequest = { evidence: toBase64(attestation.evidence) };
  const { claim, certificates } = readAttestAnswer(await post(connection, 'attest', request));
  // 4 Certificates for other keys or another time would leave the device with an identity that it cannot show.
  const { isSet, seconds } = await connection.trustedNow();
  if (!isSet) throw new ServiceSessionError('time-not-trusted', 'the time that was just set is not there');
  const checked = (purpose: CertificatePurpose): HeldCertificate =>
    checkedCertificate(keys, purpose, keyOf(attestation, purpose), certificates[purpose], seconds);
  const pair = { update: checked('update'), customer: checked('customer') };
  // 5 Last: a claim binds the device for good.
  await monitor.call({ call: 'bindClaim', statement: claim });
  return pair;
}

async function fetchTime(monitor: SecureCalls, connection: ServiceConnection): Promise<void> {
  const nonce = await monitor.call({ call: 'timeNonce' });
  const request: TimeRequest = { nonce: toBase64(nonce) };
  const { seconds, signature } = readTimeAnswer(bodyOf(await connection.requestTime(jsonBytes(request))));
  await monitor.call({ call: 'setTime', nonce, seconds, signature });
}

async function post(connection: ServiceConnection, name: 'nonce' | 'attest', body: object): Promise<Uint8Array> {
  const { method, path } = DEVICE_API[name];
  const request = { method, path, body: jsonBytes(body), maxBytes: DEVICE_API_MAX_BYTES.answer };
  return bodyOf(await connection.request(request, 'open'));
}

function keyOf({ keys }: SecureResults['attest'], purpose: CertificatePurpose): CertificateKey {
  const key = keys.find((candidate) => candidate.purpose === purpose);
  if (key !== undefined) return key;
  throw new DeviceCertificateError('certificate-key-wrong', `no ${purpose} key was made`, { details: { purpose } });
}

function jsonBytes(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
