// A bench with one simulated device on it: made, powered on, watched from both cables. Never decides what the device allows.

import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import type { BootLine } from '../factory/boot-console.ts';
import type { DeviceClient } from '../factory/device-client.ts';
import type { PoweredDevice, PowerOptions } from '../factory/power.ts';
import { powerOn } from '../factory/power.ts';
import type { WorldClient } from '../factory/world-client.ts';
import { CliError } from './outcome.ts';

/** An edge on a pin, as it is seen from outside. `name` is the hardware definition's, `level` null when nobody drives. */
export interface PinEvent {
  readonly t: number;
  readonly kind: 'pin';
  readonly pin: number;
  readonly name: string | null;
  readonly level: 0 | 1 | null;
}

/** A finger on a button. */
export interface PressEvent {
  readonly t: number;
  readonly kind: 'press';
  readonly pin: number;
  readonly name: string | null;
}

export type BenchEvent = DeviceEvent | PinEvent | PressEvent;

/** Pin number → the name that people know it by. */
export type PinNames = ReadonlyMap<number, string>;

/** How long a press lasts: longer than one look of a program that looks ten times a second. */
const PRESS_MS = 150;

export class Bench {
  readonly #power: PoweredDevice;
  readonly client: DeviceClient;
  readonly #world: WorldClient;
  readonly #names: PinNames;
  readonly #listeners = new Set<(event: BenchEvent) => void>();

  private constructor(power: PoweredDevice, client: DeviceClient, world: WorldClient, names: PinNames) {
    this.#power = power;
    this.client = client;
    this.#world = world;
    this.#names = names;
    world.onEvent((event) => this.#tellWorld(event));
  }

  /** Powers the device in this folder on and plugs both cables in. Errors: those of `powerOn` and of the clients. */
  static async start(folder: string, names: PinNames, options: PowerOptions = {}): Promise<Bench> {
    const power = await powerOn(folder, options);
    try {
      const [client, world] = await Promise.all([power.connect(), power.world()]);
      const bench = new Bench(power, client, world, names);
      await client.events((event) => bench.#tell(event));
      return bench;
    } catch (error) {
      await power.powerOff();
      throw error;
    }
  }

  get boot(): readonly BootLine[] {
    return this.#power.boot;
  }

  get readyMs(): number {
    return this.#power.readyMs;
  }

  /** Resolves when the device is off, whoever did it. */
  get ended(): Promise<unknown> {
    return this.#power.ended;
  }

  /** Hears every event of device and world; the returned function ends it. */
  onEvent(listener: (event: BenchEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next event that fits. Errors: `story-failed` when none comes in time. */
  next(what: string, fits: (event: BenchEvent) => boolean, timeoutMs: number): Promise<BenchEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new CliError('story-failed', `waited ${timeoutMs} ms for ${what}`, { fault: 'world' }));
      }, timeoutMs);
      const stop = this.onEvent((event) => {
        if (!fits(event)) return;
        clearTimeout(timer);
        stop();
        resolve(event);
      });
    });
  }

  press(pin: number): void {
    this.#world.press(pin, PRESS_MS);
  }

  /** Cuts the power. May be called twice. */
  async stop(): Promise<void> {
    this.client.close();
    this.#world.close();
    await this.#power.powerOff();
  }

  #tellWorld(event: WorldEvent): void {
    if (event.kind === 'refused') throw new CliError('internal', `the world refused: ${event.message}`);
    const name = this.#names.get(event.pin) ?? null;
    if (event.kind === 'press') this.#tell({ t: event.t, kind: 'press', pin: event.pin, name });
    else this.#tell({ t: event.t, kind: 'pin', pin: event.pin, name, level: event.level });
  }

  #tell(event: BenchEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
