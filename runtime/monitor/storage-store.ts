// Mutable storage of the apps on flash, sealed under device, component and claim. A power cut at any write leaves what was kept before or
// what was written, and what was kept long ago never passes for now.

import { ByteReader, ByteWriter, concatBytes, sameBytes } from '../../contracts/core/bytes.ts';
import { STORAGE_VOLUME_MAX_BYTES } from '../../contracts/core/app-storage.ts';
import { FLASH_BLOCK_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { componentIdToBytes } from '../../contracts/core/ids.ts';
import type { Chip } from '../hil/chip.ts';
import type { DeviceKeyName } from '../hil/crypto.ts';
import { CallRefusal } from './call-refusal.ts';
import type { SealedState } from './sealed-state.ts';
import type { StorageSlot } from './state-record.ts';

/** A place: u32 length of the content · u64 generation · nonce (12) · content and tag (16). */
const HEAD_BYTES = 4 + 8 + 12;
const TAG_BYTES = 16;
const PLACE_BYTES =
  Math.ceil((HEAD_BYTES + STORAGE_VOLUME_MAX_BYTES + TAG_BYTES) / FLASH_BLOCK_BYTES) * FLASH_BLOCK_BYTES;
const { offset: PART, size: PART_BYTES } = FLASH_PART.appStorage;
/** Apps that can keep something at one time. */
export const MAX_STORAGES = Math.floor(PART_BYTES / (2 * PLACE_BYTES));
/**
 * Writes between two seals of the floor, beside the one at the first write of each boot. Sealing each would wear the on-die counter, which
 * lasts a million steps; whoever puts old flash back gets at most this many writes of one boot undone.
 */
export const FLOOR_STEP = 64n;
/**
 * The first write of each boot goes so far past what it finds. Old flash that was put back starts a second count beside one that went on:
 * were it only one higher, what was written in the count that was undone would be the newer one again some boots later.
 */
const BOOT_STEP = 1n << 20n;
const PURPOSE = 'app storage v1';

/** Bytes on their way in. */
export interface StoragePart {
  readonly total: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Content {
  readonly generation: bigint;
  readonly bytes: Uint8Array;
}

export class StorageStore {
  readonly #chip: Chip;
  readonly #state: SealedState;
  readonly #staged = new Map<ComponentId, Uint8Array>();
  /** Storages whose floor this boot has sealed. */
  readonly #sealedSinceBoot = new Set<ComponentId>();

  constructor(chip: Chip, state: SealedState) {
    this.#chip = chip;
    this.#state = state;
  }

  /** Empty: nothing was kept, or not under this claim. Errors: `storage-lost`; the next write makes it whole again. */
  read(componentId: ComponentId, epoch: number): Uint8Array {
    const slot = this.#slot(componentId, epoch);
    if (slot === undefined) return new Uint8Array(0);
    const newest = this.#newest(slot);
    if (newest === undefined)
      throw new CallRefusal('storage-lost', `the storage of ${componentId} is not as it was kept`);
    return newest.bytes;
  }

  /** Errors: `storage-too-large`, `stage-not-begun`, `flash-full`, `internal` (the flash did not keep it), and those of sealing. */
  write(componentId: ComponentId, epoch: number, { total, offset, bytes }: StoragePart): void {
    if (total > STORAGE_VOLUME_MAX_BYTES || offset + bytes.length > total)
      throw new CallRefusal('storage-too-large', `${total} bytes, ${STORAGE_VOLUME_MAX_BYTES} are allowed`);
    const before = offset === 0 ? new Uint8Array(0) : this.#staged.get(componentId);
    if (before?.length !== offset) throw new CallRefusal('stage-not-begun', `no storage up to ${offset}`);
    const staged = concatBytes(before, bytes);
    this.#staged.delete(componentId);
    if (staged.length < total) this.#staged.set(componentId, staged);
    else this.#keep(componentId, epoch, staged);
  }

  /** Runs `remove`, which takes the component out of the state, and clears the flash behind it. */
  clearing(componentId: ComponentId, remove: () => void): void {
    const slot = this.#state.current.storages.find((entry) => entry.componentId === componentId);
    remove();
    this.#staged.delete(componentId);
    this.#sealedSinceBoot.delete(componentId);
    if (slot === undefined) return;
    for (const generation of [0n, 1n]) this.#erase(placeOffset(slot.pair, generation), PLACE_BYTES);
  }

  #keep(componentId: ComponentId, epoch: number, bytes: Uint8Array): void {
    const known = this.#slot(componentId, epoch);
    const slot = known ?? this.#newSlot(componentId, epoch);
    const newest = this.#newest(slot);
    const isSealed = known !== undefined && newest !== undefined && this.#sealedSinceBoot.has(componentId);
    // In the other place than the newest that still counts, and at first past everything that this device may ever have written.
    const generation = (newest?.generation ?? slot.floor) + (isSealed ? 1n : BOOT_STEP + 1n);
    this.#program(slot, generation, bytes);
    if (!isSealed || generation - slot.floor >= FLOOR_STEP) this.#seal({ ...slot, floor: generation });
  }

  #slot(componentId: ComponentId, epoch: number): StorageSlot | undefined {
    return this.#state.current.storages.find((slot) => slot.componentId === componentId && slot.epoch === epoch);
  }

  /** In a pair of its own, which it keeps under another claim. */
  #newSlot(componentId: ComponentId, epoch: number): StorageSlot {
    const { storages } = this.#state.current;
    const own = storages.find((slot) => slot.componentId === componentId)?.pair;
    const free = Array.from({ length: MAX_STORAGES }, (_, pair) => pair).find(
      (pair) => !storages.some((slot) => slot.pair === pair),
    );
    const pair = own ?? free;
    if (pair === undefined) throw new CallRefusal('flash-full', `${MAX_STORAGES} apps keep something`);
    return { componentId, pair, epoch, id: this.#chip.crypto.random(16), floor: 0n };
  }

  #seal(slot: StorageSlot): void {
    const { current } = this.#state;
    const others = current.storages.filter(({ componentId }) => componentId !== slot.componentId);
    this.#state.replace({ ...current, storages: [...others, slot] });
    this.#sealedSinceBoot.add(slot.componentId);
  }

  /** Of the two places what opens, counts, and is newer. */
  #newest(slot: StorageSlot): Content | undefined {
    const [even, odd] = [this.#open(slot, 0n), this.#open(slot, 1n)];
    if (even === undefined || odd === undefined) return even ?? odd;
    return even.generation > odd.generation ? even : odd;
  }

  #open(slot: StorageSlot, place: bigint): Content | undefined {
    const offset = placeOffset(slot.pair, place);
    const head = this.#chip.flash.read(offset, HEAD_BYTES);
    const reader = new ByteReader(head);
    const [length, generation, nonce] = [reader.u32(), reader.u64(), reader.rest()];
    // What was moved from one place to the other does not count, nor what is too old.
    if (length > STORAGE_VOLUME_MAX_BYTES || generation % 2n !== place || generation < slot.floor) return undefined;
    const sealed = this.#chip.flash.read(offset + HEAD_BYTES, length + TAG_BYTES);
    const bytes = this.#chip.crypto.deviceOpen(keyOf(slot), nonce, sealed, head);
    return bytes === undefined ? undefined : { generation, bytes };
  }

  #program(slot: StorageSlot, generation: bigint, bytes: Uint8Array): void {
    const { flash, crypto } = this.#chip;
    const nonce = crypto.random(12);
    const head = new ByteWriter(HEAD_BYTES).u32(bytes.length).u64(generation).bytes(nonce).finish();
    const record = concatBytes(head, crypto.deviceSeal(keyOf(slot), nonce, bytes, head));
    const offset = placeOffset(slot.pair, generation);
    this.#erase(offset, record.length);
    for (let block = 0; block < record.length; block += flash.blockBytes)
      flash.program(offset + block, record.subarray(block, block + flash.blockBytes));
    if (!sameBytes(flash.read(offset, record.length), record))
      throw new CallRefusal('internal', 'the flash did not keep the storage');
  }

  #erase(offset: number, length: number): void {
    const { flash } = this.#chip;
    for (let block = 0; block < length; block += flash.blockBytes) flash.eraseBlock(offset + block);
  }
}

function keyOf({ componentId, epoch, id }: StorageSlot): DeviceKeyName {
  const component = componentIdToBytes(componentId);
  return { purpose: PURPOSE, context: new ByteWriter(64).bytes(component).u32(epoch).bytes(id).finish() };
}

/** Where a generation of the storage in this pair lies: the two places take turns. */
export function placeOffset(pair: number, generation: bigint): number {
  return PART + (2 * pair + Number(generation % 2n)) * PLACE_BYTES;
}
