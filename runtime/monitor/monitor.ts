// The monitor at work: what the OS may ask of it, one method per secure call. It holds the chip; nothing it returns does.

import { CONTEXTS } from '../../contracts/core/chip.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { MEASUREMENT_LOG_MAX_LINES } from '../../contracts/core/limits.ts';
import type { Measurement } from '../../contracts/core/measurement.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import type { TrustedKey } from '../../contracts/core/trusted-keystore.ts';
import { KEYSTORE_FILES } from '../../contracts/core/trusted-keystore.ts';
import type { Machine } from '../hil/chip.ts';
import type { ImageSection, KeystoreFileName } from './abi/codec.ts';
import type {
  AppEnded,
  CapabilityFacts,
  DeviceFacts,
  FirewallFacts,
  ImageRecord,
  LaunchedApp,
  ViolationList,
} from './abi/records.ts';
import type { Attestation, ClaimFacts, TrustedTimeFacts } from './abi/service-records.ts';
import { AppStore } from './app-store.ts';
import { Attester } from './attester.ts';
import type { MeasuredLine } from './boot/measured-line.ts';
import { raiseRollbackFloors } from './boot/rollback-floors.ts';
import { CallRefusal } from './call-refusal.ts';
import { CapabilitySlot } from './capability-slot.ts';
import { ClaimSlot } from './claim-slot.ts';
import type { RunnerModules } from './compartments.ts';
import { Compartments } from './compartments.ts';
import { ImageStaging } from './image-staging.ts';
import { OsRecordStore } from './os-record-store.ts';
import type { SealedState } from './sealed-state.ts';
import type { AppEntry } from './state-record.ts';
import type { UsageFacts } from './abi/usage-facts.ts';
import type { StoragePart } from './storage-store.ts';
import { StorageStore } from './storage-store.ts';
import type { Standing, TrustedApplication } from './trust-policy.ts';
import { TrustPolicy } from './trust-policy.ts';
import { TrustedTime } from './trusted-time.ts';

export interface MonitorParts {
  readonly machine: Machine;
  readonly keys: readonly TrustedKey[];
  readonly state: SealedState;
  /** The log up to the OS. */
  readonly log: readonly MeasuredLine[];
  /** Files of the verified keystore image, by path. */
  readonly keystoreFiles: ReadonlyMap<string, Uint8Array>;
  /** Of the OS image that runs, seconds since 1970. */
  readonly buildTime: number;
  readonly runners: RunnerModules;
}

export class Monitor {
  readonly #machine: Machine;
  readonly #deviceId: DeviceId;
  readonly #policy: TrustPolicy;
  readonly #slot: CapabilitySlot;
  readonly #claim: ClaimSlot;
  readonly #time: TrustedTime;
  readonly #attester: Attester;
  readonly #records: OsRecordStore;
  readonly #storages: StorageStore;
  readonly #keystoreFiles: ReadonlyMap<string, Uint8Array>;
  readonly #store: AppStore;
  readonly #staging = new ImageStaging();
  readonly #compartments: Compartments;
  #log: readonly MeasuredLine[];
  #endedListener: (ended: AppEnded) => void = () => undefined;

