import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { concatBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { FrameStream } from './frame-stream.ts';
import type { GroupOrder, GroupWord } from './group-frame.ts';
import {
  GROUP_FRAME_MAX_BYTES,
  GROUP_PLACEMENTS,
  decodeGroupOrder,
  decodeGroupWord,
  deliver,
  encodeGroupOrder,
  encodeGroupWord,
} from './group-frame.ts';

const context = fc.integer({ min: 1, max: 7 });

test('an order comes back as it was', (t) => {
  const order: fc.Arbitrary<GroupOrder> = fc.oneof(
    fc.record({
      kind: fc.constant('group' as const),
      placement: fc.constantFrom(...GROUP_PLACEMENTS),
      contexts: fc.uniqueArray(context),
    }),
    fc.record({ kind: fc.constant('begin' as const), context, length: fc.nat() }),
    fc.record({ kind: fc.constant('piece' as const), context, bytes: fc.uint8Array() }),
    fc.record({ kind: fc.constant('kill' as const), context }),
  );
  const law = fc.property(order, (given) => t.deepEqual(decodeGroupOrder(encodeGroupOrder(given).subarray(4)), given));
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('a word comes back as it was', (t) => {
  const word: fc.Arbitrary<GroupWord> = fc.record({
    context,
    exitCode: fc.option(fc.nat(255), { nil: undefined }),
    lastWords: fc.string({ unit: 'grapheme', maxLength: 100 }),
  });
  const law = fc.property(word, (given) => t.deepEqual(decodeGroupWord(encodeGroupWord(given).subarray(4)), given));
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('bytes of any length arrive whole through their pieces', (t) => {
  for (const length of [0, 1, GROUP_FRAME_MAX_BYTES, 300_000]) {
    const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
    const stream = new FrameStream(GROUP_FRAME_MAX_BYTES);
    const [begin, ...pieces] = deliver(3, bytes)
      .flatMap((order) => stream.push(encodeGroupOrder(order)))
      .map(decodeGroupOrder);
    t.deepEqual(begin, { kind: 'begin', context: 3, length });
    t.deepEqual(
      concatBytes(...pieces.map((piece) => (piece.kind === 'piece' ? piece.bytes : new Uint8Array(0)))),
      bytes,
    );
  }
});

const REFUSED: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a kind that is not known', Uint8Array.of(9, 1, 0, 0, 0, 0), 'group-frame-malformed'],
  [
    'an order where a word is wanted',
    encodeGroupOrder({ kind: 'begin', context: 1, length: 7 }).subarray(4),
    'group-frame-malformed',
  ],
  ['a context that the chip does not have', Uint8Array.of(5, 8, 0, 0, 0, 0), 'group-frame-malformed'],
  ['the context of the OS', Uint8Array.of(5, 0, 0, 0, 0, 0), 'group-frame-malformed'],
  ['reserved bits', Uint8Array.of(5, 1, 1, 0, 0, 0), 'group-frame-malformed'],
  ['an exit code over 255', Uint8Array.of(5, 1, 0, 0, 1, 1), 'group-frame-malformed'],
  ['last words over their bound', Uint8Array.of(5, 1, 0, 0, 0, 0, ...new Uint8Array(4097)), 'group-frame-malformed'],
  ['no exit code', Uint8Array.of(5, 1, 0, 0), 'layout-truncated'],
];
for (const [why, bytes, code] of REFUSED) {
  test(`decodeGroupWord() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeGroupWord(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('group frames throw nothing but their own codes, whatever the bytes', (t) => {
  const codes = ['group-frame-malformed', 'layout-truncated', 'layout-trailing-bytes'];
  const word = encodeGroupWord({ context: 2, exitCode: 7, lastWords: 'gone' }).subarray(4);
  codedErrorsOnly(t, decodeGroupWord, [word], codes);
  const order = encodeGroupOrder({ kind: 'group', placement: 'thread', contexts: [4, 5] }).subarray(4);
  codedErrorsOnly(t, decodeGroupOrder, [order], codes);
});
