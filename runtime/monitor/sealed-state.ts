// The state record on flash, sealed to this chip and to its counter. Old or foreign flash never passes for this device's now.

import { ByteReader, ByteWriter, concatBytes } from '../../contracts/core/bytes.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { Chip } from '../hil/chip.ts';
import { BootError } from './boot/boot-error.ts';
import { CallRefusal } from './call-refusal.ts';
import type { DeviceState } from './state-record.ts';
import { EMPTY_STATE, decodeState, encodeState } from './state-record.ts';

/**
 * Slots in turn, each: u32 length of the rest without the MAC · u64 n · state · MAC (32) over length, n and state.
 * Order of a change, each step cut by power at any point: erase the slot of n + 1, write n + 1 into it, and only then move
 * the counter. A boot accepts n = counter (the cut came before the write was whole) or n = counter + 1 (after it).
 * The counter tells records of one n not apart, so a number that some record may already bear is never committed to:
 * see docs/adr/0006-each-boot-seals-the-state-anew.md.
 */
const { offset: PART, size: PART_BYTES } = FLASH_PART.stateRecord;
/** More than the two that a change needs: they share the erases of all boots. Each holds the fullest state record. */
const SLOTS = 8n;
/** Bytes of one slot, whole erase blocks. */
export const SLOT_BYTES = PART_BYTES / Number(SLOTS);
const LENGTH_BYTES = 4;
const MAC_BYTES = 32;
/** Names the layout: a record of another one is no record. */
const MAC_PURPOSE = 'state record v4';

interface SealedCopy {
  readonly n: bigint;
  readonly state: DeviceState;
}

export class SealedState {
  readonly #chip: Chip;
  #n: bigint;
  /** The highest n that a record may bear, on the flash or in a copy that somebody made of it. */
  #highestWritten: bigint;
  #state: DeviceState;

  /** Only `openSealedState` knows what is current: `copy` has the counter's n, and n + 1 may have been written. */
  constructor(chip: Chip, { n, state }: SealedCopy) {
    this.#chip = chip;
    this.#n = n;
    this.#highestWritten = n + 1n;
    this.#state = state;
  }

  get current(): DeviceState {
    return this.#state;
  }

  /**
   * Makes `state` the current one for good; no record that was ever written before counts any more. When it throws, the
   * old state still counts, also after a boot. Errors: `flash-full`, `internal` at the counter's end, chip faults.
   */
  replace(state: DeviceState): void {
    const steps = this.#highestWritten - this.#n + 1n;
    if (this.#chip.counter.remaining() < steps) throw new CallRefusal('internal', 'counter-worn-out');
    // Past every n that is taken with the old state, so that the new one gets a number that no other record has.
    while (this.#n < this.#highestWritten) this.#seal(this.#state);
    this.#seal(state);
    this.#state = state;
  }

  #seal(state: DeviceState): void {
    const { flash, counter } = this.#chip;
    const n = this.#n + 1n;
    const record = this.#record(n, state);
    const offset = slotOffset(n);
    for (let block = 0; block < record.length; block += flash.blockBytes) flash.eraseBlock(offset + block);
    if (n > this.#highestWritten) this.#highestWritten = n;
    flash.program(offset, record);
    try {
      counter.increment();
    } catch (error) {
      if (counter.value() < n) {
        // Left there, it would count from the next boot on, although whoever asked for the change was told that it failed.
        flash.eraseBlock(offset);
        throw error;
      }
    }
    this.#n = n;
  }

  #record(n: bigint, state: DeviceState): Uint8Array {
    const body = encodeState(state);
    const sealed = new ByteWriter(body.length + 64)
      .u32(8 + body.length)
      .u64(n)
      .bytes(body)
      .finish();
    const record = concatBytes(sealed, this.#chip.crypto.deviceMac(MAC_PURPOSE, sealed));
    if (record.length > SLOT_BYTES) throw new CallRefusal('flash-full', 'the state record is full');
    return record;
  }
}

/**
 * Finds the current record, finishes a change that a power cut left before the counter moved, and seals the state anew, so
 * that of all records on and off the flash this boot's own alone counts. At the end of the counter's or the flash's life the
 * device boots with the state that it has, and every change is refused. Errors: `state-record-invalid`, `state-seal-failed`.
 */
export function openSealedState(chip: Chip): SealedState {
  const state = new SealedState(chip, currentCopy(chip));
  // Two increments when nothing was cut; with fewer left, a change could not be sealed either.
  if (chip.counter.remaining() < 2n) return state;
  try {
    state.replace(state.current);
  } catch (cause) {
    if (!isWornFlash(cause)) throw sealFailed(cause);
  }
  return state;
}

/** The record that counts, with the counter moved to its n. */
function currentCopy(chip: Chip): SealedCopy {
  const counter = chip.counter.value();
  const next = readCopy(chip, counter + 1n);
  if (next !== undefined && chip.counter.remaining() > 0n) {
    try {
      chip.counter.increment();
    } catch (cause) {
      throw sealFailed(cause);
    }
    return next;
  }
  const current = readCopy(chip, counter);
  if (current !== undefined) return current;
  // Nothing was ever committed to: the counter proves that there is nothing to be lost.
  if (counter === 0n) return { n: 0n, state: EMPTY_STATE };
  throw new BootError('state-record-invalid', 'monitor', `no copy is of counter ${counter}`);
}

function sealFailed(cause: unknown): BootError {
  return new BootError('state-seal-failed', 'monitor', cause instanceof Error ? cause.message : String(cause), cause);
}

/** By its code alone: the chip's error classes are of another module graph than this stage's. */
function isWornFlash(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'flash-worn-out';
}

/** The record of this n, in its one place: what was moved to another place does not count. */
function readCopy({ flash, crypto }: Chip, wanted: bigint): SealedCopy | undefined {
  const offset = slotOffset(wanted);
  const length = new ByteReader(flash.read(offset, LENGTH_BYTES)).u32();
  if (length < 8 || length > SLOT_BYTES - LENGTH_BYTES - MAC_BYTES) return undefined;
  const reader = new ByteReader(flash.read(offset, LENGTH_BYTES + length + MAC_BYTES));
  const sealed = reader.bytes(LENGTH_BYTES + length);
  if (!isSameMac(reader.bytes(MAC_BYTES), crypto.deviceMac(MAC_PURPOSE, sealed))) return undefined;
  const n = new ByteReader(sealed.subarray(LENGTH_BYTES)).u64();
  return n === wanted ? { n, state: decodeState(sealed.subarray(LENGTH_BYTES + 8)) } : undefined;
}

/** In the same time wherever they differ: whoever writes the flash could otherwise find a MAC byte by byte, boot by boot. */
function isSameMac(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;
}

/** Where on the flash the record of this n lies. */
export function slotOffset(n: bigint): number {
  return PART + Number(n % SLOTS) * SLOT_BYTES;
}
