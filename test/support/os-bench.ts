// The OS on the real monitor and the real chip, all in one process: the test is the host at the cable and the app in its pipe.

import { componentIdToBytes } from '../../contracts/core/ids.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import type { SignerRole } from '../../contracts/core/image-signatures.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { DEVICE_LINK_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { DeviceEvent, LinkMethod, LinkReply } from '../../contracts/wire/device-link.ts';
import { decodeLinkFrame, encodeLinkFrame } from '../../contracts/wire/device-link.ts';
import { encodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import { nodeCrypto } from '../../runtime/adapters/node-crypto.ts';
import type { ByteChannel } from '../../runtime/hil/launch.ts';
import { NO_AIR } from '../../runtime/os/network/air-link.ts';
import type { RunningOs } from '../../runtime/os/os.ts';
import { startOs } from '../../runtime/os/os.ts';
import { connectBusPort } from '../../runtime/soc/bus-port.ts';
import type { PackagedChip } from '../../runtime/soc/chip.ts';
import type { BenchKey, BenchKeys } from './boot-bench.ts';
import { BootBench, CATALOG, benchKeys, capabilityFile, signedImage, signedStages, stageParts } from './boot-bench.ts';
import { channelPair } from './channel-pair.ts';
import { FakeService, fakeKeys } from './fake-service.ts';
import { NotedPipe } from './scripted-monitor.ts';
import { VirtualTime, settled } from './virtual-time.ts';

export interface PackageWish {
  readonly componentId: ComponentId;
  readonly name?: string;
  /** What the manifest asks for. */
  readonly manifestPins?: readonly number[];
  /** What the image grants; the manifest's, if absent. */
  readonly grantedPins?: readonly number[];
  readonly rollbackIndex?: number;
  /** Whose the manifest says it is; the image's, if absent. */
  readonly manifestOf?: ComponentId;
  readonly key: BenchKey;
  /** Whose slot the signature is in; the service's, if absent. */
  readonly role?: SignerRole;
}

/** A whole application package with a manifest, as the toolchain makes it, signed. */
export function applicationPackage({
  componentId,
  name = 'Blink',
  manifestPins = [],
  grantedPins = manifestPins,
  rollbackIndex = 1,
  manifestOf = componentId,
  key,
  role = 'service',
}: PackageWish): Uint8Array {
  const capabilities = manifestPins.length === 0 ? {} : { Gpio: manifestPins };
  const manifest = {
    SchemaVersion: 1,
    Name: name,
    ComponentId: manifestOf,
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: capabilities,
    ApplicationType: 'Default',
  };
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  return signedImage(
    {
      kind: 'application',
      rollbackIndex,
      componentId,
      catalogId: CATALOG,
      grantBytes: encodeGrants({ memoryBytes: 65536, gpioPins: grantedPins }),
      metadata: encodeImageMetadata({ name, version: '1.2.3', language: 'c', hardware: '' }),
      manifest: text(JSON.stringify(manifest)),
      component: componentIdToBytes(componentId),
    },
    role,
    key,
  );
}

/** A computer at the service cable. */
export class BenchHost {
  readonly events: DeviceEvent[] = [];
  readonly replies: LinkReply[] = [];
  readonly #serial: PackagedChip['serial'];
  readonly #frames = new FrameStream(DEVICE_LINK_FRAME_MAX_BYTES);
  #lastId = 0;

  /** Plugs the cable in. */
  constructor(serial: PackagedChip['serial']) {
    this.#serial = serial;
    serial.onTransmit((bytes) => this.#receive(bytes));
    serial.attached();
  }

  /** The result, or the refusal's code. */
  async request(method: LinkMethod, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#lastId;
    this.sendBytes(encodeLinkFrame({ id, method, params }));
    for (let turn = 0; turn < 200; turn++) {
      const reply = this.replies.find((candidate) => candidate.id === id);
      if (reply !== undefined) return reply.ok ? reply.result : reply.error.code;
      await settled();
    }
    return 'no answer';
  }

  sendBytes(bytes: Uint8Array): void {
    this.#serial.receive(bytes);
  }

  /** Stages and installs; the result or the first refusal's code. */
  async install(image: Uint8Array, start = true): Promise<unknown> {
    const begun = await this.request('image.begin', { length: image.length });
    if (typeof begun === 'string') return begun;
    const written = await this.request('image.write', { offset: 0, bytes: image });
    return typeof written === 'string' ? written : this.request('image.install', { start });
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#frames.push(bytes)) {
      const message = decodeLinkFrame(frame);
      if ('event' in message) this.events.push(message.event);
      else if ('ok' in message) this.replies.push(message);
    }
  }
}

export interface OsBench {
  readonly boot: BootBench;
  readonly os: RunningOs;
  readonly time: VirtualTime;
  /** What the device finds where it is told to look: honest, and believed by its keystore. */
  readonly service: FakeService;
  readonly serial: PackagedChip['serial'];
  readonly pins: PackagedChip['pins'];
  readonly reports: unknown[];
  readonly keys: BenchKeys;
  readonly deviceId: DeviceId;
  readonly pipe: (context: number) => NotedPipe;
  /** A device capability file for this device. */
  readonly capability: (serial?: bigint) => Uint8Array;
}

const KEYS = benchKeys();
const STAGES = signedStages(stageParts(KEYS), KEYS.platform);

/** Boots, with `images` installed before, and starts the OS. */
export async function osBench({ images = [] as readonly Uint8Array[] } = {}): Promise<OsBench> {
  const boot = new BootBench(KEYS, STAGES);
  const outcome = await boot.boot();
  if (!outcome.ok || boot.packaged === undefined) throw new Error('the bench does not boot');
  boot.claim();
  for (const image of images) boot.install(image);
  const { chip, serial, pins } = boot.packaged;
  const time = new VirtualTime();
  const pipes = new Map([1, 2, 3, 4, 5, 6, 7].map((context) => [context, new NotedPipe()]));
  const [osBus, chipBus] = channelPair();
  connectBusPort(chip.bus, 'a7Normal', chipBus, () => undefined);
  const reports: unknown[] = [];
  const service = new FakeService(time, (message) => KEYS.time.sign(message));
  const os = await startOs({
    bus: osBus,
    secureCalls: monitorChannel(boot),
    pipeOf: (context) => pipes.get(context),
    clock: time,
    soon: (work) => void setImmediate(work),
    sha256: (bytes) => nodeCrypto.sha256(bytes),
    network: service,
    air: NO_AIR,
    keys: fakeKeys(),
    report: (error) => reports.push(error),
  });
  const { deviceId } = boot;
  return {
    boot,
    os,
    time,
    service,
    serial,
    pins,
    reports,
    keys: KEYS,
    deviceId,
    pipe: (context) => pipes.get(context) ?? new NotedPipe(),
    capability: (capabilitySerial = 1n) =>
      capabilityFile(
        { serial: capabilitySerial, rights: ['appDevelopment'], deviceId, developmentKey: KEYS.developer.publicKey },
        KEYS.capability,
      ),
  };
}

/** The OS's end of the bench's secure-call channel. */
function monitorChannel({ secureCalls }: BootBench): ByteChannel {
  const [osEnd, monitorEnd] = channelPair();
  monitorEnd.onBytes((bytes) => secureCalls.feed(bytes));
  secureCalls.send = (bytes) => monitorEnd.send(bytes);
  return osEnd;
}
