// The state record on flash, sealed to this chip and to its counter. Old or foreign flash never passes for this device's now.

import { ByteReader, ByteWriter, concatBytes } from '../../contracts/core/bytes.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { Chip } from '../hil/chip.ts';
import { BootError } from './boot/boot-error.ts';
import { CallRefusal } from './call-refusal.ts';
import type { DeviceState } from './state-record.ts';
import { EMPTY_STATE, decodeState, encodeState } from './state-record.ts';

/**
 * Two copies, each: u32 length of the rest without the MAC · u64 n · state · MAC (32) over length, n and state.
 * Order of a change, each step cut by power at any point: erase the copy that does not hold n, write n + 1 into it, and
 * only then move the counter. A boot accepts n = counter (the cut came before the write was whole) or n = counter + 1
 * (after it): a copy put back by an attacker has a lower n, since the counter is on the die.
 */
const { offset: PART, size: PART_BYTES } = FLASH_PART.stateRecord;
const COPY_BYTES = PART_BYTES / 2;
const LENGTH_BYTES = 4;
const MAC_BYTES = 32;
/** Names the layout: a record of another one is no record. */
const MAC_PURPOSE = 'state record v1';

export class SealedState {
  readonly #chip: Chip;
  #n: bigint;
  #state: DeviceState;

  /** Only `openSealedState` knows what is current. */
  constructor(chip: Chip, n: bigint, state: DeviceState) {
    this.#chip = chip;
    this.#n = n;
    this.#state = state;
  }

  get current(): DeviceState {
    return this.#state;
  }

  /** Makes `state` the current one for good. When it throws, the old one still counts. Errors: `flash-full`, chip faults. */
  replace(state: DeviceState): void {
    const { flash, counter, crypto } = this.#chip;
    const n = this.#n + 1n;
    const body = encodeState(state);
    const sealed = new ByteWriter(body.length + 64)
      .u32(8 + body.length)
      .u64(n)
      .bytes(body)
      .finish();
    const record = concatBytes(sealed, crypto.deviceMac(MAC_PURPOSE, sealed));
    if (record.length > COPY_BYTES) throw new CallRefusal('flash-full', 'the state record is full');
    const offset = copyOffset(n);
    for (let block = 0; block < record.length; block += flash.blockBytes) flash.eraseBlock(offset + block);
    flash.program(offset, record);
    counter.increment();
    this.#n = n;
    this.#state = state;
  }
}

/** Finds the current record, and finishes a change that a power cut left before the counter moved. Errors: `state-record-invalid`. */
export function openSealedState(chip: Chip): SealedState {
  const counter = chip.counter.value();
  const copies = [readCopy(chip, 0n), readCopy(chip, 1n)].filter((copy) => copy !== undefined);
  const next = copies.find(({ n }) => n === counter + 1n);
  if (next !== undefined) {
    chip.counter.increment();
    return new SealedState(chip, next.n, next.state);
  }
  const current = copies.find(({ n }) => n === counter);
  if (current !== undefined) return new SealedState(chip, current.n, current.state);
  // Nothing was ever written: the counter proves that there is nothing to be lost.
  if (counter === 0n) return new SealedState(chip, 0n, EMPTY_STATE);
  throw new BootError('state-record-invalid', 'monitor', `no copy is of counter ${counter}`);
}

function readCopy(
  { flash, crypto }: Chip,
  parity: bigint,
): { readonly n: bigint; readonly state: DeviceState } | undefined {
  const offset = copyOffset(parity);
  const length = new ByteReader(flash.read(offset, LENGTH_BYTES)).u32();
  if (length < 8 || length > COPY_BYTES - LENGTH_BYTES - MAC_BYTES) return undefined;
  const reader = new ByteReader(flash.read(offset, LENGTH_BYTES + length + MAC_BYTES));
  const sealed = reader.bytes(LENGTH_BYTES + length);
  if (!isSameMac(reader.bytes(MAC_BYTES), crypto.deviceMac(MAC_PURPOSE, sealed))) return undefined;
  const n = new ByteReader(sealed.subarray(LENGTH_BYTES)).u64();
  // Each n has its place: a copy moved to the other's place would be overwritten by the next change.
  return n % 2n === parity ? { n, state: decodeState(sealed.subarray(LENGTH_BYTES + 8)) } : undefined;
}

/** In the same time wherever they differ: whoever writes the flash could otherwise find a MAC byte by byte, boot by boot. */
function isSameMac(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;
}

function copyOffset(n: bigint): number {
  return PART + Number(n % 2n) * COPY_BYTES;
}
