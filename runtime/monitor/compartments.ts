// Running apps: contexts, firewall rows and processes. What runs are the bytes that the caller verified, and no app keeps a row.

import { CONTEXTS, GPIO_MODE, GPIO_REGISTER, gpioWindow } from '../../contracts/core/chip.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import type { Machine } from '../hil/chip.ts';
import type { ProcessEnd, RunningProcess } from '../hil/launch.ts';
import type { AppEnded, LaunchedApp } from './abi/records.ts';
import { CallRefusal } from './call-refusal.ts';
import { appRows } from './firewall-rows.ts';
import { signalNumber } from './signal-numbers.ts';
import type { TrustedApplication } from './trust-policy.ts';

const MODE_OFF = Uint8Array.of(GPIO_MODE.off, 0, 0, 0);

interface RunningApp {
  readonly context: number;
  readonly application: TrustedApplication;
  readonly process: RunningProcess;
}

export class Compartments {
  readonly #machine: Machine;
  readonly #runner: Uint8Array;
  readonly #running = new Map<number, RunningApp>();
  readonly #onEnded: (ended: AppEnded) => void;

  /** `runner`: the module that every compartment runs, out of the verified OS image. */
  constructor(machine: Machine, runner: Uint8Array, onEnded: (ended: AppEnded) => void) {
    this.#machine = machine;
    this.#runner = runner;
    this.#onEnded = onEnded;
  }

  isRunning(componentId: ComponentId): boolean {
    return this.running().some(({ application }) => application.image.componentId === componentId);
  }

  running(): readonly RunningApp[] {
    return [...this.#running.values()];
  }

  /** Errors: `no-free-context`. */
  freeContext(): number {
    for (let context = 1; context < CONTEXTS; context++) if (!this.#running.has(context)) return context;
    throw new CallRefusal('no-free-context', `${CONTEXTS - 1} apps are running`);
  }

  /** Starts exactly these bytes in this context. When it throws, no row is left. Errors: `launch-failed`. */
  start(application: TrustedApplication, bytes: Uint8Array, context: number): LaunchedApp {
    const { chip, launcher } = this.#machine;
    const { grants, image } = application;
    const memoryPages = Math.max(1, Math.floor(grants.memoryBytes / WASM_PAGE_BYTES));
    let process: RunningProcess;
    try {
      for (const row of appRows(context, grants)) chip.firewall.add(row);
      const program = { name: image.componentId, code: this.#runner };
      process = launcher.startCompartment(program, context, bytes, { memoryPages });
    } catch (cause) {
      chip.firewall.removeContext('a7Normal', context);
      throw new CallRefusal('launch-failed', cause instanceof Error ? cause.message : String(cause), { cause });
    }
    this.#running.set(context, { context, application, process });
    process.onEnd((end) => this.#ended(context, end));
    return { context, memoryBytes: grants.memoryBytes };
  }

  /** At once; the `ended` event follows. Errors: `context-not-running`. */
  stop(context: number): void {
    const app = this.#running.get(context);
    if (app === undefined) throw new CallRefusal('context-not-running', `context ${context}`);
    app.process.kill();
  }

  #ended(context: number, { exitCode, signal, lastWords }: ProcessEnd): void {
    this.#floatPins(context);
    this.#machine.chip.firewall.removeContext('a7Normal', context);
    this.#running.delete(context);
    const how =
      exitCode === undefined
        ? ({ kind: 'signal', signal: signalNumber(signal) } as const)
        : ({ kind: 'exited', exitCode } as const);
    this.#onEnded({ context, how, lastWords });
  }

  /** An app that is gone drives nothing: a heater that it switched on goes off. The OS could not do it once the rows are gone. */
  #floatPins(context: number): void {
    const { bus } = this.#machine.chip;
    for (const pin of this.#running.get(context)?.application.grants.gpioPins ?? []) {
      bus.write('a7Secure', 0, gpioWindow(pin) + GPIO_REGISTER.mode, MODE_OFF);
    }
  }
}
