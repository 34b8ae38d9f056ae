// The last calls of one app, for the record of its end. Never more of them than a handful, and never what a call carried.

import type { AppErrorCode, AppFunction, AppReply } from '../../contracts/wire/app-call.ts';
import type { AskedResource } from './grant-check.ts';
import { describeResource } from './grant-check.ts';

/** Calls that are remembered. */
export const LAST_CALLS = 16;

export interface LastCall {
  readonly function: AppFunction;
  /** As the audit trail names it, e.g. `gpio:9`; empty for a call that is for no resource. */
  readonly resource: string;
  /** `unanswered`: the app ended before it had an answer. */
  readonly outcome: 'ok' | AppErrorCode | 'unanswered';
}

interface Call {
  readonly name: AppFunction;
  asked: AskedResource | undefined;
  reply: AppReply | undefined;
}

/** One call at a time, as the session takes them. */
export class CallLog {
  readonly #calls: Call[] = [];

  begun(name: AppFunction): void {
    this.#calls.push({ name, asked: undefined, reply: undefined });
    if (this.#calls.length > LAST_CALLS) this.#calls.shift();
  }

  /** What the call under way is for. */
  asks(asked: AskedResource | undefined): void {
    const call = this.#calls.at(-1);
    if (call !== undefined) call.asked ??= asked;
  }

  answered(reply: AppReply): void {
    const call = this.#calls.at(-1);
    if (call !== undefined) call.reply = reply;
  }

  /** Oldest first. What the runner tells of its own accord is no call of the guest. */
  list(): readonly LastCall[] {
    const ofGuest = this.#calls.filter(({ name }) => name !== 'usage.tell');
    return ofGuest.map(({ name, asked, reply }) => ({
      function: name,
      resource: describeResource(asked),
      outcome: reply === undefined ? 'unanswered' : reply.ok ? 'ok' : reply.error,
    }));
  }
}
