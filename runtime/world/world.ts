// The board's surroundings as a model: LEDs that are seen, buttons that are pressed, wires that anybody may drive, and the access
// point beside it. Never reaches the chip but through a level on a pin.

import type { Drive, PinFrame } from '../../contracts/core/pin-frame.ts';
import type { WorldCommand, WorldEvent } from '../../contracts/wire/world-link.ts';
import type { Alarm, Clock } from '../hil/clock.ts';
import type { AccessPoint } from './access-point.ts';
import type { Bounce, WorldPart } from './parts.ts';
import { NO_BOUNCE } from './parts.ts';
import { Wire } from './wire.ts';
import type { WorldTime } from './world-time.ts';

export interface WorldOutputs {
  readonly parts: readonly WorldPart[];
  /** Nanoseconds since power-on, the chip's zero. */
  readonly clock: Clock & Alarm;
  /** To the chip. */
  readonly drive: (frame: PinFrame) => void;
  /** To every bench. */
  readonly tell: (event: WorldEvent) => void;
  readonly accessPoint: AccessPoint;
  readonly bounce?: Bounce;
  /** The clock again, when time is virtual. */
  readonly time?: WorldTime;
}

const NS_PER_MS = 1_000_000;

/**
 * @example
 *   const world = new World({ parts, clock, accessPoint, drive: (frame) => chip(frame), tell: (event) => console.log(event) });
 *   world.command({ do: 'press', pin: 12, forMs: 100 });
 */
export class World {
  readonly #outputs: WorldOutputs;
  readonly #bounce: Bounce;
  readonly #buttons: ReadonlyMap<number, WorldPart>;
  readonly #wires = new Map<number, Wire>();
  /** What the last press has still to do: a second press of the button takes its place. */
  readonly #contacts = new Map<number, () => void>();

  /** The buttons' pulls are on their wires from the beginning. */
  constructor(outputs: WorldOutputs) {
    this.#outputs = outputs;
    this.#bounce = outputs.bounce ?? NO_BOUNCE;
    this.#buttons = new Map(outputs.parts.filter(({ kind }) => kind === 'button').map((part) => [part.pin, part]));
    for (const button of this.#buttons.values()) this.#drive(button.pin, contact(button, false));
  }

  /** The chip drives or lets go of a pin. What a frame says of the world's own side is ignored. */
  chipDrives({ from, pin, drive, atNs }: PinFrame): void {
    if (from === 'chip' && this.#wire(pin).drive('chip', drive)) this.#tellLevel(pin, atNs, 'chip');
  }

  /** Why this command cannot be obeyed now; `undefined`: it can. */
  objection(command: WorldCommand): Extract<WorldEvent, { kind: 'refused' }>['code'] | undefined {
    const { clock, time } = this.#outputs;
    if (command.do === 'run' && time === undefined) return 'time-is-real';
    if (command.do !== 'run' && command.do !== 'press' && command.do !== 'drive') return undefined;
    if (time?.isRunning === true) return 'time-is-running';
    const moment = command.do === 'run' ? command.untilMs : command.do === 'press' ? command.atMs : undefined;
    return moment !== undefined && nanoseconds(moment) < clock.nowNs() ? 'time-is-past' : undefined;
  }

  /** A press of a pin without a button does nothing: ask `hasButton` and `objection` first. */
  command(command: WorldCommand): void {
    switch (command.do) {
      case 'press':
        return command.atMs === undefined
          ? this.#press(command.pin, command.forMs)
          : this.#schedule(command.pin, command.forMs, command.atMs);
      case 'run':
        return this.#outputs.time?.run(nanoseconds(command.untilMs));
      case 'drive':
        this.#drop(command.pin);
        return this.#drive(command.pin, driveOf(command.level));
      default:
        return this.#outputs.accessPoint.obey(command);
    }
  }

  /** Says no to a bench. */
  refuse(code: Extract<WorldEvent, { kind: 'refused' }>['code'], message: string): WorldEvent {
    return { kind: 'refused', t: milliseconds(this.#outputs.clock.nowNs()), code, message };
  }

  /** Whether there is a button on this pin. */
  hasButton(pin: number): boolean {
    return this.#buttons.has(pin);
  }

  #schedule(pin: number, forMs: number, atMs: number): void {
    const { clock, tell } = this.#outputs;
    clock.at(nanoseconds(atMs), () => this.#press(pin, forMs));
    tell({ kind: 'scheduled', t: milliseconds(clock.nowNs()), pin, atMs });
  }

  #press(pin: number, forMs: number): void {
    const button = this.#buttons.get(pin);
    if (button === undefined) return;
    const { clock, tell } = this.#outputs;
    const pressedAtNs = clock.nowNs();
    this.#drop(pin);
    tell({ kind: 'press', t: milliseconds(pressedAtNs), pin });
    this.#swing(button, true, pressedAtNs, () => {
      const releaseAtNs = pressedAtNs + nanoseconds(forMs);
      this.#contacts.set(
        pin,
        clock.at(releaseAtNs, () => this.#swing(button, false, releaseAtNs, () => this.#contacts.delete(pin))),
      );
    });
  }

  /** Closes or opens the contact, with its bounces; `settled` when it rests. */
  #swing(button: WorldPart, closed: boolean, startNs: bigint, settled: () => void): void {
    const { swings, everyNs } = this.#bounce;
    const step = (number: number): void => {
      this.#drive(button.pin, contact(button, number % 2 === 0 ? closed : !closed));
      if (number === swings * 2) return settled();
      const nextNs = startNs + everyNs * BigInt(number + 1);
      this.#contacts.set(
        button.pin,
        this.#outputs.clock.at(nextNs, () => step(number + 1)),
      );
    };
    step(0);
  }

  #drop(pin: number): void {
    this.#contacts.get(pin)?.();
    this.#contacts.delete(pin);
  }

  #drive(pin: number, drive: Drive): void {
    const wire = this.#wire(pin);
    if (wire.world === drive) return;
    const atNs = this.#outputs.clock.nowNs();
    const isEdge = wire.drive('world', drive);
    this.#outputs.drive({ from: 'world', pin, drive, atNs });
    if (isEdge) this.#tellLevel(pin, atNs, 'world');
  }

  #tellLevel(pin: number, atNs: bigint, by: 'chip' | 'world'): void {
    this.#outputs.tell({ kind: 'pin', t: milliseconds(atNs), pin, level: this.#wire(pin).level, by });
  }

  #wire(pin: number): Wire {
    const wire = this.#wires.get(pin) ?? new Wire();
    this.#wires.set(pin, wire);
    return wire;
  }
}

/** A button's wire: pulled to its resting level, or connected through the closed contact to the other one. */
function contact({ active }: WorldPart, closed: boolean): Drive {
  return (active === 'low') === closed ? 'low' : 'high';
}

function driveOf(level: 0 | 1 | null): Drive {
  if (level === null) return 'released';
  return level === 0 ? 'low' : 'high';
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}

/** With three decimals. */
export function milliseconds(ns: bigint): number {
  return Number(ns / 1000n) / 1000;
}
