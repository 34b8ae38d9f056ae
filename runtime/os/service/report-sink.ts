// Where services of the OS put what a failure report is made of. Never waits, never fails, never grows without bound.

import type { ReportCategory } from '../../../contracts/wire/failure-report.ts';

export interface ReportSink {
  /** `detail`: an exit code, a trap's message, a refusal's code; made printable and cut where it is too long. */
  add(event: {
    readonly category: ReportCategory;
    readonly componentId: string;
    /** Empty where it is not known. */
    readonly imageId: string;
    readonly detail: string;
  }): void;
}
