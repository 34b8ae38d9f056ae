// Where an image grows in the monitor's memory while the OS sends it in parts. Nothing of it counts before it is verified whole.

import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import { CallRefusal } from './call-refusal.ts';

export class ImageStaging {
  #bytes: Uint8Array | undefined;
  #written = 0;

  /** Drops an earlier one. Errors: `flash-full` for what could never be installed. */
  begin(length: number): void {
    if (length > FLASH_PART.applications.size) throw new CallRefusal('flash-full', `an image of ${length} bytes`);
    this.#bytes = new Uint8Array(length);
    this.#written = 0;
  }

  /** Parts come in order, without gaps. Errors: `stage-not-begun`, `call-malformed`. */
  write(offset: number, part: Uint8Array): void {
    const bytes = this.#begun();
    if (offset !== this.#written || offset + part.length > bytes.length) {
      throw new CallRefusal(
        'call-malformed',
        `${part.length} bytes at ${offset}, wanted at ${this.#written} of ${bytes.length}`,
      );
    }
    bytes.set(part, offset);
    this.#written += part.length;
  }

  /** The whole image; the staging area is empty afterwards. Errors: `stage-not-begun`, `call-malformed` when parts are missing. */
  take(): Uint8Array {
    const bytes = this.#begun();
    if (this.#written !== bytes.length)
      throw new CallRefusal('call-malformed', `${this.#written} of ${bytes.length} bytes came`);
    this.#bytes = undefined;
    return bytes;
  }

  #begun(): Uint8Array {
    if (this.#bytes === undefined) throw new CallRefusal('stage-not-begun', 'no image was begun');
    return this.#bytes;
  }
}
