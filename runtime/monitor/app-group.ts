// The one group process of a board, from its first app to its end. Never holds apps of two signers, not one after the other either: a process
// that was taken over may outlive the app that did it.

import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import type { Machine } from '../hil/chip.ts';
import type { AppGroup, Running } from '../hil/launch.ts';
import { CallRefusal } from './call-refusal.ts';
import type { Placements } from './placements.ts';

export class GroupSlot {
  readonly #machine: Machine;
  readonly #runner: Uint8Array | undefined;
  readonly #placements: Placements;
  #current: { readonly signer: string; readonly process: AppGroup } | undefined;
  /** Told to end, and not gone yet. */
  #isEnding = false;

  /** `runner`: the group's module, out of the verified OS image; an image without one has no groups. */
  constructor(machine: Machine, runner: Uint8Array | undefined, placements: Placements) {
    this.#machine = machine;
    this.#runner = runner;
    this.#placements = placements;
  }

  /** Anybody's while there is no process; while one ends, nobody's: it has its pipes until it is gone. */
  takes(signer: string): boolean {
    return this.#current === undefined || (!this.#isEnding && this.#current.signer === signer);
  }

  /** Starts the process with its first app. Errors: `launch-failed`, as a `LaunchFault` or a refusal. */
  start(signer: string, context: number, bytes: Uint8Array): Running {
    const process = this.#current?.process ?? this.#startProcess(signer);
    return process.startApp(context, bytes);
  }

  /** No app is left in it. The process ends with its last one, so that the next signer finds none of it. */
  emptied(): void {
    this.#isEnding = this.#current !== undefined;
    this.#current?.process.kill();
  }

  #startProcess(signer: string): AppGroup {
    const placement = this.#placements.groupPlacement;
    if (this.#runner === undefined || placement === undefined)
      throw new CallRefusal('launch-failed', 'the OS image has no module for groups');
    const plan = { placement, contexts: this.#placements.groupContexts };
    const memoryPages = Math.floor(this.#machine.straps.appMemoryLimitBytes / WASM_PAGE_BYTES);
    const process = this.#machine.launcher.startGroup({ name: 'group', code: this.#runner }, plan, { memoryPages });
    this.#current = { signer, process };
    process.onEnd(() => {
      this.#current = undefined;
      this.#isEnding = false;
    });
    return process;
  }
}
