// What an attached computer can ask of a device, by name. Never decides what is allowed: the device does.

import { decodeDeviceCapability } from '../../contracts/core/device-capability.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type {
  LinkMethod,
  AppStatus,
  DeviceDescription,
  DeviceEvent,
  FirewallDescription,
  InstalledImage,
} from '../../contracts/wire/device-link.ts';
import { DeviceLink } from './device-link.ts';
import { appStatus, deviceDescription, deviceEvent, firewallDescription, installedImage } from './device-shapes.ts';
import { list, number, record } from './shape.ts';
import { connectCable } from './socket-address.ts';

/** Small enough for the FIFO of the UART, and for the monitor's own pieces of 32 KiB. */
const SIDELOAD_CHUNK_BYTES = 16 * 1024;
/** The monitor verifies and burns a whole image before it answers. */
const INSTALL_TIMEOUT_MS = 60_000;

const nothing = record<object>({});
const oneImage = record<{ image: InstalledImage }>({ image: installedImage });
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
    const { image } = await this.#link.request('image.install', { start }, oneImage, { timeoutMs: INSTALL_TIMEOUT_MS });
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

  /** Passes a tool's request on as it is, with an answer that nobody has looked at. For the hub that shares this cable. */
  relay(method: LinkMethod, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#link.request(method, params, (value) => value, { timeoutMs: INSTALL_TIMEOUT_MS });
  }

  /** The device resets; the cable stays plugged in. */
  async restart(): Promise<void> {
    await this.#link.request('restart', {}, nothing);
  }

  /** Pulls the cable. */
  close(): void {
    this.#link.close();
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
