// The fuse bank: bits that burn once and rows that are written once. Key rows never leave it but on the crypto block's wires.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { BootStage, FuseFaultCode, FuseProgrammer, Fuses, KeyRows, Lifecycle } from '../hil/fuses.ts';
import type { Medium } from '../hil/medium.ts';

export class FuseFault extends CodedError<FuseFaultCode> {}

export const FUSE_BYTES = 1024;

/**
 * Offsets in the bank. A row's `written` byte burns after the row: a power cut between the two leaves a row that can only
 * be completed with the same value, since burning ORs. Thermometers count burnt bits.
 */
const ROW = { identityKey: 0x00, deviceSecret: 0x20, platformKeyDigest: 0x40 } as const;
type RowName = keyof typeof ROW;
const ROW_BYTES = 32;
const WRITTEN = { identityKey: 0x60, deviceSecret: 0x61, platformKeyDigest: 0x62 } as const;
const LIFECYCLE = { offset: 0x68, bytes: 1 } as const;
const FLOOR: Readonly<Record<BootStage, number>> = {
  plutonRuntime: 0x80,
  monitor: 0xa0,
  os: 0xc0,
  trustedKeystore: 0xe0,
};
const FLOOR_BYTES = 32;
const REVOKED = { offset: 0x100, rows: 8 } as const;
const REVOKED_WRITTEN = 0x200;
const BURNT = Uint8Array.of(0xff);
const LIFECYCLES: readonly Lifecycle[] = ['Blank', 'Module1Complete', 'DeviceComplete'];

/** The highest rollback floor that a thermometer can show. */
export const ROLLBACK_FLOOR_MAX = FLOOR_BYTES * 8;

/** One bank, handed out by role: the chip gets `fuses`, the crypto block `keyRows`, the manufacturing station `programmer`. */
export interface FuseBank {
  readonly fuses: Fuses;
  readonly keyRows: KeyRows;
  readonly programmer: FuseProgrammer;
}

export function createFuseBank(medium: Medium): FuseBank {
  const cells = new FuseCells(medium);
  return {
    fuses: new ChipFuses(cells),
    keyRows: { identityKey: () => cells.row('identityKey'), deviceSecret: () => cells.row('deviceSecret') },
    programmer: {
      writeIdentityKey: (privateKey) => cells.writeRow('identityKey', privateKey),
      writePlatformKeyDigest: (digest) => cells.writeRow('platformKeyDigest', digest),
      writeDeviceSecret: (secret) => cells.writeRow('deviceSecret', secret),
      revokePlatformKey: (digest) => cells.revoke(digest),
    },
  };
}

/** The bits themselves: only ever from 0 to 1. */
class FuseCells {
  readonly #medium: Medium;

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  row(name: RowName): Uint8Array | undefined {
    return this.#isBurnt(WRITTEN[name]) ? this.#medium.read(ROW[name], ROW_BYTES) : undefined;
  }

  writeRow(name: RowName, value: Uint8Array): void {
    checkRowLength(value);
    if (this.#isBurnt(WRITTEN[name])) throw new FuseFault('fuse-already-written', name, { fault: 'caller' });
    this.#burn(ROW[name], value);
    this.#burn(WRITTEN[name], BURNT);
  }

  revokedDigests(): readonly Uint8Array[] {
    return this.#revokedRows()
      .filter((row) => row.used)
      .map((row) => this.#medium.read(row.offset, ROW_BYTES));
  }

  revoke(digest: Uint8Array): void {
    checkRowLength(digest);
    const free = this.#revokedRows().find((row) => !row.used);
    if (free === undefined) throw new FuseFault('fuse-rows-full', 'every revocation row is used', { fault: 'world' });
    this.#burn(free.offset, digest);
    this.#burn(free.usedOffset, BURNT);
  }

  /** Burnt bits, from the lowest up. */
  thermometer(offset: number, bytes: number): number {
    let count = 0;
    for (const byte of this.#medium.read(offset, bytes)) {
      for (let bits = byte; bits !== 0; bits >>= 1) count += bits & 1;
    }
    return count;
  }

  raise(offset: number, bytes: number, to: number): void {
    if (!Number.isInteger(to) || to < 0 || to > bytes * 8)
      throw new FuseFault('fuse-out-of-range', `level ${to}`, { fault: 'caller' });
    const now = this.thermometer(offset, bytes);
    if (to < now) throw new FuseFault('fuse-backwards', `from ${now} to ${to}`, { fault: 'caller' });
    const level = new Uint8Array(bytes);
    for (let bit = 0; bit < to; bit++) level[bit >> 3] = (level[bit >> 3] ?? 0) | (1 << (bit & 7));
    this.#burn(offset, level);
  }

  #revokedRows(): readonly { readonly offset: number; readonly usedOffset: number; readonly used: boolean }[] {
    return Array.from({ length: REVOKED.rows }, (_, index) => {
      const usedOffset = REVOKED_WRITTEN + index;
      return { offset: REVOKED.offset + index * ROW_BYTES, usedOffset, used: this.#isBurnt(usedOffset) };
    });
  }

  #isBurnt(offset: number): boolean {
    return this.#medium.read(offset, 1)[0] === 0xff;
  }

  #burn(offset: number, bits: Uint8Array): void {
    const now = this.#medium.read(offset, bits.length);
    this.#medium.write(
      offset,
      now.map((byte, index) => byte | (bits[index] ?? 0)),
    );
  }
}

class ChipFuses implements Fuses {
  readonly #cells: FuseCells;

  constructor(cells: FuseCells) {
    this.#cells = cells;
  }

  platformKeyDigest(): Uint8Array {
    return this.#cells.row('platformKeyDigest') ?? new Uint8Array(ROW_BYTES);
  }

  lifecycle(): Lifecycle {
    return LIFECYCLES[this.#cells.thermometer(LIFECYCLE.offset, LIFECYCLE.bytes)] ?? 'DeviceComplete';
  }

  advanceLifecycle(to: Lifecycle): void {
    this.#cells.raise(LIFECYCLE.offset, LIFECYCLE.bytes, LIFECYCLES.indexOf(to));
  }

  rollbackFloor(stage: BootStage): number {
    return this.#cells.thermometer(FLOOR[stage], FLOOR_BYTES);
  }

  raiseRollbackFloor(stage: BootStage, floor: number): void {
    this.#cells.raise(FLOOR[stage], FLOOR_BYTES, floor);
  }

  isRevoked(keyDigest: Uint8Array): boolean {
    return this.#cells.revokedDigests().some((digest) => sameBytes(digest, keyDigest));
  }
}

function checkRowLength(value: Uint8Array): void {
  if (value.length !== ROW_BYTES)
    throw new FuseFault('fuse-out-of-range', `a row has 32 bytes, not ${value.length}`, { fault: 'caller' });
}
