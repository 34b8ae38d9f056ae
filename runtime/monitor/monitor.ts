// The monitor at work: what the OS may ask of it, one method per secure call. It holds the chip; nothing it returns does.

import { CONTEXTS } from '../../contracts/core/chip.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import type { ImagePackage } from '../../contracts/core/image.ts';
import type { Measurement } from '../../contracts/core/measurement.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import type { TrustedKey } from '../../contracts/core/trusted-keystore.ts';
import type { Machine } from '../hil/chip.ts';
import type { ImageSection } from './abi/codec.ts';
import type {
  AppEnded,
  CapabilityFacts,
  DeviceFacts,
  FirewallFacts,
  ImageRecord,
  LaunchedApp,
  ViolationList,
} from './abi/records.ts';
import { AppStore } from './app-store.ts';
import { raiseRollbackFloors } from './boot/rollback-floors.ts';
import { CallRefusal } from './call-refusal.ts';
import { CapabilitySlot } from './capability-slot.ts';
import { Compartments } from './compartments.ts';
import { ImageStaging } from './image-staging.ts';
import type { SealedState } from './sealed-state.ts';
import type { AppEntry } from './state-record.ts';
import { TrustPolicy } from './trust-policy.ts';

export interface MonitorParts {
  readonly machine: Machine;
  readonly keys: readonly TrustedKey[];
  readonly state: SealedState;
  /** The log up to the OS. */
  readonly log: readonly Measurement[];
  /** The compartments' module. */
  readonly runner: Uint8Array;
}

/** Lines of the measurement log; another image than those needs a reset first, so that evidence never leaves one out. */
export const LOG_MAX_LINES = 512;

export class Monitor {
  readonly #machine: Machine;
  readonly #deviceId: DeviceId;
  readonly #policy: TrustPolicy;
  readonly #slot: CapabilitySlot;
  readonly #store: AppStore;
  readonly #staging = new ImageStaging();
  readonly #compartments: Compartments;
  #log: readonly Measurement[];
  #endedListener: (ended: AppEnded) => void = () => undefined;

  constructor({ machine, keys, state, log, runner }: MonitorParts) {
    const { crypto } = machine.chip;
    this.#machine = machine;
    this.#log = log;
    this.#deviceId = deviceIdOf(crypto.identityPublicKey(), (bytes) => crypto.sha512(bytes));
    this.#policy = new TrustPolicy(keys, machine.chip, machine.straps.appMemoryLimitBytes);
    this.#slot = new CapabilitySlot(state, this.#policy, this.#deviceId);
    this.#store = new AppStore(machine.chip, state);
    this.#compartments = new Compartments(machine, runner, (ended) => this.#endedListener(ended));
  }

  onEnded(listener: (ended: AppEnded) => void): void {
    this.#endedListener = listener;
  }

