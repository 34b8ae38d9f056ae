// Runs a story step by step and keeps what happened. A step that does not hold ends the story: what follows would prove nothing.

import { isCoded } from '../../../contracts/core/coded-error.ts';
import { CliError } from '../outcome.ts';

export interface StepRecord {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
}

/** Something that was tried and must not work, with the code that refused it. */
export interface Refused {
  readonly what: string;
  readonly code: string;
}

export class Story {
  readonly steps: StepRecord[] = [];
  readonly refused: Refused[] = [];
  /** Aborted: no step begins any more. */
  readonly signal: AbortSignal;
  readonly #onStep: (step: StepRecord) => void;

  constructor(signal: AbortSignal, onStep: (step: StepRecord) => void) {
    this.signal = signal;
    this.#onStep = onStep;
  }

  /** Errors: whatever the work throws, after it was noted; the reason of `signal`. */
  async step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.signal.throwIfAborted();
    const startedAt = performance.now();
    const note = (ok: boolean): void => {
      const record = { name, ok, ms: Math.round(performance.now() - startedAt) };
      this.steps.push(record);
      this.#onStep(record);
    };
    try {
      const result = await work();
      note(true);
      return result;
    } catch (error) {
      note(false);
      throw error;
    }
  }

  /**
   * A step that holds only if the work is refused with this code, and `afterwards` finds nothing broken. Errors: `story-failed`,
   * those of `afterwards`.
   */
  refusal(
    what: string,
    code: string,
    work: () => Promise<unknown>,
    afterwards?: () => Promise<unknown>,
  ): Promise<void> {
    return this.step(`refused: ${what}`, async () => {
      const found = await refusalOf(work);
      if (found !== code)
        throw new CliError('story-failed', `${what} should be refused as ${code}, not ${found ?? 'accepted'}`);
      await afterwards?.();
      this.refused.push({ what, code });
    });
  }
}

/** `undefined`: it was not refused. A boot that was refused is told by its stage's code. */
async function refusalOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!isCoded(error)) throw error;
    const stageCode = error.code === 'boot-refused' ? error.details['code'] : undefined;
    return typeof stageCode === 'string' ? stageCode : error.code;
  }
}
