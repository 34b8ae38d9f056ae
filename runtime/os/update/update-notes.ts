// Tells an update to those who look at the device (audit trail) and to the service (report). Never decides what happened.

import type { ComponentId } from '../../../contracts/core/ids.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { AuditTrail } from '../audit-trail.ts';
import { toMilliseconds } from '../device-time.ts';
import type { ReportSink } from '../service/report-sink.ts';

export interface UpdatedImage {
  readonly componentId: ComponentId;
  readonly imageId: string;
  /** Name of the manifest, or empty. */
  readonly app: string;
}

export class UpdateNotes {
  readonly #trail: AuditTrail;
  readonly #time: Pick<TimePort, 'nowNs'>;
  readonly #reports: ReportSink;

  constructor(trail: AuditTrail, time: Pick<TimePort, 'nowNs'>, reports: ReportSink) {
    this.#trail = trail;
    this.#time = time;
    this.#reports = reports;
  }

  installed(image: UpdatedImage): void {
    this.#note(image, 'AppUpdate', 'installed');
  }

  /** Its component is not in the deployment. */
  removed(image: UpdatedImage): void {
    this.#note(image, 'AppUpdate', 'removed');
  }

  refused(image: UpdatedImage, code: string): void {
    this.#note(image, 'AppUpdateRefused', code);
  }

  #note(
    { componentId, imageId, app }: UpdatedImage,
    category: 'AppUpdate' | 'AppUpdateRefused',
    outcome: string,
  ): void {
    this.#trail.record({ t: toMilliseconds(this.#time.nowNs()), kind: 'update', app, componentId, imageId, outcome });
    this.#reports.add({ category, componentId, imageId, detail: outcome });
  }
}
