import test from 'ava';
import { hostFunction } from '../host-interface.ts';
import { PRIMITIVE_TYPES } from '../value-types.ts';
import type { Value, ValueType } from '../value-types.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import type { WitStringEncoding } from '../../test/support/components.ts';
import { componentAround } from '../../test/support/components.ts';
import { coreModule } from '../../test/support/device-app.ts';
import { GuestTrap } from './trap.ts';

const { string, u8, u64 } = PRIMITIVE_TYPES;

/** What the host is given when a guest passes pointer and length with `data` at 64; or the code of the trap. */
async function passed(
  type: ValueType,
  wit: string,
  words: string,
  data = '',
  encoding: WitStringEncoding = 'utf8',
): Promise<Value> {
  let given: Value = 'nothing';
  const host = new Map([['take', hostFunction([{ name: 'x', type }], undefined, (value) => void (given = value))]]);
  const source = `package a:b; interface host { take: func(x: ${wit}); } world w { import host; export run: func(); }`;
  const core = coreModule(
    '(import "a:b/host" "take" (func $take (param i32 i32)))',
    `(data (i32.const 64) "${data}") (func (export "run") (call $take ${words}))`,
  );
  const component = await componentAround(core, source, 'w', encoding);
  const linked = linkComponent(component, new Map([['a:b/host', host]]), { memoryPages: 4 });
  linked.start();
  try {
    linked.func('run').call();
    return given;
  } catch (error) {
    if (error instanceof GuestTrap) return error.code;
    throw error;
  }
}

/** Encoding, bytes, code units (with the tag of UTF-16 where the encoding has one), and the string or the trap. */
const STRINGS: readonly (readonly [string, WitStringEncoding, string, number, string])[] = [
  ['four bytes of UTF-8', 'utf8', '\\f0\\9f\\98\\80', 4, '\u{1f600}'],
  ['a byte order mark, which is text like any other', 'utf8', '\\ef\\bb\\bfa', 4, '\ufeffa'],
  ['a byte that begins nothing', 'utf8', '\\ff', 1, 'string-invalid'],
  ['a sequence that is cut off', 'utf8', '\\e2\\82', 2, 'string-invalid'],
  ['a zero in two bytes', 'utf8', '\\c0\\80', 2, 'string-invalid'],
  ['a surrogate in UTF-8', 'utf8', '\\ed\\a0\\80', 3, 'string-invalid'],
  ['a code point over 10ffff', 'utf8', '\\f4\\90\\80\\80', 4, 'string-invalid'],
  ['a pair of surrogates', 'utf16', '=\\d8\\00\\de', 2, '\u{1f600}'],
  ['a lone leading surrogate', 'utf16', '=\\d8a\\00', 2, 'string-invalid'],
  ['a lone trailing surrogate', 'utf16', '\\00\\de', 1, 'string-invalid'],
  ['a surrogate pair the wrong way round', 'utf16', '\\00\\de=\\d8', 2, 'string-invalid'],
  ['every byte of Latin-1', 'compact-utf16', 'a\\e9\\ff', 3, 'aéÿ'],
  ['the other half of latin1+utf16', 'compact-utf16', '=\\d8\\00\\de', 0x8000_0002, '\u{1f600}'],
  ['a lone surrogate there', 'compact-utf16', '=\\d8', 0x8000_0001, 'string-invalid'],
];

for (const [what, encoding, data, units, expected] of STRINGS) {
  test(`a guest's string that is ${what} (${encoding}) is that string or a trap`, async (t) => {
    t.is(await passed(string, 'string', `(i32.const 64) (i32.const ${units})`, data, encoding), expected);
  });
}

test('a string at an odd address is a trap where its units have two bytes', async (t) => {
  for (const encoding of ['utf16', 'compact-utf16'] as const)
    t.is(await passed(string, 'string', '(i32.const 65) (i32.const 0)', '', encoding), 'pointer-misaligned');
});

/** Lists that no memory holds: pointer and length. */
const LISTS: readonly (readonly [string, ValueType, string, number])[] = [
  ['2^31 bytes', { kind: 'list', element: u8 }, 'list<u8>', 2 ** 31],
  ['2^32 - 1 bytes', { kind: 'list', element: u8 }, 'list<u8>', 2 ** 32 - 1],
  ['2^31 words of 64 bits', { kind: 'list', element: u64 }, 'list<u64>', 2 ** 31],
  ['2^29 words of 64 bits: 2^32 bytes', { kind: 'list', element: u64 }, 'list<u64>', 2 ** 29],
  ['2^31 strings', { kind: 'list', element: string }, 'list<string>', 2 ** 31],
];

for (const [what, type, wit, length] of LISTS) {
  test.serial(`a list of ${what} is a trap, and nothing is set aside for it`, async (t) => {
    const before = process.memoryUsage().arrayBuffers;
    t.is(await passed(type, wit, `(i32.const 0) (i32.const ${length})`), 'pointer-out-of-bounds');
    t.true(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
  });
}
