// What one step of the check is: a name, and a run that says what it looked at and what is wrong.
// A step must never pass without having looked at anything; that is itself a finding.

/** What a step looked at, in a few words, and one text per fault. No finding means that the step passed. */
export type Outcome = { readonly summary: string; readonly findings: readonly string[] };

export type Step = () => Promise<Outcome>;

/** A finished step, as the worker process reports it. */
export type StepResult = Outcome & { readonly name: string; readonly ms: number };

/** Times the step, and turns its crash into a finding: a broken check must be red, not silent. */
export async function runStep(name: string, step: Step): Promise<StepResult> {
  const started = performance.now();
  let outcome: Outcome;
  try {
    outcome = await step();
  } catch (error) {
    outcome = {
      summary: 'crashed',
      findings: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    };
  }
  return { name, ...outcome, ms: Math.round(performance.now() - started) };
}
