// A bench for the secure world in memory: a chip, signed stages, a launcher that only notes what it was given. Never a real process.

import { BUILD_TIME_FILE, GROUP_RUNNER_FILE, PLATFORM_KEY_FILE, RUNNER_FILE } from '../../contracts/core/boot-files.ts';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concatBytes } from '../../contracts/core/bytes.ts';
import type { ClaimStatement } from '../../contracts/core/claim-statement.ts';
import { claimSignedBytes, encodeClaimStatement, withClaimSignature } from '../../contracts/core/claim-statement.ts';
import { encodeDeviceCapabilityBody, deviceCapabilitySigningBytes } from '../../contracts/core/device-capability.ts';
import type { DeviceCapability } from '../../contracts/core/device-capability.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import { FLASH_BLOCK_BYTES, FLASH_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { decodeImage, encodeImage, withSignatures } from '../../contracts/core/image.ts';
import type { ImageParts } from '../../contracts/core/image.ts';
import { encodeImageFiles } from '../../contracts/core/image-files.ts';
import type { SignerRole } from '../../contracts/core/image-signatures.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import { p256ScalarFrom, toLowS } from '../../contracts/core/p256.ts';
import { timeSignedBytes } from '../../contracts/core/signed-time.ts';
import type { TrustedKey } from '../../contracts/core/trusted-keystore.ts';
import { KEYSTORE_FILES, encodeTrustedKeystore } from '../../contracts/core/trusted-keystore.ts';
import { hostEntropy, nodeCrypto } from '../../runtime/adapters/node-crypto.ts';
import { writeImagePart } from '../../runtime/board/device-folder.ts';
import type { BootStep, GroupStraps, Machine, ResetCause } from '../../runtime/hil/chip.ts';
import type { Clock } from '../../runtime/hil/clock.ts';
import type {
  AppGroup,
  ByteChannel,
  CompartmentLimits,
  GroupPlan,
  OsProcess,
  ProcessEnd,
  Program,
} from '../../runtime/hil/launch.ts';
import type { Medium } from '../../runtime/hil/medium.ts';
import type { BootOutcome } from '../../runtime/monitor/boot/boot-error.ts';
import plutonStage from '../../runtime/monitor/pluton/stage.ts';
import { startRom } from '../../runtime/monitor/rom/rom.ts';
import monitorStage from '../../runtime/monitor/stage.ts';
import { decodeSecureReply, decodeSecureResult, encodeSecureRequest } from '../../runtime/monitor/abi/codec.ts';
import type { SecureRequest, SecureResults } from '../../runtime/monitor/abi/codec.ts';
import type { AppEnded } from '../../runtime/monitor/abi/records.ts';
import type { SecureCall, SecureCallError } from '../../runtime/monitor/abi/secure-call.ts';
import type { PackagedChip } from '../../runtime/soc/chip.ts';
import { resetChip } from '../../runtime/soc/chip.ts';
import { createCryptoBlock } from '../../runtime/soc/crypto-block.ts';
import { COUNTER_BYTES, DieCounter } from '../../runtime/soc/die-counter.ts';
import { FUSE_BYTES, createFuseBank } from '../../runtime/soc/fuse-bank.ts';
import { MemoryMedium } from '../../runtime/soc/memory-medium.ts';
import { NorFlash, norMediumBytes } from '../../runtime/soc/nor-flash.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);

