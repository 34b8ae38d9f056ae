// What the OS keeps across power cuts. The sealed state says which content is the current one: old flash put back never passes for it.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import { OS_RECORD, OS_RECORD_MAX_BYTES } from '../../contracts/core/os-records.ts';
import type { Chip } from '../hil/chip.ts';
import { CallRefusal } from './call-refusal.ts';
import type { SealedState } from './sealed-state.ts';
import type { OsRecordEntry } from './state-record.ts';

const PLACES = 2;

export class OsRecordStore {
  readonly #chip: Chip;
  readonly #state: SealedState;

  constructor(chip: Chip, state: SealedState) {
    this.#chip = chip;
    this.#state = state;
  }

  /** `undefined`: never written, or removed. Errors: `record-lost`; the next write makes the record whole again. */
  read(record: OsRecordName): Uint8Array | undefined {
    const entry = this.#entry(record);
    if (entry === undefined) return undefined;
    const bytes = this.#content(entry);
    // TUF metadata of last year is well signed too: the seal is what says that it is not this year's.
    if (bytes === undefined) throw new CallRefusal('record-lost', `${record} is not on flash as it was written`);
    return bytes;
  }

  /**
   * Beside the content that is replaced, then sealed: a power cut anywhere leaves the one or the other. No bytes: the record
   * is removed. Errors: `record-too-large`, `internal` (the flash did not keep it), and those of sealing.
   */
  write(record: OsRecordName, bytes: Uint8Array): void {
    if (bytes.length > OS_RECORD_MAX_BYTES)
      throw new CallRefusal('record-too-large', `${bytes.length} bytes, ${OS_RECORD_MAX_BYTES} are allowed`);
    const before = this.#entry(record);
    if (bytes.length === 0) return before === undefined ? undefined : this.#seal(record, []);
    const digest = this.#chip.crypto.sha256(bytes);
    // Saying the same again wears neither flash nor counter.
    if (before !== undefined && sameBytes(before.digest, digest) && this.#content(before) !== undefined) return;
    const place = before?.place === 0 ? 1 : 0;
    this.#program(placeOffset(record, place), bytes);
    this.#seal(record, [{ record, place, length: bytes.length, digest }]);
  }

  #entry(record: OsRecordName): OsRecordEntry | undefined {
    return this.#state.current.records.find((entry) => entry.record === record);
  }

  #content({ record, place, length, digest }: OsRecordEntry): Uint8Array | undefined {
    const bytes = this.#chip.flash.read(placeOffset(record, place), length);
    return sameBytes(this.#chip.crypto.sha256(bytes), digest) ? bytes : undefined;
  }

  #program(offset: number, bytes: Uint8Array): void {
    const { flash } = this.#chip;
    for (let block = 0; block < bytes.length; block += flash.blockBytes) {
      flash.eraseBlock(offset + block);
      flash.program(offset + block, bytes.subarray(block, block + flash.blockBytes));
    }
    if (!sameBytes(flash.read(offset, bytes.length), bytes))
      throw new CallRefusal('internal', 'the flash did not keep the record');
  }

  #seal(record: OsRecordName, entries: readonly OsRecordEntry[]): void {
    const { current } = this.#state;
    const others = current.records.filter((entry) => entry.record !== record);
    this.#state.replace({ ...current, records: [...others, ...entries] });
  }
}

/** Where one of a record's two places lies on the flash. */
export function placeOffset(record: OsRecordName, place: 0 | 1): number {
  return FLASH_PART.osRecords.offset + ((OS_RECORD[record] - 1) * PLACES + place) * OS_RECORD_MAX_BYTES;
}
