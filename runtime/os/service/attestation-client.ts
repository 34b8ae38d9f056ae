// Keeps the device attested: one attempt at a time, renewed well before the certificates end, put off longer after each failure. Never
// gives up certificates that are still valid because new ones did not come.

import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { ServiceState, ServiceStatus } from '../../../contracts/wire/device-link.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { AuditTrail } from '../audit-trail.ts';
import { toMilliseconds } from '../device-time.ts';
import type { ServiceAddress } from '../service-port.ts';
import { Turnstile } from '../turnstile.ts';
import type { AttestationParts } from './attest-once.ts';
import { attestOnce } from './attest-once.ts';
import { Backoff, chanceFrom } from './backoff.ts';
import type { Chance } from './backoff.ts';
import type { CertificatePair, DeviceCertificates } from './device-certificates.ts';
import { RateBound } from './rate-bound.ts';
import { renewalDelaySeconds } from './renewal.ts';
import { decodeServiceAddress, encodeServiceAddress } from './service-address.ts';
import { ServiceRefused } from './service-refused.ts';
import { isoTime } from './trusted-text.ts';

export interface AttestationClientParts extends AttestationParts {
  readonly certificates: DeviceCertificates;
  readonly time: TimePort;
  readonly trail: AuditTrail;
  /** Something that nobody expected, for a person. */
  readonly report: (error: unknown) => void;
}

type LastError = NonNullable<ServiceStatus['lastError']>;
const SECOND_NS = 1_000_000_000n;
/**
 * Renewals of a service whose certificates end soon after they are made. Each may cost increments of the on-die counter and erases of
 * the flash: a time that leaps, a higher claim epoch, other update metadata. With one in 5 s the chip would be worn out within days.
 */
const RENEWING = { burst: 32, everyNs: 120n * SECOND_NS };
/** The service could not be asked, or could not answer: another time it may. */
const AWAY: readonly string[] = ['service-unreachable', 'service-cut-off', 'service-timed-out'];

export class AttestationClient {
  readonly #parts: AttestationClientParts;
  readonly #chance: Chance;
  readonly #backoff: Backoff;
  readonly #attempts = new Turnstile();
  /** A service that takes none of its own certificates is not asked for new ones without end. */
  readonly #anew = new RateBound({ burst: 1, everyNs: 300n * SECOND_NS });
  readonly #renewals = new RateBound(RENEWING);
  readonly #listeners = new Set<() => void>();
  #running: { readonly address: ServiceAddress; readonly done: Promise<void> } | undefined;
  #outcome: ServiceState = 'unconfigured';
  #lastError: LastError | null = null;
  #told = '';
  #nextAtNs: bigint | undefined;
  #cancelNext = (): void => undefined;
  #cancelExpiry = (): void => undefined;

  constructor(parts: AttestationClientParts) {
    this.#parts = parts;
    this.#chance = chanceFrom((count) => parts.keys.random(count));
    this.#backoff = new Backoff(this.#chance);
    parts.connection.onCertificateRefused(() => {
      if (this.#anew.take(parts.time.nowNs()) === 0n) void this.attest();
    });
  }

  /** Told after each attestation that succeeded. */
  onAttested(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Takes the address that an earlier boot was given, and begins in the background. Never fails: a lost address is a state. */
  async start(): Promise<void> {
    try {
      const record = await this.#parts.monitor.call({ call: 'readRecord', record: 'serviceAddress' });
      if (record !== undefined) this.#use(decodeServiceAddress(record));
    } catch (error) {
      this.#lastError = this.#errorOf(error);
      this.#tell();
    }
  }

  /** Another address is kept and tried at once, in the background; the same one changes nothing. Errors: `SecureCallRefused`. */
  async configure(address: ServiceAddress): Promise<void> {
    const present = this.#parts.connection.address;
    if (present?.host === address.host && present.port === address.port) return;
    await this.#parts.monitor.call({
      call: 'writeRecord',
      record: 'serviceAddress',
      bytes: encodeServiceAddress(address),
    });
    this.#use(address);
  }

