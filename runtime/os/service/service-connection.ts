// Requests of the OS to its service, each judged by the keystore's root and the monitor's time. Never by the host's clock, never with
// a certificate that has expired.

import { DEVICE_API, DEVICE_API_MAX_BYTES } from '../../../contracts/wire/device-api.ts';
import type { SecureCalls } from '../secure-calls.ts';
import type {
  ServiceAddress,
  ServiceNetwork,
  ServiceRequest,
  ServiceResponse,
  ServiceTrust,
  TlsIdentity,
} from '../service-port.ts';
import type { DeviceCertificates, HeldCertificate } from './device-certificates.ts';
import type { ServiceSession } from './service-session.ts';
import { ServiceSessionError } from './service-session.ts';

/** RFC 9110, section 15.5.2. */
const UNAUTHORIZED = 401;

export class ServiceConnection implements ServiceSession {
  readonly #monitor: SecureCalls;
  readonly #network: ServiceNetwork;
  readonly #certificates: DeviceCertificates;
  #address: ServiceAddress | undefined;
  #onCertificateRefused = (): void => undefined;
  #root: Uint8Array | undefined;

  constructor(monitor: SecureCalls, network: ServiceNetwork, certificates: DeviceCertificates) {
    this.#monitor = monitor;
    this.#network = network;
    this.#certificates = certificates;
  }

  get address(): ServiceAddress | undefined {
    return this.#address;
  }

  /** Told when the service did not take the device's certificate: it has expired, say, while the device's clock stood still. */
  onCertificateRefused(listener: () => void): void {
    this.#onCertificateRefused = listener;
  }

  /** What is on its way to the old address stays on its way. */
  setAddress(address: ServiceAddress): void {
    this.#address = address;
  }

  get isAttested(): boolean {
    return this.#certificates.get('update') !== undefined;
  }

  async request(request: Omit<ServiceRequest, 'identity'>, as: 'open' | 'device'): Promise<ServiceResponse> {
    const identity = as === 'device' ? (await this.updateCertificate()).identity : undefined;
    return this.requestAs(identity, request);
  }

  /** As `request`, under this very identity: for a body that was signed with its key. */
  async requestAs(
    identity: TlsIdentity | undefined,
    request: Omit<ServiceRequest, 'identity'>,
  ): Promise<ServiceResponse> {
    const { isSet, seconds } = await this.trustedNow();
    if (!isSet)
      throw new ServiceSessionError('time-not-trusted', 'the service has not told the time yet', { fault: 'world' });
    const trust = { root: await this.#serviceRoot(), nowSeconds: seconds, nowIsFloor: false };
    const response = await this.#send(trust, request, identity);
    if (identity !== undefined && response.status === UNAUTHORIZED) this.#onCertificateRefused();
    return response;
  }

  /**
   * The one request that may be made before the time is known, and whose server is judged by a floor: the chip's clock stands still
   * while its host sleeps, so that the trusted time may be behind, too, and a server that renewed its certificate meanwhile would be
   * locked out for good. What it answers is believed for the time key's signature alone.
   * Errors: `service-not-configured`, `ServiceNetworkErrorCode`.
   */
  async requestTime(body: Uint8Array): Promise<ServiceResponse> {
    const { seconds } = await this.trustedNow();
    const trust = { root: await this.#serviceRoot(), nowSeconds: seconds, nowIsFloor: true };
    const { method, path } = DEVICE_API.time;
    return this.#send(trust, { method, path, body, maxBytes: DEVICE_API_MAX_BYTES.answer }, undefined);
  }

  /** Errors: `not-attested`. */
  async updateCertificate(): Promise<HeldCertificate> {
    this.#certificates.dropExpired((await this.trustedNow()).seconds);
    const held = this.#certificates.get('update');
    if (held !== undefined) return held;
    throw new ServiceSessionError('not-attested', 'the device has no certificate that is valid now', {
      fault: 'world',
      hint: 'see service.status',
    });
  }

  async trustedNow(): Promise<{ isSet: boolean; seconds: number }> {
    return this.#monitor.call({ call: 'trustedTime' });
  }

  async deviceId(): Promise<string> {
    return (await this.#monitor.call({ call: 'describe' })).deviceId;
  }

  async catalogId(): Promise<string | undefined> {
    return (await this.#monitor.call({ call: 'claim' }))?.catalogId;
  }

  #send(
    trust: ServiceTrust,
    request: Omit<ServiceRequest, 'identity'>,
    identity: TlsIdentity | undefined,
  ): Promise<ServiceResponse> {
    const address = this.#address;
    if (address === undefined)
      throw new ServiceSessionError('service-not-configured', 'nobody has said where the service is', {
        fault: 'world',
        hint: 'use service.configure',
      });
    return this.#network.request(address, trust, identity === undefined ? request : { ...request, identity });
  }

  async #serviceRoot(): Promise<Uint8Array> {
    this.#root ??= await this.#monitor.call({ call: 'keystoreFile', file: 'serviceCa' });
    return this.#root;
  }
}
