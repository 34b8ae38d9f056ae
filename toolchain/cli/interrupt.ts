// Ctrl-C and SIGTERM of a command that holds a device: the work is told, puts away what it made, and the exit code says why it
// ended. Never leaves a listener behind.

import { CliError } from './outcome.ts';

/** 128 and the signal's number, as every shell tells it. */
const EXIT_OF = { SIGINT: 130, SIGTERM: 143 } as const;
type EndSignal = keyof typeof EXIT_OF;

/** Somebody ended the command from outside. */
export class Interrupted extends CliError {
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super('interrupted', `ended by ${signal}`, { fault: 'world', details: { signal } });
    this.exitCode = EXIT_OF[signal];
  }
}

/**
 * Does the work. The first SIGINT or SIGTERM aborts its signal in place of killing this process: a device of a run has keys,
 * and they are not to stay on the disk. A second one kills. Errors: `Interrupted` after a signal, whatever the work made of it.
 */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => abort.abort(new Interrupted(signal as EndSignal));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const result = await work(abort.signal);
    abort.signal.throwIfAborted();
    return result;
  } catch (error) {
    abort.signal.throwIfAborted();
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** The end of a run: its time is over. `forMs` undefined: never. Errors: `interrupted` when the device went off, those of `ended`. */
export async function untilOver(forMs: number | undefined, ended: Promise<unknown>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = forMs === undefined ? undefined : setTimeout(resolve, forMs);
  ended.then(() => reject(new CliError('interrupted', 'the device went off by itself', { fault: 'world' })), reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