  /** Resolves after an attempt, whatever came of it: one that runs already, or one that begins now. Nothing without an address. */
  attest(): Promise<void> {
    const { address } = this.#parts.connection;
    if (address === undefined) return Promise.resolve();
    if (this.#running?.address === address) return this.#running.done;
    const attempt = async (): Promise<void> => {
      // One for an address that was replaced while it waited has nothing to find out any more.
      if (address === this.#parts.connection.address) await this.#attempt(address);
      if (this.#running?.address === address) this.#running = undefined;
    };
    const done = this.#attempts.pass(attempt);
    this.#running = { address, done };
    return done;
  }

  async status(): Promise<ServiceStatus> {
    const { connection, certificates, time } = this.#parts;
    const { isSet, seconds } = await connection.trustedNow();
    certificates.dropExpired(seconds);
    const leftNs = this.#nextAtNs === undefined ? undefined : this.#nextAtNs - time.nowNs();
    const { host, port } = connection.address ?? {};
    return {
      state: this.#state(),
      service: host === undefined || port === undefined ? null : { host, port },
      catalogId: (await connection.catalogId()) ?? null,
      trustedTime: isSet ? isoTime(seconds) : null,
      certificates: certificates.describe(),
      lastError: this.#lastError,
      nextAttemptInSeconds: leftNs === undefined ? null : Math.max(0, Math.ceil(Number(leftNs / 1_000_000n) / 1000)),
    };
  }

  #use(address: ServiceAddress): void {
    this.#parts.connection.setAddress(address);
    this.#backoff.reset();
    this.#lastError = null;
    this.#outcome = 'waiting';
    this.#tell();
    void this.attest();
  }

  async #attempt(address: ServiceAddress): Promise<void> {
    this.#cancelNext();
    this.#nextAtNs = this.#parts.time.nowNs();
    try {
      this.#succeeded(await attestOnce(this.#parts), (await this.#parts.connection.trustedNow()).seconds);
    } catch (error) {
      // What the last address said of it is not about the present one, whose attempt comes next.
      if (address === this.#parts.connection.address) this.#failed(error);
    }
  }

  #succeeded(pair: CertificatePair, nowSeconds: number): void {
    this.#parts.certificates.replace(pair);
    this.#outcome = 'attested';
    this.#lastError = null;
    this.#backoff.reset();
    const facts = [pair.update.facts, pair.customer.facts];
    const wantedNs = BigInt(renewalDelaySeconds(facts, nowSeconds, this.#chance)) * SECOND_NS;
    const allowedNs = this.#renewals.take(this.#parts.time.nowNs());
    this.#next(wantedNs > allowedNs ? wantedNs : allowedNs);
    this.#watchExpiry(nowSeconds);
    this.#tell();
    for (const listener of this.#listeners) listener();
  }

  #failed(error: unknown): void {
    this.#lastError = this.#errorOf(error);
    this.#outcome = stateAfter(error);
    this.#next(this.#backoff.afterFailure());
    this.#tell();
  }

  #next(delayNs: bigint): void {
    const { time } = this.#parts;
    this.#cancelNext();
    this.#nextAtNs = time.nowNs() + delayNs;
    this.#cancelNext = time.at(this.#nextAtNs, () => void this.attest());
  }

  /** The clock of the alarms runs like the trusted one, so that an expiry is as far away on both. */
  #watchExpiry(nowSeconds: number): void {
    const { certificates, time, report } = this.#parts;
    this.#cancelExpiry();
    const expiry = certificates.firstExpirySeconds();
    if (expiry === undefined) return;
    const inSeconds = Math.max(1, Math.min(expiry - nowSeconds, Number.MAX_SAFE_INTEGER));
    const atNs = time.nowNs() + BigInt(Math.ceil(inSeconds)) * SECOND_NS;
    this.#cancelExpiry = time.at(atNs, () => void this.#expire().catch(report));
  }

  async #expire(): Promise<void> {
    const { seconds } = await this.#parts.connection.trustedNow();
    this.#parts.certificates.dropExpired(seconds);
    this.#watchExpiry(seconds);
    this.#tell();
  }

  /** Of the last attempt; the certificates of an earlier one may be valid still. */
  #state(): ServiceState {
    return this.#outcome === 'attested' && !this.#parts.connection.isAttested ? 'waiting' : this.#outcome;
  }

  /** An event for a change alone: a service that is away all day is said to be away once. */
  #tell(): void {
    const { trail, time } = this.#parts;
    const state = this.#state();
    const code = this.#lastError?.code ?? '';
    if (this.#told === `${state} ${code}`) return;
    this.#told = `${state} ${code}`;
    trail.record({ t: toMilliseconds(time.nowNs()), kind: 'service', state, code });
  }

  #errorOf(error: unknown): LastError {
    if (!isCoded(error)) {
      this.#parts.report(error);
      return { code: 'internal', message: 'the device could not do it', claim: null };
    }
    const claim = error instanceof ServiceRefused ? error.claim : undefined;
    return { code: error.code, message: error.message, claim: claim ?? null };
  }
}

/** `refused`: by the service, or by the device what came as the service's. */
function stateAfter(error: unknown): ServiceState {
  if (!isCoded(error)) return 'waiting';
  if (error instanceof ServiceRefused) {
    if (error.code === 'device-unclaimed') return 'unclaimed';
    return error.status >= 500 ? 'unreachable' : 'refused';
  }
  return AWAY.includes(error.code) ? 'unreachable' : 'refused';
}
