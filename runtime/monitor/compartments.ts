// Running apps: contexts, firewall rows and processes. What runs are the bytes that the caller verified, and no app keeps a row.

import { GPIO_MODE, GPIO_REGISTER, gpioWindow } from '../../contracts/core/chip.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import type { Machine } from '../hil/chip.ts';
import type { ProcessEnd, Running, RunningProcess } from '../hil/launch.ts';
import type { UsageFacts } from './abi/usage-facts.ts';
import type { AppEnded, LaunchedApp, Placement } from './abi/records.ts';
import { GroupSlot } from './app-group.ts';
import { CallRefusal } from './call-refusal.ts';
import { appRows } from './firewall-rows.ts';
import type { Place } from './placements.ts';
import { Placements, signerOf } from './placements.ts';
import { signalNumber } from './signal-numbers.ts';
import type { TrustedApplication } from './trust-policy.ts';

const MODE_OFF = Uint8Array.of(GPIO_MODE.off, 0, 0, 0);

interface RunningApp {
  readonly context: number;
  readonly application: TrustedApplication;
  readonly placement: Placement;
  readonly process: Running;
  /** Of its own process; an app in a group has none. */
  readonly usage: () => UsageFacts;
}

/** The modules that compartments run, out of the verified OS image. */
export interface RunnerModules {
  readonly single: Uint8Array;
  /** Absent in an image that has no groups. */
  readonly group: Uint8Array | undefined;
}

export class Compartments {
  readonly #machine: Machine;
  readonly #runner: Uint8Array;
  readonly #placements: Placements;
  readonly #group: GroupSlot;
  readonly #running = new Map<number, RunningApp>();
  readonly #onEnded: (ended: AppEnded) => void;

  constructor(machine: Machine, runners: RunnerModules, onEnded: (ended: AppEnded) => void) {
    this.#machine = machine;
    this.#runner = runners.single;
    this.#placements = new Placements(runners.group === undefined ? undefined : machine.straps.groups);
    this.#group = new GroupSlot(machine, runners.group, this.#placements);
    this.#onEnded = onEnded;
  }

  isRunning(componentId: ComponentId): boolean {
    return this.running().some(({ application }) => application.image.componentId === componentId);
  }

  running(): readonly RunningApp[] {
    return [...this.#running.values()];
  }

  /** Errors: `no-free-context`, `placement-not-accepted`. */
  freePlace(application: TrustedApplication): Place {
    return this.#placements.placeFor(
      application,
      (signer) => this.#group.takes(signer),
      (context) => !this.#running.has(context),
    );
  }

  /** Starts exactly these bytes in this place. When it throws, no row is left. Errors: `launch-failed`. */
  start(application: TrustedApplication, bytes: Uint8Array, { placement, context }: Place): LaunchedApp {
    const { chip } = this.#machine;
    const { grants } = application;
    let process: Running;
    let usage = (): UsageFacts => ({});
    try {
      for (const row of appRows(context, grants)) chip.firewall.add(row);
      if (placement === 'process') {
        const own = this.#startProcess(application, bytes, context);
        usage = () => own.usage() ?? {};
        process = own;
      } else process = this.#group.start(signerOf(application), context, bytes);
    } catch (cause) {
      chip.firewall.removeContext('a7Normal', context);
      throw new CallRefusal('launch-failed', cause instanceof Error ? cause.message : String(cause), { cause });
    }
    this.#running.set(context, { context, application, placement, process, usage });
    process.onEnd((end) => this.#ended(context, end));
    return { context, memoryBytes: grants.memoryBytes, placement };
  }

  #startProcess({ grants, image }: TrustedApplication, bytes: Uint8Array, context: number): RunningProcess {
    const memoryPages = Math.max(1, Math.floor(grants.memoryBytes / WASM_PAGE_BYTES));
    const program = { name: image.componentId, code: this.#runner };
    return this.#machine.launcher.startCompartment(program, context, bytes, { memoryPages });
  }

  /** What its process has taken of the host. Errors: `context-not-running`. */
  usage(context: number): UsageFacts {
    const app = this.#running.get(context);
    if (app === undefined) throw new CallRefusal('context-not-running', `context ${context}`);
    return app.usage();
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
    const isGrouped = this.#running.get(context)?.placement !== 'process';
    this.#running.delete(context);
    if (isGrouped && !this.running().some(({ placement }) => placement !== 'process')) this.#group.emptied();
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
