// Looks for updates of apps over the air and brings them in. Never decides whether an image may run: the director says which, the
// monitor whether; and never changes apps while the appDevelopment right is in force.

import type { Sha256 } from '../../../contracts/core/image.ts';
import type { TargetedImages, UpdateOutcome } from '../../../contracts/wire/device-link.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { ReadAppFacts } from '../app-facts.ts';
import type { AppManager } from '../app-manager.ts';
import type { AuditTrail } from '../audit-trail.ts';
import type { ImageInstaller } from '../image-installer.ts';
import type { InstalledImages } from '../installed-images.ts';
import type { SecureCalls } from '../secure-calls.ts';
import type { ReportSink } from '../service/report-sink.ts';
import type { ServiceSession } from '../service/service-session.ts';
import type { Directive } from './directive.ts';
import { readDirective } from './directive.ts';
import { Rollout } from './rollout.ts';
import type { RolloutResult } from './rollout.ts';
import { keptTargets, refreshTuf } from './tuf-workflow.ts';
import { UpdateError } from './update-error.ts';
import { UpdateNotes } from './update-notes.ts';
import { UpdateRecords } from './update-records.ts';
import { UpdateSource } from './update-source.ts';

export interface UpdateClientParts {
  readonly monitor: SecureCalls;
  readonly session: ServiceSession;
  readonly installer: ImageInstaller;
  readonly apps: AppManager;
  readonly images: InstalledImages;
  readonly readFacts: ReadAppFacts;
  readonly sha256: Sha256;
  readonly trail: AuditTrail;
  readonly time: Pick<TimePort, 'nowNs'>;
  readonly reports: ReportSink;
}

const NOTHING = { installed: [], refused: [] } as const;

/**
 * @example
 *   const updates = new UpdateClient({ monitor, session, installer, apps, images, readFacts, sha256, trail, time, reports });
 *   const { outcome, refused } = await updates.check();
 */
export class UpdateClient {
  readonly #parts: UpdateClientParts;
  readonly #records: UpdateRecords;
  readonly #source: UpdateSource;
  readonly #notes: UpdateNotes;
  #underWay: Promise<UpdateOutcome> | undefined;

  constructor(parts: UpdateClientParts) {
    this.#parts = parts;
    this.#records = new UpdateRecords(parts.monitor);
    this.#source = new UpdateSource(parts.session, parts.sha256);
    this.#notes = new UpdateNotes(parts.trail, parts.time, parts.reports);
  }

  /**
   * One look for updates; a second call while one is under way gets the same answer. A refused image is in the outcome, not an
   * error. After an error everything runs as before, and the next look starts over.
   * Errors: `UpdateErrorCode`, `ServiceNetworkErrorCode`, `ServiceSessionErrorCode`, `SecureCallRefused`.
   */
  check(): Promise<UpdateOutcome> {
    this.#underWay ??= this.#check().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** What the director wanted at the last look that succeeded; nothing before the first. Errors: those of `check` but the network's. */
  async targeted(): Promise<TargetedImages> {
    const targets = await keptTargets(this.#records);
    if (targets === undefined) return { deploymentId: null, images: [] };
    const { deploymentId, images } = readDirective(targets, await this.#device());
    return {
      deploymentId,
      images: images.map(({ componentId, imageId, rollbackIndex, sizeBytes }) => ({
        componentId,
        imageId,
        rollbackIndex,
        sizeBytes,
      })),
    };
  }

  async #check(): Promise<UpdateOutcome> {
    if (await this.#isDevelopment()) return { outcome: 'development', deploymentId: null, ...NOTHING };
    const directive = await this.#directive();
    const { deploymentId } = directive;
    if (deploymentId === null) return { outcome: 'no-deployment', deploymentId, ...NOTHING };
    const result = await this.#rollout(directive).run();
    const { installed, refused } = result;
    return { outcome: outcomeOf(result), deploymentId, installed, refused };
  }

  /** TUF 1.0 section 5, and whose metadata it is. */
  async #directive(): Promise<Directive> {
    const { isSet, seconds } = await this.#parts.session.trustedNow();
    // A floor is no time: metadata that expired since would pass for fresh.
    if (!isSet) {
      throw new UpdateError('update-time-unknown', 'the service has not told this device the time since power-on', {
        fault: 'world',
      });
    }
    const device = await this.#device();
    const fetch = (name: string, maxBytes: number) => this.#source.metadata(name, maxBytes);
    const tuf = { fetch, records: this.#records, sha256: this.#parts.sha256 };
    return refreshTuf(tuf, seconds, (targets) => readDirective(targets, device));
  }

  async #device(): Promise<{ readonly deviceId: string; readonly catalogId: string | undefined }> {
    const { session } = this.#parts;
    return { deviceId: await session.deviceId(), catalogId: await session.catalogId() };
  }

  #rollout(directive: Directive): Rollout {
    const { monitor, images, installer, readFacts, apps } = this.#parts;
    const nameOf = (componentId: string): string =>
      apps.statuses().find((status) => status.componentId === componentId)?.name ?? '';
    const isBlocked = (): Promise<boolean> => this.#isDevelopment();
    const parts = {
      monitor,
      images,
      installer,
      readFacts,
      source: this.#source,
      notes: this.#notes,
      nameOf,
      isBlocked,
    };
    return new Rollout(parts, directive);
  }

  /** As on Azure Sphere the right keeps the service's hands off the apps: a developer's build is not to be replaced under test. */
  async #isDevelopment(): Promise<boolean> {
    const capability = await this.#parts.monitor.call({ call: 'capability' });
    return capability?.rights.includes('appDevelopment') === true;
  }
}

function outcomeOf({ isBlocked, installed, refused }: RolloutResult): UpdateOutcome['outcome'] {
  if (isBlocked) return 'development';
  if (refused.length > 0) return 'refused';
  return installed.length > 0 ? 'installed' : 'up-to-date';
}