  constructor({ machine, keys, state, log, runners, keystoreFiles, buildTime }: MonitorParts) {
    const { chip } = machine;
    const { crypto } = chip;
    this.#machine = machine;
    this.#keystoreFiles = keystoreFiles;
    this.#log = log;
    this.#deviceId = deviceIdOf(crypto.identityPublicKey(), (bytes) => crypto.sha512(bytes));
    this.#policy = new TrustPolicy(keys, chip, machine.straps.appMemoryLimitBytes);
    this.#slot = new CapabilitySlot(state, this.#policy, this.#deviceId);
    this.#claim = new ClaimSlot(state, this.#policy, this.#deviceId);
    this.#time = new TrustedTime(chip, state, this.#policy, buildTime);
    this.#attester = new Attester(machine, state);
    this.#records = new OsRecordStore(chip, state);
    this.#storages = new StorageStore(chip, state);
    this.#store = new AppStore(chip, state);
    this.#compartments = new Compartments(machine, runners, (ended) => this.#endedListener(ended));
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

  /**
   * Also over a version that runs: its process has its bytes and goes on until it is stopped; from then on `launch` starts the
   * new one. Errors: those of `TrustPolicy.check` and `AppStore.install`.
   */
  stageInstall(): ImageRecord {
    const bytes = this.#staging.take();
    const application = this.#policy.check(bytes, this.#standing);
    return this.#recordOf(this.#store.install(application, bytes));
  }

  listImages(): readonly ImageRecord[] {
    return this.#store.list().map((entry) => this.#recordOf(entry));
  }

  /** Errors: `image-unknown`, `image-running`. */
  removeImage(componentId: ComponentId): void {
    this.#refuseRunning(componentId);
    this.#storages.clearing(componentId, () => this.#store.remove(componentId));
  }

  /** Fewer bytes at the end of the section. Errors: `image-unknown`, `image-invalid`. */
  readImage(componentId: ComponentId, section: ImageSection, offset: number, length: number): Uint8Array {
    const bytes = this.#store.read(this.#store.entry(componentId));
    const whole = section === 'package' ? bytes : this.#policy.decode(bytes)[section];
    return whole.slice(offset, offset + length);
  }

  /**
   * From flash to a running compartment, on one reading of the flash: what is checked here is what runs.
   * Errors: `image-unknown`, `image-running`, `image-rolled-back`, `resource-in-use`, `no-free-context`, `placement-not-accepted`,
   * `launch-failed`, and
   * `TrustPolicy.check`'s.
   */
  launch(componentId: ComponentId): LaunchedApp {
    const entry = this.#store.entry(componentId);
    this.#refuseRunning(componentId);
    const bytes = this.#store.read(entry);
    // Trust is decided again: the capability that let a development image in may be gone.
    const application = this.#policy.check(bytes, this.#standing);
    this.#store.checkRollback(componentId, application.image.rollbackIndex);
    this.#refuseHeldPins(application.grants);
    const place = this.#compartments.freePlace(application);
    this.#measure(application);
    return this.#compartments.start(application, bytes, place);
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

  /** Errors: `context-not-running`. */
  usage(context: number): UsageFacts {
    return this.#compartments.usage(context);
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

  /** Evidence over a nonce of 32, 48 or 64 bytes. Errors: those of `Attester.attest`. */
  attest(nonce: Uint8Array, keys: boolean): Attestation {
    return this.#attester.attest(nonce, keys, this.#log, this.#slot.hadDevelopment);
  }

  timeNonce(): Uint8Array {
    return this.#time.nonce();
  }

  /** Errors: `TrustedTime.set`'s. */
  setTime(nonce: Uint8Array, seconds: number, signature: Uint8Array): void {
    this.#time.set(nonce, seconds, signature);
  }

  trustedTime(): TrustedTimeFacts {
    return this.#time.read();
  }

  /** Errors: `ClaimSlot.bind`'s. */
  bindClaim(statement: Uint8Array): void {
    this.#claim.bind(statement);
  }

  claim(): ClaimFacts | undefined {
    return this.#claim.current;
  }

  /** Errors: `record-lost`. */
  readRecord(record: OsRecordName): Uint8Array | undefined {
    return this.#records.read(record);
  }

  /** Errors: `OsRecordStore.write`'s. */
  writeRecord(record: OsRecordName, bytes: Uint8Array): void {
    this.#records.write(record, bytes);
  }

  /** Errors: `StorageStore.read`'s. */
  readStorage(componentId: ComponentId, offset: number, length: number): Uint8Array {
    this.#store.entry(componentId);
    return this.#storages.read(componentId, this.#epoch).slice(offset, offset + length);
  }

  /** Errors: `image-unknown`, `StorageStore.write`'s. */
  writeStorage({ componentId, ...part }: { readonly componentId: ComponentId } & StoragePart): void {
    this.#store.entry(componentId);
    this.#storages.write(componentId, this.#epoch, part);
  }

  random(length: number): Uint8Array {
    return this.#machine.chip.crypto.random(length);
  }

  /** Out of the image that the boot verified, never from flash again. Errors: `internal` when the image has no such file. */
  keystoreFile(file: KeystoreFileName): Uint8Array {
    const bytes = this.#keystoreFiles.get(KEYSTORE_FILES[file]);
    if (bytes === undefined) throw new CallRefusal('internal', `the keystore image has no ${KEYSTORE_FILES[file]}`);
    return bytes;
  }

  reset(): void {
    this.#machine.reset({ why: 'requested', detail: '' });
  }

  /** Before the app runs. The same content launched again is in the log already: it says what was let run, not how often. */
  #measure({ image, signerId }: TrustedApplication): void {
    const { componentId, signedBytes, rollbackIndex } = image;
    const digest = this.#machine.chip.crypto.sha256(signedBytes);
    const isSame = (line: MeasuredLine): boolean =>
      line.stage === 'app' && sameBytes(line.digest, digest) && sameBytes(line.signerId ?? digest, signerId);
    if (this.#log.some(isSame)) return;
    // Evidence never leaves a line out, so there are no more of them than it holds.
    if (this.#log.length >= MEASUREMENT_LOG_MAX_LINES)
      throw new CallRefusal('launch-failed', 'the measurement log is full until the next reset');
    this.#log = [...this.#log, { stage: 'app', digest, rollbackIndex, name: componentId, signerId }];
  }

  /** 0 while the device is nobody's: the first claim takes what was kept before it away. */
  get #epoch(): number {
    return this.#claim.current?.epoch ?? 0;
  }

  get #standing(): Standing {
    return { capability: this.#slot.inForce, claim: this.#claim.current };
  }

  /** An installed image may have grants of pins that the version before another, still running, has. No pin has two drivers. */
  #refuseHeldPins({ gpioPins }: Grants): void {
    for (const { application } of this.#compartments.running()) {
      const pin = gpioPins.find((wanted) => application.grants.gpioPins.includes(wanted));
      if (pin !== undefined)
        throw new CallRefusal('resource-in-use', `gpio ${pin} is held by ${application.image.componentId}`);
    }
  }

  #refuseRunning(componentId: ComponentId): void {
    if (this.#compartments.isRunning(componentId)) throw new CallRefusal('image-running', `${componentId} is running`);
  }

  /** Development images end with the capability that let them run. */
  #stopUntrusted(): void {
    const standing = this.#standing;
    for (const { context, application } of this.#compartments.running()) {
      if (!this.#policy.judge(application.image, standing).ok) this.#compartments.stop(context);
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
