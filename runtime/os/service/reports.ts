// Keeps events across power cuts and gets them to the service: signed, within seconds, once. Never wears the flash for what the service
// takes at once, never lets a service that is away or refuses hold up the device.

import { encodeSign1, sign1SignedBytes } from '../../../contracts/core/cose-sign1.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import { toBase64 } from '../../../contracts/wire/base64.ts';
import { readReportAnswer } from '../../../contracts/wire/device-answers.ts';
import type { ReportRequest } from '../../../contracts/wire/device-api.ts';
import { DEVICE_API, DEVICE_API_MAX_BYTES } from '../../../contracts/wire/device-api.ts';
import type { ReportEvent } from '../../../contracts/wire/failure-report.ts';
import { REPORT_MAX_EVENTS, decodeFailureReport, encodeFailureReport } from '../../../contracts/wire/failure-report.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { SecureCalls } from '../secure-calls.ts';
import type { DeviceKeys, ServiceResponse } from '../service-port.ts';
import { Backoff, chanceFrom } from './backoff.ts';
import { RateBound } from './rate-bound.ts';
import type { ReportedEvent, TimeMark } from './report-queue.ts';
import { ReportQueue } from './report-queue.ts';
import type { ReportSink } from './report-sink.ts';
import type { ServiceConnection } from './service-connection.ts';
import { bodyOf } from './service-refused.ts';

export interface ReportsParts {
  readonly monitor: SecureCalls;
  readonly connection: ServiceConnection;
  readonly keys: DeviceKeys;
  readonly time: TimePort;
  /** Something that nobody expected, for a person. */
  readonly report: (error: unknown) => void;
}

const SECOND_NS = 1_000_000_000n;
/** One report for what fails together. */
const GATHER_NS = 3n * SECOND_NS;
const SENDING = { burst: 5, everyNs: 60n * SECOND_NS };
/**
 * An event that the service has within a minute is never written to flash: each write takes an increment of the on-die counter. A power
 * cut loses what happened in the last minute and was not sent; after eight writes in a row, in the last hour.
 */
const SAVE_AFTER_NS = 60n * SECOND_NS;
const SAVING = { burst: 8, everyNs: 3600n * SECOND_NS };
/** Of 4xx, those that say nothing about the report itself: certificate, right, time, too early, too many. */
const NOT_FOR_GOOD: readonly number[] = [401, 403, 408, 425, 429];

export class Reports implements ReportSink {
  readonly #parts: ReportsParts;
  readonly #queue: ReportQueue;
  readonly #backoff: Backoff;
  readonly #sendingBound = new RateBound(SENDING);
  readonly #savingBound = new RateBound(SAVING);
  #isSending = false;
  #nextSend: { readonly atNs: bigint; readonly cancel: () => void } | undefined;
  /** There is something that flash does not have yet. */
  #cancelSave: (() => void) | undefined;
  /** Whether flash may hold events. */
  #isSaved = false;

  constructor(parts: ReportsParts) {
    this.#parts = parts;
    const random = (count: number): Uint8Array => parts.keys.random(count);
    this.#queue = new ReportQueue(random);
    this.#backoff = new Backoff(chanceFrom(random));
  }

  /** Takes up what an earlier boot could not send. Never fails: a record that is lost or unreadable is written over. */
  async start(): Promise<void> {
    try {
      const record = await this.#parts.monitor.call({ call: 'readRecord', record: 'reports' });
      this.#isSaved = record !== undefined;
      if (record !== undefined) this.#queue.restore(decodeFailureReport(record).events);
    } catch (error) {
      this.#isSaved = true;
      this.#parts.report(error);
    }
  }

  add(event: ReportedEvent): void {
    this.#queue.add(event, this.#parts.time.nowNs());
    this.#sendIn(GATHER_NS);
    this.#saveLater();
  }

  /** There are certificates: what waits goes out. */
  attested(): void {
    this.#backoff.reset();
    this.#sendIn(0n);
  }

