// A device as one folder on the host: flash, fuses and counter in files. It opens what is there and never decides to boot it.
//
// The manufacturing station: `const device = openDeviceFolder(dir)` makes the files of a Blank device when they are not
// there; `device.programmer` burns keys, `device.flash` takes the images (`writeImagePart`), `device.crypto` then has the
// identity, `device.fuses.advanceLifecycle(...)` ends it. Call `device.close()` before the device is powered on.

import { ByteWriter } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import { FLASH_BLOCK_BYTES, FLASH_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { FlashPartName } from '../../contracts/core/flash-map.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { FileMedium } from '../adapters/file-medium.ts';
import { ensureFolder, inFolder } from '../adapters/folder.ts';
import { hostEntropy, nodeCrypto } from '../adapters/node-crypto.ts';
import type { PowerLock } from '../adapters/power-lock.ts';
import { takePowerLock } from '../adapters/power-lock.ts';
import type { MonotonicCounter } from '../hil/counter.ts';
import type { CryptoBlock } from '../hil/crypto.ts';
import type { Flash } from '../hil/flash.ts';
import type { FuseProgrammer, Fuses } from '../hil/fuses.ts';
import { createCryptoBlock } from '../soc/crypto-block.ts';
import { COUNTER_BYTES, DieCounter } from '../soc/die-counter.ts';
import { FUSE_BYTES, createFuseBank } from '../soc/fuse-bank.ts';
import { NorFlash, norMediumBytes } from '../soc/nor-flash.ts';
import { seededEntropy } from '../soc/seeded-entropy.ts';

/** The files of a device folder; the sockets and the address are there while it is powered on. */
export const DEVICE_FILES = {
  flash: 'flash.bin',
  fuses: 'fuses.bin',
  counter: 'counter.bin',
  /** Empty. Its lock is held by the secure world that is on. */
  powerLock: 'power.lock',
  serviceSocket: 'service.sock',
  /** One line: the path under which the service socket is really bound (the folder's own may be too long for a socket). */
  serviceAddress: 'service.addr',
  worldSocket: 'world.sock',
  /** Which walls of the host stand around the processes of the device, while it is on (isolation-record.ts). */
  isolation: 'isolation.json',
} as const;

export interface DeviceFolderOptions {
  /** Entropy from this seed (unsigned, 32 bits) instead of the host's, for runs that must replay. */
  readonly seed?: number;
}

export interface DeviceFolder {
  readonly path: string;
  readonly flash: Flash;
  readonly fuses: Fuses;
  readonly counter: MonotonicCounter;
  readonly crypto: CryptoBlock;
  /** For the manufacturing station alone: the running device is never given it. */
  readonly programmer: FuseProgrammer;
  /** Of the fused identity key. Errors: `key-not-fused` on a Blank device. */
  deviceId(): DeviceId;
  /** Lets the files go. */
  close(): void;
}

/** Makes folder and files (modes 0700, 0600) when they are not there: a Blank chip with erased flash. Errors: the system's. */
export function openDeviceFolder(path: string, options: DeviceFolderOptions = {}): DeviceFolder {
  ensureFolder(path);
  const flashMedium = new FileMedium(
    inFolder(path, DEVICE_FILES.flash),
    norMediumBytes(FLASH_BYTES, FLASH_BLOCK_BYTES),
  );
  const fuseMedium = new FileMedium(inFolder(path, DEVICE_FILES.fuses), FUSE_BYTES);
  const counterMedium = new FileMedium(inFolder(path, DEVICE_FILES.counter), COUNTER_BYTES, { after: [flashMedium] });
  const bank = createFuseBank(fuseMedium);
  const entropy =
    options.seed === undefined ? hostEntropy : seededEntropy(options.seed, (bytes) => nodeCrypto.sha256(bytes));
  const crypto = createCryptoBlock(bank.keyRows, nodeCrypto, entropy);
  return {
    path,
    flash: new NorFlash(flashMedium, FLASH_BYTES, FLASH_BLOCK_BYTES),
    fuses: bank.fuses,
    counter: new DieCounter(counterMedium),
    crypto,
    programmer: bank.programmer,
    deviceId: () => deviceIdOf(crypto.identityPublicKey(), (bytes) => crypto.sha512(bytes)),
    close() {
      for (const medium of [flashMedium, fuseMedium, counterMedium]) medium.close();
    },
  };
}

/** Keeps the device in this folder off until it is released; `undefined` when it is on. */
export function holdOff(path: string): PowerLock | undefined {
  return takePowerLock(inFolder(path, DEVICE_FILES.powerLock));
}

export type DeviceFolderErrorCode = 'image-too-large-for-part';
export class DeviceFolderError extends CodedError<DeviceFolderErrorCode> {}

/** Erases the part as far as needed and writes length word and package. Errors: `image-too-large-for-part`, `FlashFaultCode`. */
export function writeImagePart(flash: Flash, part: FlashPartName, imagePackage: Uint8Array): void {
  const { offset, size } = FLASH_PART[part];
  const bytes = new ByteWriter(imagePackage.length + 4).u32(imagePackage.length).bytes(imagePackage).finish();
  if (bytes.length > size) {
    throw new DeviceFolderError('image-too-large-for-part', `${bytes.length} bytes, ${part} has ${size}`, {
      fault: 'caller',
    });
  }
  for (let block = 0; block < bytes.length; block += flash.blockBytes) flash.eraseBlock(offset + block);
  flash.program(offset, bytes);
}
