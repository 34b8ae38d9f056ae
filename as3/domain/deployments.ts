// Which images the devices of a group are to run. Never a judgement of versions: a device refuses what is older than what it has.

import type { ImageId } from '../../contracts/core/ids.ts';
import { parseComponentId } from '../../contracts/core/ids.ts';
import type { Deployment, DeploymentStore } from './deployment-store.ts';
import type { Journal } from './journal.ts';
import type { ManagementStore, Written } from './management-store.ts';
import type { Clock } from './ports.ts';
import type { DeviceGroupKey } from './resources.ts';
import { ServiceError, notFound } from './service-error.ts';

/** Apps of one deployment: targets metadata of as many stays well below its bound, and no board runs more. */
export const DEPLOYMENT_MAX_IMAGES = 32;
/** In the place of a name: a new deployment without one, or the current one. */
export const CURRENT_DEPLOYMENT = '.default';
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/;

export class Deployments {
  readonly #store: DeploymentStore;
  readonly #catalogs: Pick<ManagementStore, 'findCatalog'>;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #journal: Journal;

  constructor(parts: {
    readonly store: DeploymentStore;
    readonly catalogs: Pick<ManagementStore, 'findCatalog'>;
    readonly clock: Clock;
    readonly newId: () => string;
    readonly journal: Journal;
  }) {
    this.#store = parts.store;
    this.#catalogs = parts.catalogs;
    this.#clock = parts.clock;
    this.#newId = parts.newId;
    this.#journal = parts.journal;
  }

  /**
   * An empty list is a deployment too: the group's devices are to run no app of the catalog. Errors: `resource-name-malformed`,
   * `field-malformed`, those of `DeploymentStore.addDeployment`.
   */
  async write(
    group: DeviceGroupKey,
    name: string,
    imageIds: readonly string[],
    operator: string,
  ): Promise<Written<Deployment>> {
    if (imageIds.length > DEPLOYMENT_MAX_IMAGES) throw malformedField(`at most ${DEPLOYMENT_MAX_IMAGES} images`);
    const images = imageIds.map((text) => {
      const id = parseComponentId(text);
      if (id === undefined) throw malformedField('images are named by their ids');
      return id as string as ImageId;
    });
    const id = this.#newId();
    const stamp = { by: operator, at: new Date(this.#clock.nowMs()).toISOString() };
    const values = { id, name: name === CURRENT_DEPLOYMENT ? id : checkedName(name), images };
    const written = await this.#store.addDeployment(group, values, stamp);
    if (written.isNew) {
      const catalog = await this.#catalogs.findCatalog(group);
      const text = `${images.length} images to ${group.product}/${group.deviceGroup} by ${operator}`;
      const subject = { catalogId: catalog?.id ?? null, deviceId: null, code: null } as const;
      this.#journal.record({ kind: 'deployment-created', ...subject, text });
    }
    return written;
  }

  /** Errors: those of the store, `deployment-not-found`. */
  async find(group: DeviceGroupKey, name: string): Promise<Deployment> {
    const found =
      name === CURRENT_DEPLOYMENT
        ? await this.#store.currentDeployment(group)
        : await this.#store.findDeployment(group, name);
    if (found === undefined) throw notFound('deployment-not-found', name);
    return found;
  }

  async delete(group: DeviceGroupKey, name: string): Promise<boolean> {
    const current = name === CURRENT_DEPLOYMENT ? await this.#store.currentDeployment(group) : undefined;
    if (name === CURRENT_DEPLOYMENT && current === undefined) return false;
    return this.#store.deleteDeployment(group, current?.id ?? name);
  }
}

function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new ServiceError('resource-name-malformed', 'the name of the deployment is not well formed', {
    fault: 'caller',
    hint: '.default, or 1 to 64 of A-Z a-z 0-9 _ . -, not beginning with a dot',
  });
}

function malformedField(wanted: string): ServiceError {
  const details = { field: 'deployedImages', target: 'deployedImages' };
  return new ServiceError('field-malformed', `deployedImages: ${wanted}`, { fault: 'caller', details });
}
