// Turns the ends of apps into what a failure report is made of, and keeps who was given up. Never sends anything itself.

import type { ReportCategory } from '../../contracts/wire/failure-report.ts';
import type { CrashRecord } from '../../contracts/wire/crash-record.ts';
import type { AppEnd } from '../../contracts/wire/device-link.ts';
import { isFailingEnd } from './app-end.ts';
import { crashSummary } from './crash-record.ts';
import type { ReportSink } from './service/report-sink.ts';

/** An app that was given up. */
export interface FailureRecord {
  /** Milliseconds since power-on. */
  readonly t: number;
  readonly app: string;
  readonly componentId: string;
  readonly imageId: string;
  readonly restarts: number;
  readonly lastEnd: AppEnd;
}

/** Older records make room: a device that nobody collects from keeps the newest. */
export const FAILURE_RECORDS_MAX = 32;

export class FailureReporter {
  readonly #reports: ReportSink;
  readonly #records: FailureRecord[] = [];
  #total = 0;

  constructor(reports: ReportSink) {
    this.#reports = reports;
  }

  /** An app that nobody had asked to stop is gone; one that ended well is no failure. */
  ended(app: { readonly componentId: string; readonly imageId: string }, end: AppEnd, crash?: CrashRecord): void {
    if (!isFailingEnd(end)) return;
    const { componentId, imageId } = app;
    const detail = crash === undefined || end.reason === 'exit' ? detailOf(end) : crashSummary(crash);
    this.#reports.add({ category: categoryOf(end), componentId, imageId, detail });
  }

  /** An app was given up. */
  record(failure: FailureRecord): void {
    this.#total++;
    this.#records.push(failure);
    if (this.#records.length > FAILURE_RECORDS_MAX) this.#records.shift();
    const { componentId, imageId, restarts, lastEnd } = failure;
    const detail = `given up after ${restarts} restarts: ${detailOf(lastEnd)}`;
    this.#reports.add({ category: categoryOf(lastEnd), componentId, imageId, detail });
  }

  /** Oldest first; `total` counts those that are gone, too. */
  records(): { readonly total: number; readonly records: readonly FailureRecord[] } {
    return { total: this.#total, records: [...this.#records] };
  }
}

/** Azure Sphere's words: an app that ends with a code exits, one that is ended crashes. */
function categoryOf({ reason }: AppEnd): ReportCategory {
  return reason === 'trap' || reason === 'killed' ? 'AppCrash' : 'AppExit';
}

function detailOf({ reason, exitCode, detail }: AppEnd): string {
  if (reason === 'exit') return `exit code ${exitCode ?? 'unknown'}`;
  return reason === 'refused' ? `not started: ${detail}` : detail;
}
