// Who is in which context: launches, stops and ends in one order. Never two of them at once, so that no end, no stop and no
// released pin of an app that is gone can meet the next one in the same context.

import type { ComponentId } from '../../contracts/core/ids.ts';
import type { AppEnded, LaunchedApp } from '../monitor/abi/records.ts';
import type { UsageFacts } from '../monitor/abi/usage-facts.ts';
import type { CompartmentPipe, PipeOfContext } from './compartment-pipes.ts';
import { SecureCallRefused } from './secure-calls.ts';
import type { SecureCalls } from './secure-calls.ts';
import { Turnstile } from './turnstile.ts';

/** The side of the app that a launch is for. */
export interface Occupant {
  /** It waits for the start frame. */
  launched(app: LaunchedApp, pipe: CompartmentPipe): void;
  /** Its process is gone; the context is free again when this resolves. */
  ended(ended: AppEnded): Promise<void>;
}

export class Contexts {
  readonly #monitor: SecureCalls;
  readonly #pipeOf: PipeOfContext;
  readonly #occupants = new Map<number, Occupant>();
  readonly #turnstile = new Turnstile();
  /** Contexts whose end was asked for and has not been told yet. */
  readonly #ending = new Set<number>();

  constructor(monitor: SecureCalls, pipeOf: PipeOfContext) {
    this.#monitor = monitor;
    this.#pipeOf = pipeOf;
  }

  /** Somebody's end is on its way. */
  get isAnyEnding(): boolean {
    return this.#ending.size > 0;
  }

  /** What the process in this context has taken of the host; nothing is known of one that has just ended. */
  async usage(context: number): Promise<UsageFacts> {
    try {
      return await this.#monitor.call({ call: 'usage', context });
    } catch (error) {
      if (error instanceof SecureCallRefused) return {};
      throw error;
    }
  }

  /** Errors: `SecureCallRefused`. */
  launch(componentId: ComponentId, occupant: Occupant): Promise<void> {
    return this.#turnstile.pass(async () => {
      const app = await this.#monitor.call({ call: 'launch', componentId });
      const { context } = app;
      const pipe = this.#pipeOf(context);
      if (pipe === undefined || this.#occupants.has(context)) {
        await this.#monitor.call({ call: 'stop', context });
        throw new SecureCallRefused('no-free-context', `context ${context} is no place for an app`);
      }
      this.#occupants.set(context, occupant);
      occupant.launched(app, pipe);
    });
  }

  /** Ends whoever is in the context by force; `ended` follows. */
  stop(context: number): void {
    const occupant = this.#occupants.get(context);
    void this.#turnstile.pass(async () => {
      // It may have ended, and another app come, while this stop waited.
      if (occupant === undefined || this.#occupants.get(context) !== occupant) return;
      try {
        this.#ending.add(context);
        await this.#monitor.call({ call: 'stop', context });
      } catch (error) {
        // It ended at the same moment: its event is on the way.
        if (!(error instanceof SecureCallRefused) || error.code !== 'context-not-running') throw error;
      }
    });
  }

  /** The monitor's event. It may come in the same breath as the answer to its launch: it is looked at after that. */
  ended(ended: AppEnded): void {
    void this.#turnstile.pass(async () => {
      const occupant = this.#occupants.get(ended.context);
      this.#ending.delete(ended.context);
      await occupant?.ended(ended);
      this.#occupants.delete(ended.context);
    });
  }
}
