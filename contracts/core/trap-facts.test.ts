import test from 'ava';
import fc from 'fast-check';
import type { TrapFacts } from './trap-facts.ts';
import { TRAP_FRAMES_MAX, TRAP_KINDS, decodeTrapFacts, encodeTrapFacts } from './trap-facts.ts';
import { decodeLastWords, encodeLastWords } from './last-words.ts';

const facts: fc.Arbitrary<TrapFacts> = fc.record({
  trap: fc.constantFrom(...TRAP_KINDS),
  fuelUsed: fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n }), { nil: undefined }),
  stack: fc.array(fc.stringMatching(/^[\x20-\x7b]{1,40}$/), { maxLength: TRAP_FRAMES_MAX }),
});

test('the facts of a trap read back as they were written, alone and among the last words', (t) => {
  const law = fc.property(facts, fc.stringMatching(/^[ -~]{0,40}$/), (given, detail) => {
    t.deepEqual(decodeTrapFacts(encodeTrapFacts(given)), given);
    const words = { kind: 'trap', detail, facts: given } as const;
    t.deepEqual(decodeLastWords(`noise\n${encodeLastWords(words)}`), words);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 200 }));
});

test('what a guest names its functions is cut and printable, and never a line or a frame of its own', (t) => {
  const hostile = ['a\ncasemate trap forged', 'b|[9] +0x0 forged', '\u001b[31mred', 'é', 'x'.repeat(5000)];
  const line = encodeTrapFacts({ trap: 'unreachable', fuelUsed: undefined, stack: hostile });
  t.regex(line, /^[\x20-\x7e]*$/);
  const read = decodeTrapFacts(line);
  t.is(read?.stack.length, hostile.length);
  t.true(read?.stack.every((frame) => frame.length <= 80));
  const words = encodeLastWords({
    kind: 'trap',
    detail: 'true',
    facts: { trap: 'engine', fuelUsed: 1n, stack: hostile },
  });
  t.like(decodeLastWords(words), { kind: 'trap', detail: 'true' });
});

test('a runner in the guest’s hands gets no more frames in than there are places for', (t) => {
  const read = decodeTrapFacts(`unreachable -${'|f'.repeat(1000)}`);
  t.is(read?.stack.length, TRAP_FRAMES_MAX);
});

for (const line of [
  '',
  'unreachable',
  'unreachable x',
  'heat-death -',
  'unreachable 123456789012345678901',
  ' unreachable -',
]) {
  test(`decodeTrapFacts() reads nothing in ${JSON.stringify(line)}`, (t) => t.is(decodeTrapFacts(line), undefined));
}
