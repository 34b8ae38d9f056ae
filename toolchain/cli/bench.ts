// A bench with one simulated device on it: made, powered on, watched from both cables. Never decides what the device allows.

import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import type { RadioCommand, WorldEvent } from '../../contracts/wire/world-link.ts';
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
  readonly by: 'chip' | 'world';
}

/** A finger on a button. */
export interface PressEvent {
  readonly t: number;
  readonly kind: 'press';
  readonly pin: number;
  readonly name: string | null;
}

export type BenchEvent = DeviceEvent | PinEvent | PressEvent;

export interface BenchOptions extends PowerOptions {
  /** Aborts whatever waits for the bench. */
  readonly signal?: AbortSignal;
}

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
  /** Never resolves. What goes wrong inside a socket's listener is told here: thrown there, it would end this process. */
  readonly #failure = Promise.withResolvers<never>();

  private constructor(power: PoweredDevice, client: DeviceClient, world: WorldClient, names: PinNames) {
    this.#power = power;
    this.client = client;
    this.#world = world;
    this.#names = names;
    this.#failure.promise.catch(() => undefined); // told to whoever waits for an event or the end
    world.onEvent((event) => this.#tellWorld(event));
  }

  /**
   * Powers the device in this folder on and plugs both cables in. Errors: those of `powerOn` and of the clients, the
   * reason of `signal`; when that aborts later, everything that waits for this bench fails.
   */
  static async start(folder: string, names: PinNames, { signal, ...options }: BenchOptions = {}): Promise<Bench> {
    const power = await powerOn(folder, options);
    try {
      signal?.throwIfAborted();
      const [client, world] = await Promise.all([power.connect(), power.world()]);
      const bench = new Bench(power, client, world, names);
      signal?.addEventListener('abort', () => bench.#interrupt(signal.reason), { once: true });
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

  /** Resolves when the device is off, whoever did it. Rejects when the world refused a command or a listener threw. */
  get ended(): Promise<unknown> {
    return Promise.race([this.#power.ended, this.#failure.promise]);
  }

  /** Hears every event of device and world; the returned function ends it. */
  onEvent(listener: (event: BenchEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next event that fits. Errors: `story-failed` when none comes in time, those of `ended`. */
  async next(what: string, fits: (event: BenchEvent) => boolean, timeoutMs: number): Promise<BenchEvent> {
    const { promise, resolve, reject } = Promise.withResolvers<BenchEvent>();
    const late = new CliError('story-failed', `waited ${timeoutMs} ms for ${what}`, { fault: 'world' });
    const timer = setTimeout(reject, timeoutMs, late);
    const stop = this.onEvent((event) => fits(event) && resolve(event));
    try {
      return await Promise.race([promise, this.#failure.promise]);
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  /** A press that cannot be made fails the bench. */
  press(pin: number): void {
    try {
      this.#world.press(pin, PRESS_MS);
    } catch (error) {
      this.#failure.reject(error);
    }
  }

  /** A press at `atMs` since power-on; resolves when the world has noted it. Errors: those of `ended`. */
  async schedulePress(pin: number, atMs: number): Promise<void> {
    await this.#obeyed(
      (event) => event.kind === 'scheduled' && event.pin === pin && event.atMs === atMs,
      () => this.#world.press(pin, PRESS_MS, atMs),
    );
  }

  /**
   * Lets virtual time run up to `untilMs` since power-on, which it does not include; resolves when every event from before that has
   * been told. Errors: `time-stands-still` when it takes longer than `withinMs` of the host's time, those of `ended` and of the client.
   */
  async runTime(untilMs: number, withinMs: number): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(
        new CliError('time-stands-still', `virtual time did not come to ${untilMs} ms in ${withinMs} ms`, {
          details: { untilMs, withinMs },
        }),
      );
    }, withinMs);
    try {
      const isThere = (event: WorldEvent): boolean => event.kind === 'time' && event.t >= untilMs;
      await Promise.race([this.#obeyed(isThere, () => this.#world.run(untilMs)), late]);
      // What the device told before is ahead of this answer on the cable.
      await this.client.apps();
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Tells the access point of the device's radio: `{ do: 'radio', power: 'off' }`, `{ do: 'radio-cut', afterBytes: 4096 }`.
   * Resolves when it has obeyed. Errors: those of `ended`.
   */
  async radio(command: RadioCommand): Promise<void> {
    await this.#obeyed(
      (event) => event.kind === 'radio' && hasObeyed(event, command),
      () => this.#world.radio(command),
    );
  }

  async #obeyed(isAnswer: (event: WorldEvent) => boolean, command: () => void): Promise<void> {
    const obeyed = Promise.withResolvers<void>();
    const stop = this.#world.onEvent((event) => {
      if (isAnswer(event)) obeyed.resolve();
    });
    try {
      command();
      await Promise.race([obeyed.promise, this.#failure.promise]);
    } finally {
      stop();
    }
  }

  /** Cuts the power. May be called twice. Who still waits for an event waits no longer. */
  async stop(): Promise<void> {
    this.#interrupt(new CliError('interrupted', 'the device was powered off', { fault: 'caller' }));
    await this.#power.powerOff();
  }

  #interrupt(reason: unknown): void {
    this.#failure.reject(reason);
    this.client.close();
    this.#world.close();
  }

  #tellWorld(event: WorldEvent): void {
    if (event.kind === 'refused') {
      const { code, message } = event;
      this.#failure.reject(new CliError('world-refused', `the world refused: ${message}`, { details: { code } }));
      return;
    }
    // Whoever commanded it is told by the command.
    if (event.kind === 'radio' || event.kind === 'scheduled' || event.kind === 'time') return;
    const name = this.#names.get(event.pin) ?? null;
    if (event.kind === 'press') this.#tell({ t: event.t, kind: 'press', pin: event.pin, name });
    else this.#tell({ t: event.t, kind: 'pin', pin: event.pin, name, level: event.level, by: event.by });
  }

  #tell(event: BenchEvent): void {
    try {
      for (const listener of this.#listeners) listener(event);
    } catch (error) {
      this.#failure.reject(error);
    }
  }
}

function hasObeyed(event: Extract<WorldEvent, { readonly kind: 'radio' }>, command: RadioCommand): boolean {
  switch (command.do) {
    case 'radio':
      return event.power === command.power;
    case 'radio-cut':
      return event.cutAfterBytes === command.afterBytes;
    case 'radio-delay':
      return event.delayMs === command.delayMs;
    case 'radio-host':
      return event.hosts.includes(command.name.toLowerCase()) === (command.address !== null);
  }
}
