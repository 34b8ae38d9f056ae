// A service and a monitor for the OS's half of attestation: honest unless a test says otherwise, in virtual time. Certificates are facts
// in PEM's clothes; signatures are real.

import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import { timeSignedBytes } from '../../contracts/core/signed-time.ts';
import type { ReportEvent } from '../../contracts/wire/failure-report.ts';
import { decodeSignedReport } from '../../contracts/wire/failure-report.ts';
import { decodeEvidence } from '../../contracts/wire/evidence.ts';
import { nodeCrypto } from '../../runtime/adapters/node-crypto.ts';
import type { SecureRequest, SecureResults } from '../../runtime/monitor/abi/codec.ts';
import type { SecureCall, SecureCallError } from '../../runtime/monitor/abi/secure-call.ts';
import type { RequestOf, SecureCalls } from '../../runtime/os/secure-calls.ts';
import { SecureCallRefused } from '../../runtime/os/secure-calls.ts';
import type {
  CertificateFacts,
  DeviceKeys,
  ServiceAddress,
  ServiceNetwork,
  ServiceRequest,
  ServiceResponse,
  ServiceTrust,
} from '../../runtime/os/service-port.ts';
import { DeviceKeysError } from '../../runtime/os/service-port.ts';
import { EvidenceSigner } from './evidence.ts';
import type { VirtualTime } from './virtual-time.ts';

const CATALOG = '00000000-0000-4000-8000-0000000000ca' as ComponentId;
/** 2027-01-15T08:00:00Z: when the device is switched on. */
export const BOOT_SECONDS = 1_800_000_000;
const FLOOR_SECONDS = BOOT_SECONDS - 100 * 24 * 3600;
export const DAY_SECONDS = 24 * 3600;
export const SERVICE: ServiceAddress = { host: 'service.example', port: 443 };

interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function p256Pair(): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { d = '', x = '', y = '' } = privateKey.export({ format: 'jwk' });
  const bytes = (text: string): number[] => [...Buffer.from(text, 'base64url')];
  return { privateKey: Uint8Array.from(bytes(d)), publicKey: Uint8Array.from([4, ...bytes(x), ...bytes(y)]) };
}

const TIME_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signWithTimeKey = (message: Uint8Array): Uint8Array =>
  Uint8Array.from(sign('sha256', message, { key: TIME_KEY.privateKey, dsaEncoding: 'ieee-p1363' }));

