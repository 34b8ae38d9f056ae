// Waits for the end of a run: its time is over, a person pressed Ctrl-C, or the device went off. Never leaves a listener behind.

import { CliError } from './outcome.ts';

/** `forMs` undefined: until Ctrl-C or SIGTERM. Errors: `interrupted` when the device ended by itself. */
export async function untilInterrupted(forMs: number | undefined, ended: Promise<unknown>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  const timer = forMs === undefined ? undefined : setTimeout(stop, forMs);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  void ended.then(() => reject(new CliError('interrupted', 'the device went off by itself', { fault: 'world' })));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
