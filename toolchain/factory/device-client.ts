// What an attached computer can ask of a device, by name. Never decides what is allowed: the device does.

import { decodeDeviceCapability } from '../../contracts/core/device-capability.ts';
import type { CrashRecord } from '../../contracts/wire/crash-record.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type {
  LinkMethod,
  AppMemoryStats,
  AppStatus,
  DeviceDescription,
  DeviceEvent,
  FirewallDescription,
  InstalledImage,
  ServiceStatus,
  TargetedImages,
  UpdateOutcome,
} from '../../contracts/wire/device-link.ts';
import { DeviceLink } from './device-link.ts';
import {
  appMemoryStats,
  appStatus,
  crash,
  deviceDescription,
  deviceEvent,
  evidenceToken,
  firewallDescription,
  installedImage,
  serviceStatus,
  targetedImages,
  updateOutcome,
} from './device-shapes.ts';
import type { Shape } from './shape.ts';
import { list, number, record } from './shape.ts';
import { connectCable } from './socket-address.ts';

/** Small enough for the FIFO of the UART, and for the monitor's own pieces of 32 KiB. */
const SIDELOAD_CHUNK_BYTES = 16 * 1024;
/**
 * What takes longer than an answer off hand: the monitor verifies and burns a whole image; the service answers three requests, each
 * of which may time out on its own; an update is metadata, images and their installation.
 */
const TIMEOUT_MS: Readonly<Partial<Record<LinkMethod, number>>> = {
  'image.install': 60_000,
  'service.attest': 180_000,
  'update.check': 600_000,
};
/** Of a relayed request: a little over the 30 s of the tool that asked. */
const RELAY_TIMEOUT_MS = 60_000;

const nothing = record<object>({});
const oneImage = record<{ image: InstalledImage }>({ image: installedImage });
const oneToken = record<{ evidence: Uint8Array }>({ evidence: evidenceToken });
const oneApp = record<{ app: AppStatus }>({ app: appStatus });

export interface SideloadOptions {
  /** Start the app when it is installed; default true. */
  readonly start?: boolean;
  /** Told after every piece. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** All methods: errors of `DeviceLink.request`. */
export class DeviceClient {
  readonly #link: DeviceLink;

  constructor(link: DeviceLink) {
    this.#link = link;
  }

  /** Resolves when the cable is gone. */
  get closed(): Promise<Error> {
    return this.#link.closed;
  }

  show(): Promise<DeviceDescription> {
    return this.#link.request('device.show', {}, deviceDescription);
  }

  firewall(): Promise<FirewallDescription> {
    return this.#link.request('firewall.show', {}, firewallDescription);
  }

  /** Hands the device a capability file of 256 bytes. Also: `DeviceCapabilityErrorCode`, before anything is sent. */
  async applyCapability(file: Uint8Array): Promise<void> {
    decodeDeviceCapability(file);
    await this.#link.request('capability.apply', { file }, nothing);
  }

  async removeCapability(): Promise<void> {
    await this.#link.request('capability.remove', {}, nothing);
  }

  /** The audit trail, oldest first; `dropped` counts those that had to make room. */
  audit(): Promise<{ events: readonly DeviceEvent[]; dropped: number }> {
    return this.#link.request('audit.list', {}, record({ events: list(deviceEvent), dropped: number }));
  }