  /** Writes what is not written yet, before the device goes off in good order. Never fails. */
  async flush(): Promise<void> {
    if (this.#cancelSave !== undefined) await this.#save();
  }

  #sendIn(delayNs: bigint): void {
    const { time, report } = this.#parts;
    const atNs = time.nowNs() + delayNs;
    if (this.#isSending || this.#queue.size === 0) return;
    // An app that fails every second does not put off the report for ever.
    if (this.#nextSend !== undefined && this.#nextSend.atNs <= atNs) return;
    this.#nextSend?.cancel();
    this.#nextSend = { atNs, cancel: time.at(atNs, () => void this.#send().catch(report)) };
  }

  async #send(): Promise<void> {
    const { connection, time, report } = this.#parts;
    this.#nextSend = undefined;
    // Without certificates nothing can go out; `attested` asks again.
    if (!connection.isAttested) return;
    const waitNs = this.#sendingBound.take(time.nowNs());
    if (waitNs > 0n) return this.#sendIn(waitNs);
    this.#isSending = true;
    let nextNs = GATHER_NS;
    try {
      await this.#sendAll();
      this.#backoff.reset();
    } catch (error) {
      if (!isCoded(error)) report(error);
      nextNs = this.#backoff.afterFailure();
    }
    this.#isSending = false;
    this.#sendIn(nextNs);
  }

  /** As many requests as there can be events; what comes in between waits for the next time. */
  async #sendAll(): Promise<void> {
    let most = REPORT_MAX_EVENTS;
    for (let request = 0; request <= REPORT_MAX_EVENTS && this.#queue.size > 0; request++) {
      const events = this.#queue.seal(most, await this.#mark());
      const response = await this.#post(events);
      if (!isRefusedForGood(response)) readReportAnswer(bodyOf(response));
      else if (events.length > 1) {
        // One of them is in the way of all: from now on each alone.
        most = 1;
        continue;
      }
      this.#queue.remove(events);
      this.#saveLater();
    }
  }

  async #post(events: readonly ReportEvent[]): Promise<ServiceResponse> {
    const { connection, keys } = this.#parts;
    // One identity for both: between two questions the certificates can be renewed.
    const { identity } = await connection.updateCertificate();
    const payload = encodeFailureReport({ deviceId: await connection.deviceId(), events });
    const signature = keys.sign(identity.privateKey, sign1SignedBytes(payload));
    const request: ReportRequest = { report: toBase64(encodeSign1(payload, signature)) };
    const body = new TextEncoder().encode(JSON.stringify(request));
    const { method, path } = DEVICE_API.reports;
    return connection.requestAs(identity, { method, path, body, maxBytes: DEVICE_API_MAX_BYTES.answer });
  }

  #saveLater(): void {
    const { time, report } = this.#parts;
    if (this.#cancelSave !== undefined || (this.#queue.size === 0 && !this.#isSaved)) return;
    this.#cancelSave = time.at(time.nowNs() + SAVE_AFTER_NS, () => void this.#saveIfAllowed().catch(report));
  }

  async #saveIfAllowed(): Promise<void> {
    const { time, report } = this.#parts;
    const isNothingToSave = this.#queue.size === 0 && !this.#isSaved;
    const waitNs = isNothingToSave ? 0n : this.#savingBound.take(time.nowNs());
    if (waitNs > 0n) {
      this.#cancelSave = time.at(time.nowNs() + waitNs, () => void this.#saveIfAllowed().catch(report));
      return;
    }
    if (isNothingToSave) this.#cancelSave = undefined;
    else await this.#save();
  }

  async #save(): Promise<void> {
    const { connection, monitor, report } = this.#parts;
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    try {
      const events = this.#queue.list(await this.#mark());
      const deviceId = await connection.deviceId();
      const bytes = events.length === 0 ? new Uint8Array(0) : encodeFailureReport({ deviceId, events });
      await monitor.call({ call: 'writeRecord', record: 'reports', bytes });
      this.#isSaved = events.length > 0;
    } catch (error) {
      // Worn flash, say: the events still go out while power lasts.
      report(error);
    }
  }

  async #mark(): Promise<TimeMark> {
    const { connection, time } = this.#parts;
    const { isSet, seconds } = await connection.trustedNow();
    return { nowNs: time.nowNs(), isSet, seconds };
  }
}

function isRefusedForGood({ status }: ServiceResponse): boolean {
  return status >= 400 && status < 500 && !NOT_FOR_GOOD.includes(status);
}
