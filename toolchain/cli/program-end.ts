// The run of a program that was started by itself: over when it ends, and its end is the command's. Never tells of the restart that a
// device gives every app.

import type { BenchEvent } from './bench.ts';
import { CliError } from './outcome.ts';

type ExitEvent = Extract<BenchEvent, { readonly kind: 'exit' }>;

export class ProgramEnd {
  readonly #tell: (event: BenchEvent) => void;
  readonly #over = Promise.withResolvers<void>();
  #end: ExitEvent | undefined;

  constructor(tell: (event: BenchEvent) => void) {
    this.#tell = tell;
  }

  /** Resolves with the end. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** `undefined` until it ended. */
  get end(): ExitEvent | undefined {
    return this.#end;
  }

  /** Tells every event up to the end, and the end. */
  readonly tell = (event: BenchEvent): void => {
    if (this.#end !== undefined) return;
    this.#tell(event);
    if (event.kind !== 'exit') return;
    this.#end = event;
    this.#over.resolve();
  };

  /** Errors: `app-failed` unless it ended with code 0. */
  requireSuccess(): void {
    if (this.#end === undefined || this.#end.code === 0) return;
    const { app, code, reason, detail } = this.#end;
    const how = code === null ? `: ${reason}${detail === undefined ? '' : `: ${detail}`}` : ` with code ${code}`;
    throw new CliError('app-failed', `${app} ended${how}`, {
      fault: 'caller',
      details: { app, reason, ...(code !== null && { code }), ...(detail !== undefined && { detail }) },
    });
  }
}