  /** From now on the listener hears every event; the returned function ends that. */
  async events(listener: (event: DeviceEvent) => void): Promise<() => void> {
    const stop = this.#link.onEvent(listener);
    try {
      await this.#link.request('events.subscribe', {}, nothing);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  async images(): Promise<readonly InstalledImage[]> {
    const { images } = await this.#link.request('image.list', {}, record({ images: list(installedImage) }));
    return images;
  }

  /** Installs a signed image package, in pieces. */
  async sideload(packageBytes: Uint8Array, options: SideloadOptions = {}): Promise<InstalledImage> {
    await this.#link.request('image.begin', { length: packageBytes.length }, nothing);
    for (let offset = 0; offset < packageBytes.length; offset += SIDELOAD_CHUNK_BYTES) {
      const bytes = packageBytes.subarray(offset, offset + SIDELOAD_CHUNK_BYTES);
      await this.#link.request('image.write', { offset, bytes }, nothing);
      options.onProgress?.(offset + bytes.length, packageBytes.length);
    }
    const start = options.start ?? true;
    const { image } = await this.#long('image.install', { start }, oneImage);
    return image;
  }

  async deleteImage(componentId: ComponentId): Promise<void> {
    await this.#link.request('image.delete', { componentId }, nothing);
  }

  async startApp(componentId: ComponentId): Promise<AppStatus> {
    return (await this.#link.request('app.start', { componentId }, oneApp)).app;
  }

  /** Answers when the app is gone. */
  async stopApp(componentId: ComponentId): Promise<AppStatus> {
    return (await this.#link.request('app.stop', { componentId }, oneApp)).app;
  }

  async apps(): Promise<readonly AppStatus[]> {
    return (await this.#link.request('app.status', {}, record({ apps: list(appStatus) }))).apps;
  }

  /** What each app uses, may use, and used at most. */
  /** The newest bad ends of apps, oldest first. */
  async crashes(): Promise<readonly CrashRecord[]> {
    return (await this.#link.request('app.crashes', {}, record({ crashes: list(crash) }))).crashes;
  }

  async memoryStats(): Promise<readonly AppMemoryStats[]> {
    return (await this.#link.request('app.memory-stats', {}, record({ apps: list(appMemoryStats) }))).apps;
  }

  /** A token over this nonce of 32, 48 or 64 bytes, signed by the device. Nothing of it has been checked. */
  async collectEvidence(nonce: Uint8Array): Promise<Uint8Array> {
    return (await this.#link.request('evidence.collect', { nonce }, oneToken)).evidence;
  }

  /** Where the service is: DNS name or IP address, and port. The device keeps it and begins to attest there. */
  async configureService(host: string, port: number): Promise<void> {
    await this.#link.request('service.configure', { host, port }, nothing);
  }

  serviceStatus(): Promise<ServiceStatus> {
    return this.#link.request('service.status', {}, serviceStatus);
  }

  /** Answers after an attestation, with how it ended: one that failed, or could not begin, is a status, too. */
  attest(): Promise<ServiceStatus> {
    return this.#long('service.attest', {}, serviceStatus);
  }

  /** Answers after a look for updates. */
  checkUpdate(): Promise<UpdateOutcome> {
    return this.#long('update.check', {}, updateOutcome);
  }

  /** What the director last wanted on this device. */
  targetedImages(): Promise<TargetedImages> {
    return this.#link.request('update.targeted', {}, targetedImages);
  }

  /** Passes a tool's request on as it is, with an answer that nobody has looked at. For the hub that shares this cable. */
  relay(method: LinkMethod, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const timeoutMs = TIMEOUT_MS[method] ?? RELAY_TIMEOUT_MS;
    return this.#link.request(method, params, (value) => value, { timeoutMs });
  }

  /** The device resets; the cable stays plugged in. */
  async restart(): Promise<void> {
    await this.#link.request('restart', {}, nothing);
  }

  /** Pulls the cable. */
  close(): void {
    this.#link.close();
  }

  #long<Result>(method: LinkMethod, params: Readonly<Record<string, unknown>>, shape: Shape<Result>): Promise<Result> {
    const timeoutMs = TIMEOUT_MS[method];
    return this.#link.request(method, params, shape, timeoutMs === undefined ? {} : { timeoutMs });
  }
}

/**
 * A client of the device in this folder: through the hub of the tool that holds its cable, or else with the cable itself.
 * Errors: `device-off`.
 */
export async function connectDevice(folder: string): Promise<DeviceClient> {
  const socket = await connectCable(folder, 'hub').catch(() => connectCable(folder, 'service'));
  return new DeviceClient(new DeviceLink(socket));
}
