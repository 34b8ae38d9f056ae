// One name for what V8, our canonical ABI and wasmtime each call a trap by their own words. It must never name two traps alike that the
// specifications tell apart.

import { GuestTrap } from '../../component/abi/trap.ts';

/** First match wins. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/unreachable/, 'unreachable'],
  [/divide by zero|division by zero/, 'division-by-zero'],
  [/indirect call to null|null function|uninitialized element/, 'table-null'],
  [/table index is out of bounds|undefined element|table access out of bounds/, 'table-out-of-bounds'],
  [
    /list pointer\/length out of bounds|string pointer\/length out of bounds|pointer out of bounds|beyond end of memory/,
    'pointer-out-of-bounds',
  ],
  [
    /list out of bounds|string out of bounds|string content out-of-bounds|list content out-of-bounds/,
    'pointer-out-of-bounds',
  ],
  [/out of bounds memory access|memory access out of bounds/, 'memory-out-of-bounds'],
  [/not aligned|unaligned pointer/, 'pointer-misaligned'],
  [/discriminant/, 'discriminant-invalid'],
  [/valid char|`char`|converted integer out of range for `char`/, 'char-invalid'],
  [/utf-8|utf-16|surrogate|invalid string/i, 'string-invalid'],
  [/unknown handle index|index is a resource.*not|handle index \d+ (is|was) not/, 'handle-unknown'],
  [/wrong type/, 'handle-wrong-type'],
  [/cannot remove owned resource while borrowed|while it is lent/, 'handle-lent'],
  [/cannot lift own resource from a borrow/, 'handle-not-own'],
  [/borrow handles still remain/, 'borrow-kept'],
  [/cannot leave/, 'cannot-leave'],
  [/cannot enter/, 'cannot-enter'],
];

/** Traps of ours that stand for more than one in the specification's terms, or come before them. */
const OURS: Readonly<Record<string, string>> = { 'instance-poisoned': 'cannot-enter' };

/** Of wasmtime's words, or of what was thrown here; anything else comes back as its own words. */
export function trapKind(trap: unknown): string {
  if (trap instanceof GuestTrap) return OURS[trap.code] ?? trap.code;
  const words = trap instanceof Error ? trap.message : String(trap);
  return WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? words;
}