  /** The OS's first call: a release that got this far has booted, so from now on no older one does. */
  describe(): DeviceFacts {
    const { chip, straps } = this.#machine;
    raiseRollbackFloors(chip.fuses, this.#log);
    return {
      deviceId: this.#deviceId,
      lifecycle: chip.fuses.lifecycle(),
      contexts: CONTEXTS,
      applicationsBytes: FLASH_PART.applications.size,
      memoryLimitBytes: straps.appMemoryLimitBytes,
      board: straps.board,
    };
  }

  measurements(): readonly Measurement[] {
    return this.#log;
  }

  stageBegin(length: number): void {
    this.#staging.begin(length);
  }

  stageWrite(offset: number, bytes: Uint8Array): void {
    this.#staging.write(offset, bytes);
  }

  /** Errors: those of `TrustPolicy.check` and `AppStore.install`, `image-running`. */
  stageInstall(): ImageRecord {
    const bytes = this.#staging.take();
    const application = this.#policy.check(bytes, this.#slot.inForce);
    this.#refuseRunning(application.image.componentId);
    return this.#recordOf(this.#store.install(application, bytes));
  }

  listImages(): readonly ImageRecord[] {
    return this.#store.list().map((entry) => this.#recordOf(entry));
  }

  /** Errors: `image-unknown`, `image-running`. */
  removeImage(componentId: ComponentId): void {
    this.#refuseRunning(componentId);
    this.#store.remove(componentId);
  }

  /** Fewer bytes at the end of the section. Errors: `image-unknown`, `image-invalid`. */
  readImage(componentId: ComponentId, section: ImageSection, offset: number, length: number): Uint8Array {
    const bytes = this.#store.read(this.#store.entry(componentId));
    const whole = section === 'package' ? bytes : this.#policy.decode(bytes)[section];
    return whole.slice(offset, offset + length);
  }

  /**
   * From flash to a running compartment, on one reading of the flash: what is checked here is what runs.
   * Errors: `image-unknown`, `image-running`, `image-rolled-back`, `no-free-context`, `launch-failed`, and `TrustPolicy.check`'s.
   */
  launch(componentId: ComponentId): LaunchedApp {
    const entry = this.#store.entry(componentId);
    this.#refuseRunning(componentId);
    const bytes = this.#store.read(entry);
    // Trust is decided again: the capability that let a development image in may be gone.
    const application = this.#policy.check(bytes, this.#slot.inForce);
    this.#store.checkRollback(componentId, application.image.rollbackIndex);
    const context = this.#compartments.freeContext();
    this.#measure(application.image);
    return this.#compartments.start(application, bytes, context);
  }

  /** Errors: `context-not-running`. */
  stop(context: number): void {
    this.#compartments.stop(context);
  }

  /** Errors: `CapabilitySlot.apply`'s. */
  applyCapability(file: Uint8Array): void {
    this.#slot.apply(file);
    this.#stopUntrusted();
  }

  capability(): CapabilityFacts | undefined {
    const capability = this.#slot.inForce;
    return capability === undefined ? undefined : { rights: capability.rights, serial: capability.serial };
  }

  removeCapability(): void {
    this.#slot.remove();
    this.#stopUntrusted();
  }

  firewall(): FirewallFacts {
    const { firewall } = this.#machine.chip;
    return { rows: firewall.rows(), violations: firewall.violations().total };
  }

  /** From number `first` on, as far as they are still kept. */
  violations(first: number): ViolationList {
    const { total, recent } = this.#machine.chip.firewall.violations();
    const oldest = total - recent.length;
    return { total, records: recent.slice(Math.max(0, first - oldest)) };
  }

  reset(): void {
    this.#machine.reset({ why: 'requested', detail: '' });
  }

  /** Before the app runs. The same content launched again is in the log already: it says what was let run, not how often. */
  #measure({ componentId, signedBytes, rollbackIndex }: ImagePackage): void {
    const digest = this.#machine.chip.crypto.sha256(signedBytes);
    if (this.#log.some((line) => line.stage === 'app' && sameBytes(line.digest, digest))) return;
    if (this.#log.length >= LOG_MAX_LINES)
      throw new CallRefusal('launch-failed', 'the measurement log is full until the next reset');
    this.#log = [...this.#log, { stage: 'app', digest, rollbackIndex, name: componentId }];
  }

  #refuseRunning(componentId: ComponentId): void {
    if (this.#compartments.isRunning(componentId)) throw new CallRefusal('image-running', `${componentId} is running`);
  }

  /** Development images end with the capability that let them run. */
  #stopUntrusted(): void {
    const capability = this.#slot.inForce;
    for (const { context, application } of this.#compartments.running()) {
      if (this.#policy.trustOf(application.image, capability) === undefined) this.#compartments.stop(context);
    }
  }

  #recordOf({ componentId, imageId, rollbackIndex, length, trust }: AppEntry): ImageRecord {
    return {
      componentId,
      imageId,
      rollbackIndex,
      packageBytes: length,
      trust,
      running: this.#compartments.isRunning(componentId),
    };
  }
}
