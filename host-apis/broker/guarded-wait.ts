// Waiting of one app: one wait at a time, ended by what is waited for, by the clock, or by the device that wants the app to end.

import type { Later } from '../../contracts/core/later.ts';
import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { PollRequest } from '../../contracts/wire/app-call/wait-calls.ts';
import type { TimePort, TurnPort } from '../ports.ts';
import type { AppWait } from './app-wait.ts';
import { startWait } from './app-wait.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import { refuse, woken } from './replies.ts';

export class GuardedWait implements GuardedArea<PollRequest> {
  readonly #parts: AreaParts;
  readonly #time: TimePort;
  readonly #turns: TurnPort;
  #wait: AppWait | undefined;
  /** Asked to end, and not yet told so. */
  #isTerminating = false;

  constructor(parts: AreaParts, { time, turns }: { readonly time: TimePort; readonly turns: TurnPort }) {
    this.#parts = parts;
    this.#time = time;
    this.#turns = turns;
  }

  call({ function: name, handles, timeoutNs }: PollRequest): Later<AppReply> {
    const denied = this.#parts.gate.ask(name, undefined);
    if (denied !== undefined) return denied;
    const sources = handles.map((handle) => this.#parts.handles.waitable(handle));
    if (!sources.every((source) => source !== undefined)) return refuse('invalid-argument');
    if (this.#isTerminating) {
      this.#isTerminating = false;
      return woken({ kind: 'terminating' });
    }
    const { componentId } = this.#parts.app;
    return new Promise((resolve) => {
      let isBlocked = false;
      let isOver = false;
      const wait = startWait(this.#time, { sources, timeoutNs }, (wake) => {
        isOver = true;
        this.#wait = undefined;
        const go = (): void => resolve(woken(wake));
        if (isBlocked) this.#turns.ready(componentId, go);
        else go();
      });
      if (isOver) return;
      isBlocked = true;
      this.#wait = wait;
      this.#turns.blocked(componentId);
    });
  }

  /** The device wants the app to end: its wait, or its next one, answers `terminating`, once. */
  terminate(): void {
    this.#isTerminating = true;
    if (this.#wait === undefined) return;
    this.#isTerminating = false;
    this.#wait.wake({ kind: 'terminating' });
  }

  /** Nobody waits any more. */
  sessionIsOver(): void {
    this.#wait?.wake({ kind: 'terminating' });
    this.#turns.gone(this.#parts.app.componentId);
  }
}
