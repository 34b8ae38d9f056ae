// Installed applications on flash. A power cut between any two writes leaves the old set or the new one, never a mixture.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { Chip } from '../hil/chip.ts';
import { CallRefusal } from './call-refusal.ts';
import type { SealedState } from './sealed-state.ts';
import type { AppEntry, RollbackFloor } from './state-record.ts';
import type { TrustedApplication } from './trust-policy.ts';

const { offset: PART, size: PART_BYTES } = FLASH_PART.applications;
/** Bounds of the state record's lists. */
export const MAX_APPS = 64;
export const MAX_FLOORS = 1024;

export class AppStore {
  readonly #chip: Chip;
  readonly #state: SealedState;

  constructor(chip: Chip, state: SealedState) {
    this.#chip = chip;
    this.#state = state;
  }

  list(): readonly AppEntry[] {
    return this.#state.current.apps;
  }

  /** Errors: `image-unknown`. */
  entry(componentId: ComponentId): AppEntry {
    const entry = this.list().find((app) => app.componentId === componentId);
    if (entry === undefined) throw new CallRefusal('image-unknown', `${componentId} is not installed`);
    return entry;
  }

  /** The whole package, read once and compared with the sealed digest. Errors: `image-invalid`. */
  read(entry: AppEntry): Uint8Array {
    const bytes = this.#chip.flash.read(PART + entry.offset, entry.length);
    // Whoever can write the flash can put another signed image here; the record says which one was installed.
    if (!sameBytes(this.#chip.crypto.sha256(bytes), entry.digest)) {
      throw new CallRefusal('image-invalid', `${entry.componentId} is not on flash as it was installed`);
    }
    return bytes;
  }

  /** Errors: `image-rolled-back`. */
  checkRollback(componentId: ComponentId, rollbackIndex: number): void {
    const floor = this.#floorOf(componentId);
    if (rollbackIndex < floor)
      throw new CallRefusal('image-rolled-back', `rollback index ${rollbackIndex}, the floor is ${floor}`);
  }

  /**
   * Installs checked bytes, in place of an earlier version of the component. Write, then the record, then the old space
   * is free. Errors: `image-rolled-back`, `resource-in-use`, `flash-full`, `internal` (the flash did not keep it).
   */
  install({ image, grants, trust }: TrustedApplication, bytes: Uint8Array): AppEntry {
    const { componentId, imageId, rollbackIndex } = image;
    this.checkRollback(componentId, rollbackIndex);
    const others = this.list().filter((app) => app.componentId !== componentId);
    for (const other of others) {
      const pin = grants.gpioPins.find((wanted) => other.pins.includes(wanted));
      if (pin !== undefined) throw new CallRefusal('resource-in-use', `gpio ${pin} is held by ${other.componentId}`);
    }
    if (others.length >= MAX_APPS) throw new CallRefusal('flash-full', `${MAX_APPS} images are installed`);
    const digest = this.#chip.crypto.sha256(bytes);
    const location = { offset: this.#freeSpace(bytes.length), length: bytes.length };
    const entry: AppEntry = { componentId, imageId, rollbackIndex, ...location, digest, trust, pins: grants.gpioPins };
    this.#write(entry, bytes);
    // A developer may go back and forth between own builds; only what the service signed closes the way back.
    const floors = trust === 'service' ? this.#raised(componentId, rollbackIndex) : this.#state.current.floors;
    this.#state.replace({ ...this.#state.current, apps: [...others, entry], floors });
    return entry;
  }

  /** What it kept goes with it, its rollback floor stays. Errors: `image-unknown`. */
  remove(componentId: ComponentId): void {
    const gone = this.entry(componentId);
    const { current } = this.#state;
    const storages = current.storages.filter((storage) => storage.componentId !== componentId);
    this.#state.replace({ ...current, apps: this.list().filter((app) => app !== gone), storages });
  }

  #write(entry: AppEntry, bytes: Uint8Array): void {
    const { flash } = this.#chip;
    const start = PART + entry.offset;
    for (let block = 0; block < bytes.length; block += flash.blockBytes) {
      flash.eraseBlock(start + block);
      flash.program(start + block, bytes.subarray(block, block + flash.blockBytes));
    }
    if (!sameBytes(flash.read(start, bytes.length), bytes))
      throw new CallRefusal('internal', 'the flash did not keep the image');
  }

  /** First fit on whole blocks, beside everything installed: also the version that is being replaced must survive a power cut. */
  #freeSpace(length: number): number {
    const { blockBytes } = this.#chip.flash;
    const blocks = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;
    let offset = 0;
    for (const app of [...this.list()].sort((a, b) => a.offset - b.offset)) {
      if (app.offset - offset >= blocks(length)) break;
      offset = app.offset + blocks(app.length);
    }
    if (offset + blocks(length) > PART_BYTES) throw new CallRefusal('flash-full', `no ${length} bytes in one piece`);
    return offset;
  }

  #floorOf(componentId: ComponentId): number {
    return this.#state.current.floors.find((floor) => floor.componentId === componentId)?.floor ?? 0;
  }

  #raised(componentId: ComponentId, rollbackIndex: number): readonly RollbackFloor[] {
    const others = this.#state.current.floors.filter((floor) => floor.componentId !== componentId);
    if (rollbackIndex === 0 && this.#floorOf(componentId) === 0) return others;
    if (others.length >= MAX_FLOORS) throw new CallRefusal('flash-full', `${MAX_FLOORS} rollback floors are kept`);
    return [...others, { componentId, floor: rollbackIndex }];
  }
}
