// The boot ROM: the first code of the device. It trusts the fuses alone, and enters nothing but a verified Pluton runtime.

import { PLATFORM_KEY_FILE } from '../../../contracts/core/boot-files.ts';
import { sameBytes } from '../../../contracts/core/bytes.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { ImagePackage } from '../../../contracts/core/image.ts';
import { decodeImageFiles } from '../../../contracts/core/image-files.ts';
import type { Chip, Machine } from '../../hil/chip.ts';
import type { BootOutcome } from '../boot/boot-error.ts';
import { BootError, outcomeOf } from '../boot/boot-error.ts';
import { enterStage, measured } from '../boot/handover.ts';
import type { MeasuredLine } from '../boot/measured-line.ts';
import { loadStage } from '../boot/verified-stage.ts';

/** Digests that the ROM cannot take itself: its own code's, and the engine's that runs all of the device. */
export interface RomFacts {
  readonly romDigest: Uint8Array;
  readonly engine: { readonly digest: Uint8Array; readonly version: string };
}

/** Boots the device. The outcome is also the last line on the boot console when it is a refusal; it never throws. */
export async function startRom(machine: Machine, facts: RomFacts): Promise<BootOutcome> {
  const outcome = await outcomeOf('rom', () => boot(machine, facts));
  if (!outcome.ok) machine.trace(outcome);
  return outcome;
}

async function boot(machine: Machine, { romDigest, engine }: RomFacts): Promise<BootOutcome> {
  const { chip } = machine;
  let log: readonly MeasuredLine[] = [];
  const unsigned = { rollbackIndex: 0, signerId: undefined };
  log = measured(machine, log, { ...unsigned, stage: 'rom', digest: romDigest, name: 'rom' });
  log = measured(machine, log, { ...unsigned, stage: 'engine', digest: engine.digest, name: engine.version });
  const fusedDigest = chip.fuses.platformKeyDigest();
  if (fusedDigest.every((byte) => byte === 0)) throw new BootError('chip-blank', 'rom', 'no platform key is fused');
  let platformKey: Uint8Array = new Uint8Array(0);
  const pluton = loadStage(chip, 'plutonRuntime', (image) => {
    platformKey = fusedKey(chip, image, fusedDigest);
    return [platformKey];
  });
  log = measured(machine, log, pluton.measurement);
  return enterStage(machine, pluton, { machine, log, platformKey });
}

/** Anybody can put a key into an image; only the one with the fused digest vouches for anything. */
function fusedKey({ crypto }: Chip, image: ImagePackage, fusedDigest: Uint8Array): Uint8Array {
  const key = filesOf(image).get(PLATFORM_KEY_FILE);
  if (key === undefined)
    throw new BootError('platform-key-missing', 'plutonRuntime', `no ${PLATFORM_KEY_FILE} in the image`);
  if (!sameBytes(crypto.sha256(key), fusedDigest)) {
    throw new BootError('platform-key-not-fused', 'plutonRuntime', 'the image brings a key that the fuses do not know');
  }
  return key;
}

function filesOf(image: ImagePackage): ReadonlyMap<string, Uint8Array> {
  try {
    return decodeImageFiles(image.files);
  } catch (cause) {
    const reason = isCoded(cause) ? cause.code : 'unreadable';
    throw new BootError('stage-image-invalid', 'plutonRuntime', reason, cause);
  }
}
