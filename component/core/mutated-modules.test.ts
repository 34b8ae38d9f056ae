import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { unlistedWords } from '../../test/support/listed-words.ts';
import { componentFromText } from '../../test/support/components.ts';
import { VARIED } from '../../test/support/varied-module.ts';
import { ComponentError } from '../component-error.ts';
import { readCoreModule } from './read-core-module.ts';

const CODES = [
  'component-truncated',
  'component-malformed',
  'component-too-complex',
  'index-out-of-range',
  'core-module-malformed',
  'core-feature-not-supported',
  'core-opcode-not-allowed',
  'core-type-not-allowed',
  'memory-shared',
  'memory-64',
  'memories-too-many',
];
/** A refusal for its lengths and counts: the engine has to agree. */
const FOR_LENGTH = ['component-truncated', 'component-malformed', 'core-module-malformed', 'index-out-of-range'];
/** What a byte is changed to: openings of features that are not listed, ends, and single bits. */
const INTERESTING = [
  0x00, 0x05, 0x06, 0x0a, 0x0b, 0x12, 0x14, 0x18, 0x1f, 0x40, 0x5f, 0x63, 0x64, 0x6e, 0x80, 0xd3, 0xd5, 0xe0, 0xfb,
  0xfc, 0xfd, 0xfe, 0xff,
];

test('readCoreModule() answers hostile bytes with its own errors alone', async (t) => {
  codedErrorsOnly(t, readCoreModule, [await componentFromText(VARIED)], CODES);
});

test('no changed byte brings an instruction off the list past the reader, and no length that the engine takes is refused', async (t) => {
  t.timeout(120_000);
  const seed = Uint8Array.from(await componentFromText(VARIED));
  t.true(WebAssembly.validate(seed));
  const faults: string[] = [];
  let both = 0;
  for (let at = 8; at < seed.length; at++) {
    const was = seed[at] ?? 0;
    const values = new Set([...INTERESTING, ...Array.from({ length: 8 }, (_, bit) => was ^ (1 << bit))]);
    for (const value of values) {
      const changed = seed.with(at, value);
      const valid = WebAssembly.validate(changed);
      const code = refusal(changed);
      if (valid && code !== undefined && FOR_LENGTH.includes(code)) faults.push(`byte ${at} = ${value}: ${code}`);
      if (!valid || code !== undefined) continue;
      both++;
      // Another disassembler, with all features on, says what the engine would run.
      const unlisted = await unlistedWords(changed);
      if (unlisted.length > 0) faults.push(`byte ${at} = ${value}: ${unlisted.join()}`);
    }
  }
  t.deepEqual(faults, []);
  t.true(both > 1000, `${both} changed modules were taken by both`);
});

test('the disassembler of these tests knows an instruction that is not listed', async (t) => {
  const words = async (text: string): Promise<readonly string[]> => unlistedWords(await componentFromText(text));
  t.deepEqual(await words('(module (func $throw (export "throw") return_call $throw))'), ['return_call']);
  t.deepEqual(await words('(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))'), ['i32.atomic.load']);
  t.deepEqual(
    await words('(module (func (param v128 v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))))'),
    ['i8x16.relaxed_swizzle'],
  );
  t.deepEqual(await words(VARIED), []);
});

function refusal(bytes: Uint8Array): string | undefined {
  try {
    readCoreModule(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}
