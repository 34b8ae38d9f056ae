// What is installed, as the monitor tells it and as the images say of themselves. Never a second list: the monitor's is read anew.

import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { InstalledImage } from '../../contracts/wire/device-link.ts';
import { SECURE_PART_MAX_BYTES } from '../monitor/abi/codec.ts';
import type { ImageRecord } from '../monitor/abi/records.ts';
import type { AppFacts, ReadAppFacts } from './app-facts.ts';
import { OsError } from './os-error.ts';
import type { SecureCalls } from './secure-calls.ts';

export class InstalledImages {
  readonly #monitor: SecureCalls;
  readonly #readFacts: ReadAppFacts;
  /** By image id, which is the content's: an image that was replaced has another. */
  readonly #facts = new Map<ImageId, AppFacts>();

  constructor(monitor: SecureCalls, readFacts: ReadAppFacts) {
    this.#monitor = monitor;
    this.#readFacts = readFacts;
  }

  /** Errors: `SecureCallRefused`. */
  records(): Promise<readonly ImageRecord[]> {
    return this.#monitor.call({ call: 'listImages' });
  }

  /** Errors: `image-unknown`, those of `ReadAppFacts`, `SecureCallRefused`. */
  async factsOf(componentId: ComponentId): Promise<AppFacts> {
    const record = (await this.records()).find((candidate) => candidate.componentId === componentId);
    if (record === undefined)
      throw new OsError('image-unknown', `no image of ${componentId} is installed`, { fault: 'caller' });
    return this.#factsOfRecord(record);
  }

  /** For people. An image that cannot be read stands there too, without a name: it takes up flash and can be deleted. */
  async describe(record: ImageRecord): Promise<InstalledImage> {
    const { componentId, imageId, rollbackIndex, packageBytes: sizeBytes, trust } = record;
    const { name, version } = await this.#namesOf(record);
    return { componentId, imageId, name, version, rollbackIndex, sizeBytes, trust };
  }

  async #namesOf(record: ImageRecord): Promise<Pick<AppFacts, 'name' | 'version'>> {
    try {
      return await this.#factsOfRecord(record);
    } catch (error) {
      if (error instanceof CodedError) return { name: '', version: '' };
      throw error;
    }
  }

  async #factsOfRecord(record: ImageRecord): Promise<AppFacts> {
    const known = this.#facts.get(record.imageId);
    if (known !== undefined) return known;
    const facts = this.#readFacts(await this.#readPackage(record));
    for (const [imageId, { componentId }] of this.#facts)
      if (componentId === facts.componentId) this.#facts.delete(imageId);
    this.#facts.set(record.imageId, facts);
    return facts;
  }

  /** The monitor's own verified bytes, part by part. */
  async #readPackage({ componentId, packageBytes }: ImageRecord): Promise<Uint8Array> {
    const bytes = new Uint8Array(packageBytes);
    for (let offset = 0; offset < packageBytes;) {
      const length = Math.min(SECURE_PART_MAX_BYTES, packageBytes - offset);
      const part = await this.#monitor.call({ call: 'readImage', componentId, section: 'package', offset, length });
      // The image may have been replaced by a shorter one between two parts.
      if (part.length === 0 || part.length > length)
        throw new OsError('image-incomplete', `${part.length} bytes at ${offset}`);
      bytes.set(part, offset);
      offset += part.length;
    }
    return bytes;
  }
}
