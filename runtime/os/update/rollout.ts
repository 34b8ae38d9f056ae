// Brings the images of a deployment onto the device, and those that it does not have off it. Never lets go of an image before the
// monitor has said yes to another, but for one that has to go anyway and stands in the way of one that was found good.

import { FLASH_BLOCK_BYTES } from '../../../contracts/core/flash-map.ts';
import type { CodedError } from '../../../contracts/core/coded-error.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { UpdateOutcome } from '../../../contracts/wire/device-link.ts';
import type { ImageRecord } from '../../monitor/abi/records.ts';
import type { AppFacts, ReadAppFacts } from '../app-facts.ts';
import type { ImageInstaller } from '../image-installer.ts';
import type { InstalledImages } from '../installed-images.ts';
import type { SecureCalls } from '../secure-calls.ts';
import { ServiceSessionError } from '../service/service-session.ts';
import { ServiceNetworkError } from '../service-port.ts';
import type { DirectedImage, Directive } from './directive.ts';
import { UpdateError } from './update-error.ts';
import type { UpdateNotes } from './update-notes.ts';
import type { UpdateSource } from './update-source.ts';

export interface RolloutParts {
  readonly monitor: SecureCalls;
  readonly images: InstalledImages;
  readonly installer: ImageInstaller;
  readonly readFacts: ReadAppFacts;
  readonly source: UpdateSource;
  readonly notes: UpdateNotes;
  /** The name that the app of this component has now, or nothing. */
  readonly nameOf: (componentId: string) => string;
  /** The appDevelopment right came into force: the device is a developer's now. */
  readonly isBlocked: () => Promise<boolean>;
}

export type RolloutResult = Pick<UpdateOutcome, 'installed' | 'refused'> & { readonly isBlocked: boolean };

/** An image that came as the director named it. */
interface Fetched {
  readonly image: DirectedImage;
  readonly bytes: Uint8Array;
  readonly facts: AppFacts;
}

/** The monitor says these last, of an image that it would take: another image is in the way. */
const NEEDS_ROOM = ['resource-in-use', 'flash-full'];

/** One run over one directive. */
export class Rollout {
  readonly #parts: RolloutParts;
  readonly #directive: Directive;
  readonly #installed: UpdateOutcome['installed'][number][] = [];
  readonly #refused: UpdateOutcome['refused'][number][] = [];
  #isBlocked = false;

  constructor(parts: RolloutParts, directive: Directive) {
    this.#parts = parts;
    this.#directive = directive;
  }

  /** Errors: those of `UpdateSource.image` that are no image's fault (the service is away), `SecureCallRefused`. */
  async run(): Promise<RolloutResult> {
    await this.#bringIn();
    // Only when everything went in: until then what the old deployment brought is better than nothing.
    if (this.#refused.length === 0) await this.#removeSurplus();
    return { installed: this.#installed, refused: this.#refused, isBlocked: this.#isBlocked };
  }

  async #bringIn(): Promise<void> {
    const waiting: Fetched[] = [];
    for (const image of await this.#missing()) {
      if (!(await this.#mayGoOn())) return;
      const fetched = await this.#fetch(image);
      if (fetched !== undefined && !(await this.#installs(fetched))) waiting.push(fetched);
    }
    // What one image held in its old version another may need, so that the order in the deployment does not matter.
    let rest = waiting;
    for (let before = rest.length + 1; rest.length < before;) {
      before = rest.length;
      rest = await this.#withoutInstalled(rest);
    }
    for (const fetched of rest) await this.#installInPlaceOfOthers(fetched);
  }

  async #mayGoOn(): Promise<boolean> {
    this.#isBlocked ||= await this.#parts.isBlocked();
    return !this.#isBlocked;
  }

  /** A developer's own build of the same content is not the service's image: nobody may start it when the right is gone. */
  async #missing(): Promise<readonly DirectedImage[]> {
    const records = await this.#parts.images.records();
    const isThere = ({ imageId }: DirectedImage): boolean =>
      records.some((record) => record.imageId === imageId && record.trust === 'service');
    return this.#directive.images.filter((image) => !isThere(image));
  }

  /** `undefined`: it is not what the director named, or no application, and that was noted. */
  async #fetch(image: DirectedImage): Promise<Fetched | undefined> {
    try {
      const bytes = await this.#parts.source.image(image);
      const facts = this.#factsOf(image, bytes);
      return { image, bytes, facts };
    } catch (error) {
      // What the network or the service as a whole does says nothing of this image, nor of the next.
      if (!isCoded(error) || error instanceof ServiceNetworkError || error instanceof ServiceSessionError) throw error;
      if (error.code === 'update-service-refused') throw error;
      this.#refuse(image, error, this.#parts.nameOf(image.componentId));
      return undefined;
    }
  }

  #factsOf(image: DirectedImage, bytes: Uint8Array): AppFacts {
    const facts = this.#parts.readFacts(bytes);
    if (facts.imageId !== image.imageId || facts.componentId !== image.componentId)
      throw new UpdateError('update-target-mismatch', `${image.imageId} is ${facts.imageId} of ${facts.componentId}`);
    return facts;
  }

  /** False: something stands in its way. Installed, and refused for good, are both true. */
  async #installs(fetched: Fetched): Promise<boolean> {
    return (await this.#tryToInstall(fetched)) === undefined;
  }

  /** The refusal that room would help against; every other end is noted. */
  async #tryToInstall({ image, bytes, facts }: Fetched): Promise<CodedError | undefined> {
    const { componentId, imageId } = image;
    try {
      await this.#parts.installer.installPackage(bytes);
    } catch (error) {
      if (!isCoded(error)) throw error;
      if (NEEDS_ROOM.includes(error.code)) return error;
      this.#refuse(image, error, facts.name);
      return undefined;
    }
    this.#installed.push({ componentId, imageId });
    this.#parts.notes.installed({ componentId, imageId, app: facts.name });
    return undefined;
  }