/** A P-256 key that signs for the bench. */
export class BenchKey {
  readonly #privateKey: KeyObject;
  readonly publicKey: Uint8Array;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    this.publicKey = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-65));
  }

  get keyId(): Uint8Array {
    return sha256(this.publicKey);
  }

  sign(message: Uint8Array): Uint8Array {
    return toLowS(new Uint8Array(sign('sha256', message, { key: this.#privateKey, dsaEncoding: 'ieee-p1363' })));
  }
}

/** Who signs what on the bench. */
export interface BenchKeys {
  readonly platform: BenchKey;
  readonly service: BenchKey;
  readonly capability: BenchKey;
  readonly developer: BenchKey;
  readonly time: BenchKey;
  readonly claim: BenchKey;
  readonly publisher: BenchKey;
}

export function benchKeys(): BenchKeys {
  return {
    platform: new BenchKey(),
    service: new BenchKey(),
    capability: new BenchKey(),
    developer: new BenchKey(),
    time: new BenchKey(),
    claim: new BenchKey(),
    publisher: new BenchKey(),
  };
}

/** `publisher`: signs too, in the publisher's slot. */
export function signedImage(parts: ImageParts, role: SignerRole, key: BenchKey, publisher?: BenchKey): Uint8Array {
  const unsigned = encodeImage(parts, sha256);
  const { signedBytes } = decodeImage(unsigned, sha256);
  const slot = (by: BenchKey, as: SignerRole) =>
    ({ role: as, algorithm: 'ecdsa-p256-sha256', keyId: by.keyId, signature: by.sign(signedBytes) }) as const;
  const published = publisher === undefined ? [] : [slot(publisher, 'publisher')];
  return withSignatures(unsigned, encodeSignatures([slot(key, role), ...published]));
}

/** The digest that a package is measured as. */
export function signedDigest(image: Uint8Array): Uint8Array {
  return sha256(decodeImage(image, sha256).signedBytes);
}

/** The same content with a signature slot more, which nobody can check. */
export function withJunkSignature(image: Uint8Array): Uint8Array {
  const signature = new Uint8Array(3309).fill(7);
  const junk = { role: 'publisher', algorithm: 'ml-dsa-65', keyId: new Uint8Array(32), signature } as const;
  return withSignatures(image, encodeSignatures([...decodeImage(image, sha256).signatures, junk]));
}

export const COMPONENT = {
  pluton: '00000000-0000-4000-8000-000000000001' as ComponentId,
  keystore: '00000000-0000-4000-8000-000000000002' as ComponentId,
  monitor: '00000000-0000-4000-8000-000000000003' as ComponentId,
  os: '00000000-0000-4000-8000-000000000004' as ComponentId,
  app: '00000000-0000-4000-8000-00000000000a' as ComponentId,
  otherApp: '00000000-0000-4000-8000-00000000000b' as ComponentId,
} as const;
/** Whose devices and images those of the bench are. */
export const CATALOG = '00000000-0000-4000-8000-00000000ca7a' as ComponentId;
/** What the bench's OS image says of its making: 2026-01-01T00:00:00Z. */
export const BUILD_TIME = 1_767_225_600;
/** Of the bench's keystore image. */
export const TUF_ROOT = text('{"signed":{}}');
export const SERVICE_CA = Uint8Array.of(0x30, 0);
export const GROUP_RUNNER = new TextEncoder().encode('group runner');
export const RUNNER = text('export const runner = 1;');

export type BenchStage = 'plutonRuntime' | 'trustedKeystore' | 'monitor' | 'os';
export type StageParts = Readonly<Record<BenchStage, ImageParts>>;

export function benchKeystore(keys: BenchKeys): readonly TrustedKey[] {
  return [
    { role: 'platform', publicKey: keys.platform.publicKey },
    { role: 'serviceImage', publicKey: keys.service.publicKey },
    { role: 'deviceCapability', publicKey: keys.capability.publicKey },
    { role: 'time', publicKey: keys.time.publicKey },
    { role: 'deviceClaim', publicKey: keys.claim.publicKey },
  ];
}

/** What a good release is made of. A stage's code is its name: `enterStage` of the bench knows the rest. */
export function stageParts(keys: BenchKeys): StageParts {
  const keystore = encodeTrustedKeystore(benchKeystore(keys));
  const platformKey = encodeImageFiles(new Map([[PLATFORM_KEY_FILE, keys.platform.publicKey]]));
  const keystoreFiles = encodeImageFiles(
    new Map([
      [KEYSTORE_FILES.tufRoot, TUF_ROOT],
      [KEYSTORE_FILES.serviceCa, SERVICE_CA],
    ]),
  );
  const part = (kind: BenchStage, componentId: ComponentId, component: Uint8Array, files?: Uint8Array): ImageParts => {
    return { kind, rollbackIndex: 1, componentId, component, ...(files === undefined ? {} : { files }) };
  };
  return {
    plutonRuntime: part('plutonRuntime', COMPONENT.pluton, text('pluton'), platformKey),
    trustedKeystore: part('trustedKeystore', COMPONENT.keystore, keystore, keystoreFiles),
    monitor: part('monitor', COMPONENT.monitor, text('monitor')),
    os: part('os', COMPONENT.os, text('os'), osFiles()),
  };
}

/** The files of an OS image, with this text as its build time. */
export function osFiles(buildTime = String(BUILD_TIME)): Uint8Array {
  return encodeImageFiles(
    new Map([
      [RUNNER_FILE, RUNNER],
      [GROUP_RUNNER_FILE, GROUP_RUNNER],
      [BUILD_TIME_FILE, text(buildTime)],
    ]),
  );
}

export const FLASH_PART_OF = {
  plutonRuntime: 'plutonRuntime',
  trustedKeystore: 'trustedKeystore',
  monitor: 'monitor',
  os: 'osSlotA',
} as const;

export interface AppWish {
  readonly componentId?: ComponentId;
  readonly rollbackIndex?: number;
  readonly pins?: readonly number[];
  readonly memoryBytes?: number;
  readonly code?: string;
  readonly role?: SignerRole;
  /** Of `CATALOG`, if absent. */
  readonly catalogId?: ComponentId;
  /** Signs beside `key`. */
  readonly publisher?: BenchKey;
  readonly key: BenchKey;
}

export function appImage({
  componentId = COMPONENT.app,
  rollbackIndex = 1,
  pins = [],
  memoryBytes = 65536,
  code = 'app',
  role = 'service',
  catalogId = CATALOG,
  publisher,
  key,
}: AppWish): Uint8Array {
  const grantBytes = encodeGrants({ memoryBytes, gpioPins: pins });
  const component = text(code);
  return signedImage(
    { kind: 'application', rollbackIndex, componentId, catalogId, grantBytes, component, metadata: text('meta') },
    role,
    key,
    publisher,
  );
}

export function capabilityFile(capability: DeviceCapability, key: BenchKey): Uint8Array {
  const body = encodeDeviceCapabilityBody(capability);
  return concatBytes(body, key.keyId, key.sign(deviceCapabilitySigningBytes(body)));
}

export function claimStatement(statement: ClaimStatement, key: BenchKey): Uint8Array {
  const unsigned = encodeClaimStatement(statement);
  return withClaimSignature(unsigned, key.keyId, key.sign(claimSignedBytes(unsigned)));
}

/** A channel whose other end is the test. */
export class TestChannel implements ByteChannel {
  readonly sent: Uint8Array[] = [];
  #listener: (bytes: Uint8Array) => void = () => undefined;

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
  }

  /** Bytes from the test's end. */
  feed(bytes: Uint8Array): void {
    this.#listener(bytes);
  }
}

/** A started compartment, as the launcher was asked for it. */
export interface StartedCompartment {
  readonly program: Program;
  readonly context: number;
  readonly image: Uint8Array;
  readonly limits: CompartmentLimits;
  /** Ends it. */
  end(end: ProcessEnd): void;
}

/** A process for several apps, as the launcher was asked for it. */
export interface StartedGroup {
  readonly program: Program;
  readonly plan: GroupPlan;
  readonly limits: CompartmentLimits;
  /** Ends it, and all that is in it. */
  end(end: ProcessEnd): void;
  /** How often it was told to end; it does when the test says so. */
  killed: number;
}

const KILLED: ProcessEnd = { exitCode: undefined, signal: 'SIGKILL', lastWords: '' };

/** What is on the host's side of a device: media, keys, and what the device did. */
export class BootBench {
  readonly keys: BenchKeys;
  readonly flash: NorFlash;
  readonly parts;
  readonly steps: BootStep[] = [];
  readonly resets: ResetCause[] = [];
  /** Each of its own process, or in a group. */
  readonly compartments: StartedCompartment[] = [];
  readonly groups: StartedGroup[] = [];
  /** What the board's maker says of apps that share a process; read at power-on. */
  groupStraps: GroupStraps | undefined;
  readonly bank;
  osCode: Uint8Array | undefined;
  secureCalls = new TestChannel();
  packaged: PackagedChip | undefined;
  /** What the last boot's stages were given. */
  machine: Machine | undefined;
  refuseToLaunch = false;
  #endOs: (end: ProcessEnd) => void = () => undefined;
  #tag = 0;
  #nowNs = 0n;

  /** A manufactured device with `stages` in its flash. `wrap` puts something between the chip and its media, such as a power cut. */
  constructor(
    keys: BenchKeys,
    images: Partial<Record<BenchStage, Uint8Array>>,
    wrap: (medium: Medium) => Medium = (medium) => medium,
  ) {
    this.keys = keys;
    const raw = new MemoryMedium(norMediumBytes(FLASH_BYTES, FLASH_BLOCK_BYTES));
    const factoryFlash = new NorFlash(raw, FLASH_BYTES, FLASH_BLOCK_BYTES);
    for (const [stage, image] of Object.entries(images))
      writeImagePart(factoryFlash, FLASH_PART_OF[stage as BenchStage], image);
    this.bank = createFuseBank(new MemoryMedium(FUSE_BYTES));
    this.bank.programmer.writeIdentityKey(p256ScalarFrom(randomBytes(48)));
    this.bank.programmer.writeDeviceSecret(new Uint8Array(randomBytes(32)));
    this.bank.programmer.writePlatformKeyDigest(keys.platform.keyId);
    this.flash = new NorFlash(wrap(raw), FLASH_BYTES, FLASH_BLOCK_BYTES);
    const clock: Clock = { nowNs: () => (this.#nowNs += 1000n) };
    const counter = new DieCounter(wrap(new MemoryMedium(COUNTER_BYTES)));
    this.parts = {
      flash: this.flash,
      fuses: this.bank.fuses,
      counter,
      crypto: createCryptoBlock(this.bank.keyRows, nodeCrypto, hostEntropy),
      clock,
    };
  }

  get deviceId(): DeviceId {
    return deviceIdOf(this.parts.crypto.identityPublicKey(), (bytes) => this.parts.crypto.sha512(bytes));
  }

  /** Power on, to the end of the boot. */
  async boot(): Promise<BootOutcome> {
    this.packaged = resetChip(this.parts);
    this.secureCalls = new TestChannel();
    this.compartments.length = 0;
    const machine: Machine = {
      chip: this.packaged.chip,
      enterStage: (code, handover) => enterByName(code, handover),
      launcher: {
        startOs: (program) => this.#startOs(program),
        startCompartment: (...wish) => this.#startCompartment(...wish),
        startGroup: (...wish) => this.#startGroup(...wish),
      },
      straps: {
        board: 'bench',
        appMemoryLimitBytes: 256 * 1024,
        ...(this.groupStraps && { groups: this.groupStraps }),
      },
      reset: (cause) => void this.resets.push(cause),
      trace: (step) => void this.steps.push(step),
    };
    this.machine = machine;
    return startRom(machine, {
      romDigest: sha256(text('rom')),
      engine: { digest: sha256(text('engine')), version: 'v0' },
    });
  }

  /** Time passes on the chip's clock. */
  advance(seconds: number): void {
    this.#nowNs += BigInt(seconds) * 1_000_000_000n;
  }

  /** Puts another image of a stage on the flash; the next boot reads it. */
  writeStage(stage: BenchStage, image: Uint8Array): void {
    writeImagePart(this.flash, FLASH_PART_OF[stage], image);
  }

  /** Binds the device to `CATALOG`, with changes. */
  claim(changes: Partial<ClaimStatement> = {}, key = this.keys.claim): SecureResults['bindClaim'] | SecureCallError {
    const facts = { epoch: 1, deviceId: this.deviceId, catalogId: CATALOG, publisherKeyId: undefined, ...changes };
    return this.call({ call: 'bindClaim', statement: claimStatement(facts, key) });
  }

  /** Asks for the time and answers as the service does. */
  setTime(seconds: number, key = this.keys.time): SecureResults['setTime'] | SecureCallError {
    const nonce = this.call({ call: 'timeNonce' });
    if (typeof nonce === 'string') return nonce;
    return this.call({ call: 'setTime', nonce, seconds, signature: key.sign(timeSignedBytes(nonce, seconds)) });
  }

  /** Ends the OS process. */
  endOs(): void {
    this.#endOs(KILLED);
  }

  /** A secure call of the OS; a refusal is its code. */
  call<Call extends SecureCall>(
    request: SecureRequest & { readonly call: Call },
  ): SecureResults[Call] | SecureCallError {
    const before = this.secureCalls.sent.length;
    this.secureCalls.feed(encodeSecureRequest(++this.#tag, request));
    const replies = this.secureCalls.sent.slice(before).map((frame) => decodeSecureReply(frame.subarray(4)));
    const reply = replies.find(({ kind }) => kind === 'reply');
    if (reply?.kind !== 'reply') throw new Error('the monitor did not answer');
    return reply.ok ? decodeSecureResult(request.call, reply.body) : reply.error;
  }

  /** Stages and installs; the record, or the code of the refusal. */
  install(image: Uint8Array): SecureResults['stageInstall'] | SecureCallError {
    this.call({ call: 'stageBegin', length: image.length });
    for (let offset = 0; offset < image.length; offset += 32768) {
      this.call({ call: 'stageWrite', offset, bytes: image.subarray(offset, offset + 32768) });
    }
    return this.call({ call: 'stageInstall' });
  }

  /** The `ended` events so far. */
  ended(): readonly AppEnded[] {
    return this.secureCalls.sent.flatMap((frame) => {
      const reply = decodeSecureReply(frame.subarray(4));
      return reply.kind === 'ended' ? [reply.ended] : [];
    });
  }

  /** Flips one bit on the flash, as an attacker with a programmer does. */
  flipBit(offset: number): void {
    const block = Math.floor(offset / FLASH_BLOCK_BYTES) * FLASH_BLOCK_BYTES;
    const bytes = this.flash.read(block, FLASH_BLOCK_BYTES);
    bytes[offset - block] = (bytes[offset - block] ?? 0) ^ 1;
    this.flash.eraseBlock(block);
    this.flash.program(block, bytes);
  }

  #startOs(program: Program): OsProcess {
    this.osCode = program.code;
    const onEnd = (listener: (end: ProcessEnd) => void): void => void (this.#endOs = listener);
    const radio = noRadio();
    return {
      pid: 1,
      usage: () => undefined,
      kill: () => undefined,
      onEnd,
      bus: new TestChannel(),
      secureCalls: this.secureCalls,
      radio,
    };
  }

  #startGroup(program: Program, plan: GroupPlan, limits: CompartmentLimits): AppGroup {
    if (this.refuseToLaunch) throw new Error('no more processes');
    const listeners: ((end: ProcessEnd) => void)[] = [];
    const apps = new Map<number, (end: ProcessEnd) => void>();
    const end = (how: ProcessEnd): void => {
      for (const [context, tell] of [...apps]) {
        apps.delete(context);
        tell(how);
      }
      for (const listener of listeners) listener(how);
    };
    const group = { program, plan, limits, end, killed: 0 };
    this.groups.push(group);
    return {
      pid: 200 + this.groups.length,
      usage: () => undefined,
      kill: () => void group.killed++,
      onEnd: (listener) => void listeners.push(listener),
      startApp: (context, image) => {
        const told: ((how: ProcessEnd) => void)[] = [];
        const appEnds = (how: ProcessEnd): void => told.forEach((listener) => listener(how));
        apps.set(context, appEnds);
        const leave = (how: ProcessEnd): void => {
          apps.delete(context);
          appEnds(how);
        };
        this.compartments.push({ program, context, image, limits, end: leave });
        return { kill: () => leave(KILLED), onEnd: (listener) => void told.push(listener) };
      },
    };
  }

  #startCompartment(program: Program, context: number, image: Uint8Array, limits: CompartmentLimits) {
    if (this.refuseToLaunch) throw new Error('no more processes');
    const listeners: ((end: ProcessEnd) => void)[] = [];
    const end = (how: ProcessEnd): void => listeners.forEach((listener) => listener(how));
    this.compartments.push({ program, context, image, limits, end });
    return {
      pid: 100 + context,
      usage: () => undefined,
      kill: () => end(KILLED),
      onEnd: (listener: (end: ProcessEnd) => void) => void listeners.push(listener),
    };
  }
}

/** Where the applications lie on the flash. */
export const APPLICATIONS = FLASH_PART.applications.offset;

/** Signs a whole release with the platform key. */
export function signedStages(parts: StageParts, key: BenchKey): Record<BenchStage, Uint8Array> {
  const sign = (stage: BenchStage): Uint8Array => signedImage(parts[stage], 'platform', key);
  return {
    plutonRuntime: sign('plutonRuntime'),
    trustedKeystore: sign('trustedKeystore'),
    monitor: sign('monitor'),
    os: sign('os'),
  };
}

async function enterByName(code: Uint8Array, handover: unknown): Promise<unknown> {
  const name = new TextDecoder().decode(code);
  if (name === 'pluton') return plutonStage(handover as Parameters<typeof plutonStage>[0]);
  if (name === 'monitor') return monitorStage(handover as Parameters<typeof monitorStage>[0]);
  throw new SyntaxError(`${name} is no code of the bench`);
}

/** The radio of an OS that never uses it. */
function noRadio(): OsProcess['radio'] {
  const nothing = (): void => undefined;
  return {
    send: () => true,
    onRoom: nothing,
    onBytes: nothing,
    pause: nothing,
    resume: nothing,
    onClosed: nothing,
    close: nothing,
  };
}
