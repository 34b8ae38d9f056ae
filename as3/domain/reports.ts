// What devices report: taken if its own key signed it, and bounded. Never believed to be about another device.

import { isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import type { SignedFailureReport } from '../../contracts/wire/failure-report.ts';
import { decodeSignedReport } from '../../contracts/wire/failure-report.ts';
import type { InsightStore } from './insight-store.ts';
import type { Journal } from './journal.ts';
import type { Clock } from './ports.ts';
import type { VerifyEs256 } from './publisher-signature.ts';
import { ServiceError } from './service-error.ts';

/** Of one device; older ones make room. Azure Sphere gives out at most 1,000 in one download. */
export const EVENTS_KEPT = 1000;

/** Who sent it, as the TLS layer knows. */
export interface Reporter {
  readonly deviceId: DeviceId;
  /** SEC 1 point of the key in its certificate, 65 bytes. */
  readonly publicKey: Uint8Array;
}

export class Reports {
  readonly #store: InsightStore;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #verifyEs256: VerifyEs256;

  constructor(parts: {
    readonly store: InsightStore;
    readonly clock: Clock;
    readonly journal: Journal;
    readonly verifyEs256: VerifyEs256;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#journal = parts.journal;
    this.#verifyEs256 = parts.verifyEs256;
  }

  /**
   * Stores what is new in it, and answers how many events that is. Errors: `report-malformed`, `report-signature-invalid`,
   * `report-wrong-device`.
   */
  async take({ deviceId, publicKey }: Reporter, message: Uint8Array): Promise<number> {
    const { report, signedBytes, signature } = readReport(message);
    if (!this.#verifyEs256(publicKey, signedBytes, signature)) {
      throw refused('report-signature-invalid', 'the report is not signed with the key of the certificate');
    }
    if (report.deviceId !== deviceId) throw refused('report-wrong-device', 'the report names another device');
    const at = new Date(this.#clock.nowMs()).toISOString();
    const { added, catalogId } = await this.#store.addEvents(deviceId, report.events, { at, keep: EVENTS_KEPT });
    if (added > 0) {
      const text = report.events.map(({ category, detail }) => `${category} ${detail}`).join('; ');
      this.#journal.record({ kind: 'report-received', catalogId: catalogId ?? null, deviceId, code: null, text });
    }
    return added;
  }
}

function readReport(message: Uint8Array): SignedFailureReport {
  try {
    return decodeSignedReport(message);
  } catch (cause) {
    if (!isCoded(cause)) throw cause;
    throw new ServiceError('report-malformed', `${cause.code}: ${cause.message}`, { fault: 'peer', cause });
  }
}

function refused(code: 'report-signature-invalid' | 'report-wrong-device', message: string): ServiceError {
  return new ServiceError(code, message, { fault: 'peer' });
}
