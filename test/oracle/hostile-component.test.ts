import test from 'ava';
import { componentCheck } from '../../as3/adapters/validate-component.ts';
import { ServiceError } from '../../as3/domain/service-error.ts';
import { BuildError } from '../../toolchain/build/build-error.ts';
import { validateComponent } from '../../toolchain/build/wasm-tools.ts';
import { corpus } from '../support/corpus.ts';
import { blinkComponent } from '../support/uploads.ts';
import { jcoOracle } from './jco/oracle.ts';
import type { RunJob } from './jobs.ts';
import { ChildDied } from './line-child.ts';
import { scriptCases } from './script-corpus.ts';

/** Valid definitions over which jco's transpiler panics: afterwards its process answers nobody. */
const PANICS = ['values/transcode.wast:205', 'values/transcode.wast:323'];

for (const where of PANICS) {
  test(`the definition ${where} kills jco's process, and neither the next build nor the next upload`, async (t) => {
    const folder = corpus(t, 'component-model');
    if (folder === undefined) return;
    const hostile = (await scriptCases(folder)).find((found) => found.where === where)?.bytes;
    if (hostile === undefined) return t.fail('the definition is not in the corpus any more');
    const job: RunJob = { kind: 'run', component: hostile, hosts: [], resources: [], calls: [], instances: 'one' };
    await t.throwsAsync(jcoOracle(t).ask(job), { instanceOf: ChildDied });

    const good = await blinkComponent();
    const service = componentCheck();
    // Whether wasm-tools takes it is its own affair: it answers or dies in a process of its own.
    for (const [check, failure] of [
      [(bytes: Uint8Array) => validateComponent(bytes), BuildError],
      [(bytes: Uint8Array) => service.check(bytes), ServiceError],
    ] as const) {
      const [outcome] = await Promise.allSettled([check(hostile)]);
      if (outcome.status === 'rejected') t.true(outcome.reason instanceof failure);
      await t.notThrowsAsync(check(good));
    }
  });
}
