import test from 'ava';
import fc from 'fast-check';
import { Meter } from '../../runtime/compartment/meter.ts';
import { componentFromText } from '../../test/support/components.ts';
import { randomProgram } from '../../test/support/random-program.ts';
import { readCoreModule } from './read-core-module.ts';
import { METER_MODULE } from './rewrite/meter-cell.ts';
import { rewriteModule } from './rewrite-module.ts';

const ARGUMENTS = [0, 1, -5, 1000] as const;

/** Result and memory of each run, or that it trapped. */
function outcomes(bytes: Uint8Array, imports: WebAssembly.Imports = {}): string[] {
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  return ARGUMENTS.map((argument) => {
    const { exports } = new WebAssembly.Instance(module, imports);
    const memory = (): string =>
      Buffer.from((exports['memory'] as WebAssembly.Memory).buffer, 0, 1024).toString('base64');
    try {
      return `${(exports['run'] as (argument: number) => number)(argument)} ${memory()}`;
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return `trap ${memory()}`;
      throw error;
    }
  });
}

test('a random program does the same when it is rewritten, and uses the same fuel each time', async (t) => {
  t.timeout(120_000);
  let trapped = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(999), { minLength: 30, maxLength: 400 }), async (choices) => {
      const bytes = await componentFromText(randomProgram(choices));
      const bare = outcomes(bytes);
      const module = readCoreModule(bytes);
      const limits = { memoryPages: 1, tableEntries: [1] };
      t.deepEqual(outcomes(rewriteModule(module, { ...limits, canonicalNan: true })), bare);
      const metered = rewriteModule(module, { ...limits, meter: true, canonicalNan: true });
      const runs = [1, 2].map(() => {
        const meter = new Meter({ fuel: 1n << 40n });
        const results = outcomes(metered, { [METER_MODULE]: meter.imports });
        return {
          results,
          used: meter.used,
          stack: (meter.imports['cell'] as WebAssembly.Global<bigint>).value & 0x1f_ffffn,
        };
      });
      t.deepEqual(runs[0]?.results, bare);
      t.deepEqual(runs[0], runs[1]);
      const any = bare.some((outcome) => outcome.startsWith('trap'));
      if (any) trapped++;
      // Whatever way it was left by, the stack is given back.
      else
        t.is(
          runs[0]?.stack,
          (new Meter({ fuel: 0n }).imports['cell'] as WebAssembly.Global<bigint>).value & 0x1f_ffffn,
        );
    }),
    { numRuns: 150 },
  );
  t.true(trapped < 120, `${trapped} of 150 programs trapped`);
});
