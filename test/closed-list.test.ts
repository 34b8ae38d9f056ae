// The closed list against what a compiler makes: apps/blink's own core module, changed in every way.

import test from 'ava';
import fc from 'fast-check';
import { join } from 'node:path';
import { readComponent } from '../component/binary/read-component.ts';
import { ComponentError } from '../component/component-error.ts';
import { readCoreModule } from '../component/core/read-core-module.ts';
import { decodeImage } from '../contracts/core/image.ts';
import { buildApp } from '../toolchain/build/build-app.ts';
import { sha256 } from '../toolchain/build/package-app.ts';
import { unlistedWords } from './support/listed-words.ts';

/** A refusal for another feature, or for one that has a bound of its own here: the engine may take such a module. */
const OUTSIDE = [
  'core-opcode-not-allowed',
  'core-type-not-allowed',
  'core-feature-not-supported',
  'memory-shared',
  'memory-64',
  'memories-too-many',
  'component-too-complex',
];

test("one changed byte of apps/blink's core module never gets an instruction off the list past the reader", async (t) => {
  t.timeout(120_000);
  const { image } = await buildApp({ folder: join(import.meta.dirname, '../apps/blink') });
  const { definitions } = readComponent(decodeImage(image, sha256).component);
  const found = definitions.find((definition) => definition.kind === 'core-module');
  if (found === undefined) return t.fail('no core module');
  const { module } = found;
  const bytes = Uint8Array.from(module.bytes);
  t.deepEqual(await unlistedWords(bytes), []);
  const code = module.sections.find(({ id }) => id === 10);
  if (code === undefined) return t.fail('no code');
  const faults: string[] = [];
  const taken: Uint8Array<ArrayBuffer>[] = [];
  const change = fc.tuple(fc.integer({ min: code.start, max: code.end - 1 }), fc.integer({ min: 0, max: 255 }));
  const judged = fc.property(change, ([at, value]) => {
    const changed = bytes.with(at, value);
    const refused = refusal(changed);
    if (!WebAssembly.validate(changed)) return;
    if (refused === undefined) taken.push(changed);
    else if (!OUTSIDE.includes(refused)) faults.push(`byte ${at} = ${value}: ${refused}`);
  });
  fc.assert(judged, { numRuns: 4000 });
  // The disassembler takes its time: a part of them.
  for (const changed of taken.slice(0, 100)) faults.push(...(await unlistedWords(changed)));
  t.deepEqual(faults, []);
  t.true(taken.length > 100, `${taken.length} changed modules were taken by both`);
});

/** The code of a refusal; any other error is the property's to fail with. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    readCoreModule(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}