/** What `describeCertificate` of `fakeKeys` gives back. */
export function pemOf({ publicKey, ...facts }: CertificateFacts): string {
  const text = Buffer.from(JSON.stringify({ ...facts, publicKey: bytesToHex(publicKey) })).toString('base64');
  const lines = text.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Random bytes that are the same in each run. */
export function fakeKeys(): DeviceKeys {
  let count = 0;
  return {
    sign: (privateKey, message) => nodeCrypto.signP256(privateKey, message),
    describeCertificate(pem) {
      try {
        const text = Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64').toString();
        const { publicKey, ...facts } = JSON.parse(text.slice(0, text.indexOf('}') + 1)) as CertificateFacts;
        return { ...facts, publicKey: Uint8Array.from(Buffer.from(String(publicKey), 'hex')) };
      } catch (cause) {
        throw new DeviceKeysError('certificate-malformed', 'not one of ours', { cause });
      }
    },
    random: (length) => nodeCrypto.sha256(Uint8Array.of(++count & 0xff, count >> 8)).slice(0, length),
  };
}

/** The secure calls that the service is behind. What is on its flash stays when another `FakeMonitor` is made from it. */
export class FakeMonitor implements SecureCalls {
  readonly device: EvidenceSigner;
  readonly records: Map<OsRecordName, Uint8Array>;
  /** Every request, in order. */
  readonly requests: SecureRequest[] = [];
  /** The next calls of this name are refused with this code, until it is taken out. */
  readonly refusals = new Map<SecureCall, SecureCallError>();
  claimed: Uint8Array | undefined;
  readonly #time: VirtualTime;
  #nonce: Uint8Array | undefined;
  #set: { readonly seconds: number; readonly atNs: bigint } | undefined;

  constructor(time: VirtualTime, before?: FakeMonitor) {
    this.#time = time;
    this.device = before?.device ?? new EvidenceSigner();
    this.records = before?.records ?? new Map<OsRecordName, Uint8Array>();
    this.claimed = before?.claimed;
  }

  get deviceId() {
    return deviceIdOf(this.device.point, (bytes) => nodeCrypto.sha512(bytes));
  }

  async call<Call extends SecureCall>(request: RequestOf<Call>): Promise<SecureResults[Call]> {
    this.requests.push(request);
    const refusal = this.refusals.get(request.call);
    if (refusal !== undefined) throw new SecureCallRefused(refusal, request.call);
    const result: unknown = this.#answer(request);
    return result as SecureResults[Call];
  }

  /** Requests of one kind so far. */
  count(call: SecureCall): number {
    return this.requests.filter((request) => request.call === call).length;
  }

  #answer(request: SecureRequest): unknown {
    switch (request.call) {
      case 'describe':
        return { deviceId: this.deviceId };
      case 'trustedTime':
        return this.#trustedTime();
      case 'timeNonce':
        this.#nonce = nodeCrypto.sha256(Uint8Array.of(this.requests.length & 0xff, this.requests.length >> 8));
        return this.#nonce;
      case 'setTime':
        return this.#setTime(request);
      case 'attest':
        return this.#attest(request.nonce, request.keys);
      case 'bindClaim':
        this.claimed = request.statement;
        return undefined;
      case 'claim':
        return this.claimed === undefined ? undefined : { catalogId: CATALOG, publisherKeyId: undefined, epoch: 1 };
      case 'readRecord':
        return this.records.get(request.record);
      case 'writeRecord':
        if (request.bytes.length === 0) return void this.records.delete(request.record);
        return void this.records.set(request.record, request.bytes);
      case 'keystoreFile':
        return new TextEncoder().encode(request.file);
      default:
        throw new SecureCallRefused('call-unknown', request.call);
    }
  }

  #trustedTime(): SecureResults['trustedTime'] {
    if (this.#set === undefined) return { isSet: false, seconds: FLOOR_SECONDS };
    const passed = Number((this.#time.nowNs() - this.#set.atNs) / 1_000_000_000n);
    return { isSet: true, seconds: this.#set.seconds + passed };
  }

  #setTime({ nonce, seconds, signature }: Extract<SecureRequest, { readonly call: 'setTime' }>): void {
    const asked = this.#nonce;
    this.#nonce = undefined;
    const key = { key: TIME_KEY.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const isSigned = verify('sha256', timeSignedBytes(nonce, seconds), key, signature);
    if (asked === undefined || bytesToHex(asked) !== bytesToHex(nonce) || !isSigned)
      throw new SecureCallRefused('time-not-trusted', '');
    this.#set = { seconds, atNs: this.#time.nowNs() };
  }

  #attest(nonce: Uint8Array, withKeys: boolean): SecureResults['attest'] {
    if (!withKeys) return { evidence: this.device.token({ nonce }), keys: [] };
    const update = p256Pair();
    const customer = p256Pair();
    const publics = { certificateKey: update.publicKey, customerKey: customer.publicKey };
    const keys = [
      { purpose: 'update', ...update },
      { purpose: 'customer', ...customer },
    ] as const;
    return { evidence: this.device.token({ nonce, ...publics }), keys };
  }
}

export interface NotedRequest {
  readonly address: ServiceAddress;
  readonly trust: ServiceTrust;
  readonly request: ServiceRequest;
}
type Answer = (noted: NotedRequest) => ServiceResponse | Promise<ServiceResponse>;

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
export const answered = (value: unknown, status = 200): ServiceResponse => ({ status, body: text(value) });
export const refusedAs = (code: string, details: object = {}, status = 403): ServiceResponse =>
  answered({ error: { code, message: code, details } }, status);
const bodyText = ({ request }: NotedRequest, key: string): string => {
  const body: unknown = JSON.parse(new TextDecoder().decode(request.body));
  return (body as Record<string, string>)[key] ?? '';
};
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

/** The device API. A test puts another answer in the place of an honest one, by the end of its path: `time`, `nonce`, `attest`, `reports`. */
export class FakeService implements ServiceNetwork {
  readonly requests: NotedRequest[] = [];
  readonly instead = new Map<string, Answer>();
  /** Events that were reported, under their ids: one that is sent again adds nothing. */
  readonly events = new Map<string, ReportEvent>();
  certificateSeconds = DAY_SECONDS;
  claim: Uint8Array = new Uint8Array(256).fill(3);
  readonly #time: VirtualTime;
  readonly #signTime: (message: Uint8Array) => Uint8Array;
  #lastNonce = 0;

  /** `signTime`: ES256 with the key that the device's keystore has; by default the one that `FakeMonitor` believes. */
  constructor(time: VirtualTime, signTime = signWithTimeKey) {
    this.#time = time;
    this.#signTime = signTime;
  }

  get nowSeconds(): number {
    return BOOT_SECONDS + Number(this.#time.nowNs() / 1_000_000_000n);
  }

  async request(address: ServiceAddress, trust: ServiceTrust, request: ServiceRequest): Promise<ServiceResponse> {
    const noted = { address, trust, request };
    this.requests.push(noted);
    const name = request.path.split('/').at(-1) ?? '';
    const answer = this.instead.get(name) ?? ((asked: NotedRequest) => this.honest(asked));
    return answer(noted);
  }

  /** Requests so far whose path ends so. */
  count(name: string): number {
    return this.requests.filter(({ request }) => request.path.endsWith(`/${name}`)).length;
  }

  honest(noted: NotedRequest): ServiceResponse {
    switch (noted.request.path) {
      case '/device/v1/time':
        return this.#tellTime(noted);
      case '/device/v1/nonce':
        return answered({ nonce: this.#nonce(++this.#lastNonce).toString('base64'), expiresInSeconds: 300 });
      case '/device/v1/attest':
        return this.#attest(noted);
      case '/device/v1/reports':
        return this.#report(noted);
      default:
        return refusedAs('path-unknown', {}, 404);
    }
  }

  #tellTime(noted: NotedRequest): ServiceResponse {
    const signedBytes = timeSignedBytes(bytesOf(bodyText(noted, 'nonce')), this.nowSeconds);
    const signature = Buffer.from(this.#signTime(signedBytes)).toString('base64');
    return answered({ seconds: this.nowSeconds, signature });
  }

  #nonce(number: number): Buffer {
    return Buffer.alloc(48, number & 0xff);
  }

  #attest(noted: NotedRequest): ServiceResponse {
    const { claims } = decodeEvidence(bytesOf(bodyText(noted, 'evidence')));
    if (claims.nonce.some((byte) => byte !== (this.#lastNonce & 0xff))) return refusedAs('nonce-unknown');
    const { certificateKey, customerKey } = claims;
    if (certificateKey === undefined || customerKey === undefined) return refusedAs('evidence-without-key');
    const certificates = { update: this.certificate(certificateKey), customer: this.certificate(customerKey) };
    return answered({ claim: Buffer.from(this.claim).toString('base64'), certificates });
  }

  certificate(publicKey: Uint8Array, changes: Partial<CertificateFacts> = {}): string {
    return pemOf({
      serial: String(this.#lastNonce).padStart(2, '0'),
      subject: 'CN=device',
      subjectAltName: '',
      notBeforeSeconds: this.nowSeconds,
      notAfterSeconds: this.nowSeconds + this.certificateSeconds,
      publicKey,
      ...changes,
    });
  }

  #report(noted: NotedRequest): ServiceResponse {
    const { report, signedBytes, signature } = decodeSignedReport(bytesOf(bodyText(noted, 'report')));
    const point = Buffer.from(noted.request.identity?.publicKey ?? new Uint8Array(65));
    const coordinate = (from: number): string => point.subarray(from, from + 32).toString('base64url');
    const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) };
    const key = { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' } as const;
    if (!verify('sha256', signedBytes, key, signature)) return refusedAs('report-signature-invalid', {}, 400);
    const fresh = report.events.filter(({ id }) => !this.events.has(bytesToHex(id)));
    for (const event of fresh) this.events.set(bytesToHex(event.id), event);
    return answered({ accepted: fresh.length });
  }
}
