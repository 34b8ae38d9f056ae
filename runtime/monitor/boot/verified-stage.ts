// From a part of the flash to a boot stage that may run: named steps, each with its code. Never gives back unverified bytes.

import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { FlashPartName } from '../../../contracts/core/flash-map.ts';
import { FLASH_PART } from '../../../contracts/core/flash-map.ts';
import type { ImagePackage } from '../../../contracts/core/image.ts';
import { decodeImage } from '../../../contracts/core/image.ts';
import { sameBytes } from '../../../contracts/core/bytes.ts';
import type { Chip } from '../../hil/chip.ts';
import type { BootStage } from '../../hil/fuses.ts';
import { BootError } from './boot-error.ts';
import type { MeasuredLine } from './measured-line.ts';
import { verifyP256 } from './p256.ts';

const PART: Readonly<Record<BootStage, FlashPartName>> = {
  plutonRuntime: 'plutonRuntime',
  monitor: 'monitor',
  trustedKeystore: 'trustedKeystore',
  os: 'osSlotA',
};

/** An image whose platform signature, key and rollback index were checked, and the log line that it gets. */
export interface VerifiedStage {
  readonly image: ImagePackage;
  readonly measurement: MeasuredLine;
}

/** The platform keys that vouch for a stage; the first stage finds its own in the image and checks it against the fuses. */
export type PlatformKeys = (image: ImagePackage) => readonly Uint8Array[];

/** Errors: `BootErrorCode` from `stage-missing` to `stage-rolled-back`. */
export function loadStage(chip: Chip, stage: BootStage, keysFor: PlatformKeys): VerifiedStage {
  const bytes = readPart(chip, stage);
  const image = decodeStage(chip, stage, bytes);
  // Mix and match: a validly signed OS in the monitor's place would run in the secure world.
  if (image.kind !== stage) throw new BootError('stage-kind-wrong', stage, `an image of kind ${image.kind}`);
  const signerId = checkPlatformSignature(chip, stage, image, keysFor(image));
  const floor = chip.fuses.rollbackFloor(stage);
  if (image.rollbackIndex < floor) {
    throw new BootError('stage-rolled-back', stage, `rollback index ${image.rollbackIndex}, the fuses want ${floor}`);
  }
  const { rollbackIndex, componentId: name } = image;
  return {
    image,
    measurement: { stage, digest: chip.crypto.sha256(image.signedBytes), rollbackIndex, name, signerId },
  };
}

/** Read once: what is verified is what is entered, whatever happens to the flash meanwhile. */
function readPart({ flash }: Chip, stage: BootStage): Uint8Array {
  const { offset, size } = FLASH_PART[PART[stage]];
  const word = flash.read(offset, 4);
  const length = new DataView(word.buffer, word.byteOffset, 4).getUint32(0, true);
  if (length === 0xffff_ffff) throw new BootError('stage-missing', stage, 'its part of the flash is empty');
  if (length > size - 4) throw new BootError('stage-image-invalid', stage, `${length} bytes in a part of ${size}`);
  return flash.read(offset + 4, length);
}

function decodeStage({ crypto }: Chip, stage: BootStage, bytes: Uint8Array): ImagePackage {
  try {
    return decodeImage(bytes, (section) => crypto.sha256(section));
  } catch (cause) {
    const reason = isCoded(cause) ? cause.code : 'unreadable';
    throw new BootError('stage-image-invalid', stage, reason, cause);
  }
}

/** The id of the key that vouches. One good platform signature is enough: two stand side by side while the platform's key is rotated. */
function checkPlatformSignature(
  { crypto, fuses }: Chip,
  stage: BootStage,
  image: ImagePackage,
  keys: readonly Uint8Array[],
): Uint8Array {
  const signatures = image.signatures.filter(
    ({ role, algorithm }) => role === 'platform' && algorithm === 'ecdsa-p256-sha256',
  );
  if (signatures.length === 0) throw new BootError('stage-signature-missing', stage, 'no platform signature');
  const known = signatures.flatMap(({ keyId, signature }) => {
    const publicKey = keys.find((key) => sameBytes(crypto.sha256(key), keyId));
    return publicKey === undefined ? [] : [{ publicKey, keyId, signature }];
  });
  if (known.length === 0) throw new BootError('stage-key-unknown', stage, 'signed by a key that nobody vouches for');
  const standing = known.filter(({ keyId }) => !fuses.isRevoked(keyId));
  if (standing.length === 0) throw new BootError('stage-key-revoked', stage, 'signed by a revoked key');
  const good = standing.find(({ publicKey, signature }) => verifyP256(publicKey, image.signedBytes, signature));
  if (good === undefined) throw new BootError('stage-signature-invalid', stage, 'the signature is not of this image');
  return good.keyId;
}
