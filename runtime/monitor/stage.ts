// The monitor's entry, third stage: opens the state, programs the firewall, starts the OS and then serves it. Never returns keys.

import { BUILD_TIME_FILE, GROUP_RUNNER_FILE, RUNNER_FILE } from '../../contracts/core/boot-files.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import { SECURE_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import { decodeTrustedKeystore } from '../../contracts/core/trusted-keystore.ts';
import type { Machine, ResetCause } from '../hil/chip.ts';
import type { OsProcess } from '../hil/launch.ts';
import type { BootOutcome } from './boot/boot-error.ts';
import { BootError, outcomeOf } from './boot/boot-error.ts';
import type { MonitorHandover, Stage } from './boot/handover.ts';
import { measured } from './boot/handover.ts';
import { loadStage } from './boot/verified-stage.ts';
import { programOsRows } from './firewall-rows.ts';
import { Monitor } from './monitor.ts';
import { SecureCallServer } from './secure-call-server.ts';
import { openSealedState } from './sealed-state.ts';
import { parseBuildTime } from './trusted-time.ts';

const stage: Stage<MonitorHandover> = (handover) => outcomeOf('monitor', () => boot(handover));
export default stage;

async function boot({ machine: whole, log: before, keystore, keystoreFiles }: MonitorHandover): Promise<BootOutcome> {
  const { machine, isOver } = untilReset(whole);
  const { chip } = machine;
  const keys = decodeTrustedKeystore(keystore);
  const state = openSealedState(chip);
  programOsRows(chip.firewall);
  const platformKeys = keys.filter(({ role }) => role === 'platform').map(({ publicKey }) => publicKey);
  const os = loadStage(chip, 'os', () => platformKeys);
  const osFiles = decodeFiles(os.image.files, 'os');
  const runners = { single: runnerOf(osFiles), group: osFiles.get(GROUP_RUNNER_FILE) };
  const buildTime = buildTimeOf(osFiles);
  const log = measured(machine, before, os.measurement);
  const monitor = new Monitor({
    machine,
    keys,
    state,
    log,
    runners,
    buildTime,
    keystoreFiles: decodeFiles(keystoreFiles, 'trustedKeystore'),
  });
  serve(machine, monitor, startOs(machine, os.image.component), isOver);
  return { ok: true };
}

/** Connects the secure calls. When the OS is gone, or breaks the framing of its channel, nothing on the device works: reset. */
function serve(machine: Machine, monitor: Monitor, os: OsProcess, isOver: () => boolean): void {
  const server = new SecureCallServer(monitor);
  const frames = new FrameStream(SECURE_FRAME_MAX_BYTES);
  monitor.onEnded((ended) => os.secureCalls.send(server.eventFrame(ended)));
  os.secureCalls.onBytes((chunk) => {
    try {
      for (const frame of frames.push(chunk)) {
        // A hostile OS writes more calls behind its `reset`: they would change the flash under the boot that follows.
        if (isOver()) return;
        os.secureCalls.send(server.answer(frame));
      }
    } catch (error) {
      if (!isCoded(error)) throw error;
      machine.reset({ why: 'secure-call-framing', detail: error.code });
    }
  });
  os.onEnd(({ lastWords }) => machine.reset({ why: 'os-ended', detail: lastWords }));
}

/** The machine as one boot may use it: it resets once, and whoever asked for that knows that its boot is over. */
function untilReset(machine: Machine): { readonly machine: Machine; readonly isOver: () => boolean } {
  let isOver = false;
  const reset = (cause: ResetCause): void => {
    if (isOver) return;
    isOver = true;
    machine.reset(cause);
  };
  return { machine: { ...machine, reset }, isOver: () => isOver };
}

function startOs({ launcher }: Machine, code: Uint8Array): OsProcess {
  try {
    return launcher.startOs({ name: 'os', code });
  } catch (cause) {
    throw new BootError('os-start-failed', 'os', cause instanceof Error ? cause.message : String(cause), cause);
  }
}

type Files = ReadonlyMap<string, Uint8Array>;

function runnerOf(files: Files): Uint8Array {
  const runner = files.get(RUNNER_FILE);
  if (runner === undefined) throw new BootError('os-runner-missing', 'os', `no ${RUNNER_FILE} in the image`);
  return runner;
}

/** Signed with the image: without it a device that has forgotten everything would believe a certificate of any year. */
function buildTimeOf(files: Files): number {
  const seconds = parseBuildTime(files.get(BUILD_TIME_FILE) ?? new Uint8Array(0));
  if (seconds === undefined)
    throw new BootError('os-build-time-missing', 'os', `no good ${BUILD_TIME_FILE} in the image`);
  return seconds;
}

function decodeFiles(files: Uint8Array, stage: 'os' | 'trustedKeystore'): Files {
  try {
    return decodeImageFiles(files);
  } catch (cause) {
    throw new BootError('stage-image-invalid', stage, 'its files cannot be read', cause);
  }
}
