// Reads what AVA prints, line by line: which tests passed, failed or were left out. It must never count a line that it
// does not know as a pass. (AVA's TAP output is no substitute: it crashes on a timeout in AVA 8.1.)

/** A test that could not do its work here, as test/support/left-out.ts logs it. */
export type LeftOut = { readonly title: string; readonly what: string; readonly why: string };

export type Tally = { passed: number; failed: number; readonly leftOut: LeftOut[] };

const PASSED = /^ {2}✔ (.*?)(?: \([\d.]+m?s\))?$/;
const FAILED = /^ {2}✘ /;
const PENDING = /^ {2}◌ /;
const SKIPPED = /^ {2}- \[(skip|todo)\] (.*)$/;
const LEFT_OUT = /^ {4}ℹ left-out (\{.*\})$/;
const LOG = /^ {4,}\S/;
/** After this line AVA repeats the failures with their details. */
const END_OF_LIVE = /^ {2}─$/;

export class AvaOutput {
  readonly tally: Tally = { passed: 0, failed: 0, leftOut: [] };
  #live = true;
  /** The passed test whose log lines may follow. */
  #title: string | undefined;

  /** Takes the next line; answers whether it is about a test that passed or was left out, which a quiet run hides. */
  take(line: string): boolean {
    if (END_OF_LIVE.test(line)) this.#live = false;
    if (!this.#live) return false;
    const leftOut = LEFT_OUT.exec(line)?.[1];
    if (leftOut !== undefined && this.#title !== undefined) {
      this.tally.passed -= 1;
      this.tally.leftOut.push({ title: this.#title, ...(JSON.parse(leftOut) as { what: string; why: string }) });
      return true;
    }
    if (this.#title !== undefined && LOG.test(line)) return true;
    this.#title = PASSED.exec(line)?.[1];
    if (this.#title !== undefined) {
      this.tally.passed += 1;
      return true;
    }
    const [, kind, title] = SKIPPED.exec(line) ?? [];
    if (kind !== undefined && title !== undefined) this.tally.leftOut.push({ title, what: title, why: `test.${kind}` });
    if (FAILED.test(line) || PENDING.test(line)) this.tally.failed += 1;
    return false;
  }

  /** The tally once AVA ended with `exitCode`: a failure that no line named, or no test at all, is a failure. */
  end(exitCode: number): Tally {
    const { tally } = this;
    const ranNothing = tally.passed + tally.failed + tally.leftOut.length === 0;
    if (tally.failed === 0 && (exitCode !== 0 || ranNothing)) tally.failed = 1;
    return tally;
  }
}
