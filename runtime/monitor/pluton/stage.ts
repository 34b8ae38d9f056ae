// The Pluton runtime, second stage: verifies the trusted keystore and the monitor, and enters the monitor. Never touches the OS.

import type { TrustedKey } from '../../../contracts/core/trusted-keystore.ts';
import { decodeTrustedKeystore } from '../../../contracts/core/trusted-keystore.ts';
import type { BootOutcome } from '../boot/boot-error.ts';
import { BootError, outcomeOf } from '../boot/boot-error.ts';
import type { PlutonHandover, Stage } from '../boot/handover.ts';
import { enterStage, measured } from '../boot/handover.ts';
import type { MeasuredLine } from '../boot/measured-line.ts';
import { loadStage } from '../boot/verified-stage.ts';

const stage: Stage<PlutonHandover> = (handover) => outcomeOf('plutonRuntime', () => boot(handover));
export default stage;

async function boot({ machine, log: before, platformKey }: PlutonHandover): Promise<BootOutcome> {
  const { chip } = machine;
  let log: readonly MeasuredLine[] = before;
  const keystore = loadStage(chip, 'trustedKeystore', () => [platformKey]);
  log = measured(machine, log, keystore.measurement);
  const platformKeys = decodeKeystore(keystore.image.component).filter(({ role }) => role === 'platform');
  const monitor = loadStage(chip, 'monitor', () => platformKeys.map(({ publicKey }) => publicKey));
  log = measured(machine, log, monitor.measurement);
  const { component, files } = keystore.image;
  return enterStage(machine, monitor, { machine, log, keystore: component, keystoreFiles: files });
}

function decodeKeystore(bytes: Uint8Array): readonly TrustedKey[] {
  try {
    return decodeTrustedKeystore(bytes);
  } catch (cause) {
    throw new BootError('keystore-invalid', 'trustedKeystore', 'its component section is no key list', cause);
  }
}