  async #withoutInstalled(waiting: readonly Fetched[]): Promise<Fetched[]> {
    const rest: Fetched[] = [];
    for (const fetched of waiting) if (!(await this.#installs(fetched))) rest.push(fetched);
    return rest;
  }

  /** One by one, and only as long as it helps. */
  async #installInPlaceOfOthers(fetched: Fetched): Promise<void> {
    while (await this.#mayGoOn()) {
      const refusal = await this.#tryToInstall(fetched);
      if (refusal === undefined) return;
      const [first] = await this.#inTheWay(fetched, refusal);
      if (first === undefined) return this.#refuse(fetched.image, refusal, fetched.facts.name);
      await this.#remove(first);
    }
  }

  /** Images that may go and whose going would let this one in; none if it would not even then. */
  async #inTheWay({ image, facts }: Fetched, refusal: CodedError): Promise<readonly ImageRecord[]> {
    const records = await this.#parts.images.records();
    const isExpendable = (record: ImageRecord): boolean => record.trust === 'development' || this.#isSurplus(record);
    const expendable = records.filter(isExpendable);
    if (refusal.code === 'flash-full') {
      const { applicationsBytes } = await this.#parts.monitor.call({ call: 'describe' });
      const staying = records.filter((record) => !isExpendable(record)).map(({ packageBytes }) => packageBytes);
      const wanted = [...staying, image.sizeBytes].reduce((sum, bytes) => sum + wholeBlocks(bytes), 0);
      return wanted > applicationsBytes ? [] : expendable;
    }
    const holders: ImageRecord[] = [];
    for (const record of records) if (await this.#holdsPinOf(record, facts)) holders.push(record);
    return holders.every(isExpendable) ? holders : [];
  }

  async #holdsPinOf(record: ImageRecord, { componentId, grants }: AppFacts): Promise<boolean> {
    if (record.componentId === componentId) return false;
    try {
      const held = (await this.#parts.images.factsOf(record.componentId)).grants.gpioPins;
      return grants.gpioPins.some((pin) => held.includes(pin));
    } catch (error) {
      // An image that cannot be read: nobody knows what it holds, so nothing goes for it.
      if (isCoded(error)) return false;
      throw error;
    }
  }

  async #removeSurplus(): Promise<void> {
    for (const record of (await this.#parts.images.records()).filter((candidate) => this.#isSurplus(candidate)))
      if (await this.#mayGoOn()) await this.#remove(record);
  }

  #isSurplus({ componentId }: ImageRecord): boolean {
    return !this.#directive.images.some((image) => image.componentId === componentId);
  }

  async #remove({ componentId, imageId }: ImageRecord): Promise<void> {
    const app = this.#parts.nameOf(componentId);
    await this.#parts.installer.remove(componentId);
    this.#parts.notes.removed({ componentId, imageId, app });
  }

  #refuse({ componentId, imageId }: DirectedImage, { code, message }: CodedError, app: string): void {
    this.#refused.push({ componentId, imageId, code, message });
    this.#parts.notes.refused({ componentId, imageId, app }, code);
  }
}

/** The monitor keeps images on whole erase blocks. */
function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / FLASH_BLOCK_BYTES) * FLASH_BLOCK_BYTES;
}
