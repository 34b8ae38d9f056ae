// Lets one piece of asynchronous work through at a time, in the order of asking. Never cancels one.

export class Turnstile {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything that was handed in before it has settled; its result or error is the caller's. */
  pass<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
