import test from 'ava';
import fc from 'fast-check';
import { coreBytes, coreSection, fullModuleOf, moduleOf } from '../../test/support/core-modules.ts';
import { encodeU32 } from '../binary/binary-reader.ts';
import { Budget } from '../binary/budget.ts';
import type { ComponentErrorCode } from '../component-error.ts';
import { ComponentError } from '../component-error.ts';
import { BODY_OPCODES, IMMEDIATE, REFUSED } from './opcodes.ts';
import { readCoreModule } from './read-core-module.ts';

function refusal(bytes: Uint8Array): ComponentError | undefined {
  try {
    readCoreModule(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ComponentError) return error;
    throw error;
  }
}

const OPCODE = 'core-opcode-not-allowed';
const TYPE = 'core-type-not-allowed';
const FEATURE = 'core-feature-not-supported';
const END = 0x0b;
const VOID = coreSection(1, 1, 0x60, 0, 0);
const ONE_FUNCTION = coreSection(3, 1, 0);
const EMPTY_BODY = coreSection(10, 1, 2, 0, END);

/** Feature, module, code; and whether this engine takes it as it comes, so that the canary is known to be one. */
const CANARIES: readonly (readonly [string, Uint8Array<ArrayBuffer>, ComponentErrorCode, boolean])[] = [
  ['an atomic instruction', moduleOf({ code: [0xfe, 0x03, 0x00, END] }), OPCODE, true],
  ['a shared memory', coreBytes(coreSection(5, 1, 3, 1, 2)), 'memory-shared', true],
  ['a tag', coreBytes(VOID, coreSection(13, 1, 0, 0)), FEATURE, true],
  ['an imported tag', coreBytes(VOID, coreSection(2, 1, 0, 0, 4, 0, 0)), FEATURE, true],
  ['try_table', moduleOf({ code: [0x1f, 0x40, 0, END, END] }), OPCODE, true],
  ['try, of the older exceptions', moduleOf({ code: [0x06, 0x40, 0x19, END, END] }), OPCODE, true],
  ['throw_ref', moduleOf({ code: [0x00, 0x0a, END] }), OPCODE, true],
  ['an exception reference', moduleOf({ locals: [[1, 0x69]], code: [END] }), TYPE, true],
  ['return_call', moduleOf({ code: [0x12, 0, END] }), OPCODE, true],
  ['return_call_indirect', fullModuleOf({ code: [0x41, 0, 0x13, 0, 0, END] }), OPCODE, true],
  ['a struct type', coreBytes(coreSection(1, 1, 0x5f, 0)), TYPE, true],
  ['an array type', coreBytes(coreSection(1, 1, 0x5e, 0x7f, 0)), TYPE, true],
  ['a recursive type', coreBytes(coreSection(1, 1, 0x4e, 1, 0x60, 0, 0)), TYPE, true],
  ['a subtype', coreBytes(coreSection(1, 1, 0x50, 0, 0x60, 0, 0)), TYPE, true],
  ['ref.i31', moduleOf({ code: [0x41, 0, 0xfb, 0x1c, 0x1a, END] }), OPCODE, true],
  ['ref.eq', moduleOf({ code: [0x00, 0xd3, 0x1a, END] }), OPCODE, true],
  ['a null of any', moduleOf({ code: [0xd0, 0x6e, 0x1a, END] }), TYPE, true],
  ['a null of a type of its own', moduleOf({ code: [0xd0, 0x00, 0x1a, END] }), TYPE, true],
  ['a typed reference', moduleOf({ locals: [[1, 0x63]], code: [0x70, END] }), TYPE, true],
  ['call_ref', moduleOf({ code: [0x00, 0x14, 0, END] }), OPCODE, true],
  ['br_on_null', moduleOf({ code: [0x00, 0xd5, 0, 0x1a, END] }), OPCODE, true],
  ['a block of a typed reference', moduleOf({ code: [0x02, 0x63, 0x70, 0x00, END, 0x1a, END] }), TYPE, true],
  ['a table of typed references', coreBytes(coreSection(4, 1, 0x63, 0x70, 0, 1)), TYPE, true],
  [
    'a table with a value for its entries',
    coreBytes(coreSection(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, END)),
    TYPE,
    true,
  ],
  ['a 64-bit memory', coreBytes(coreSection(5, 1, 4, 1)), 'memory-64', true],
  ['a 64-bit table', coreBytes(coreSection(4, 1, 0x70, 4, 1)), FEATURE, true],
  ['two memories', coreBytes(coreSection(5, 2, 0, 1, 0, 1)), 'memories-too-many', true],
  ['a page of one byte', coreBytes(coreSection(5, 1, 8, 1, 0)), FEATURE, false],
  ['a shared global', coreBytes(coreSection(6, 1, 0x7f, 2, 0x41, 0, END)), FEATURE, false],
  ['relaxed SIMD', fullModuleOf({ code: [0x00, 0xfd, 0x80, 0x02, 0x1a, END] }), OPCODE, true],
  ['a reserved place among SIMD', moduleOf({ code: [0x00, 0xfd, 0x9a, 0x01, 0x1a, END] }), OPCODE, false],
  ['a division in a constant', coreBytes(coreSection(6, 1, 0x7f, 0, 0x41, 1, 0x41, 2, 0x6e, END)), OPCODE, false],
  [
    'a constant of a global of its own',
    coreBytes(coreSection(6, 2, 0x7f, 0, 0x41, 1, END, 0x7f, 0, 0x23, 0, END)),
    FEATURE,
    true,
  ],
  ['a stringref', moduleOf({ locals: [[1, 0x67]], code: [END] }), TYPE, false],
  ['wide arithmetic', moduleOf({ code: [0x00, 0xfc, 0x13, 0x1a, 0x1a, END] }), OPCODE, false],
  ['a continuation', moduleOf({ code: [0x00, 0xe0, 0, 0x1a, END] }), OPCODE, false],
];

for (const [what, bytes, code, valid] of CANARIES) {
  test(`a module with ${what} is refused as ${code}`, (t) => {
    t.is(refusal(bytes)?.code, code);
    t.is(WebAssembly.validate(bytes), valid, 'what this engine says of the canary');
  });
}

test('a refusal says which instruction, and where in the module', (t) => {
  const bytes = fullModuleOf({ code: [0x01, 0xfd, 0x80, 0x82, 0x00, END] });
  t.deepEqual(refusal(bytes)?.details, { opcode: '0xfd 0x100', offset: bytes.indexOf(0xfd) });
  t.deepEqual(refusal(moduleOf({ code: [0xfe, END] }))?.details, { opcode: '0xfe', offset: 23 });
  t.deepEqual(refusal(moduleOf({ locals: [[1, 0x69]], code: [END] }))?.details, { type: '0x69', offset: 24 });
});

/** Bytes that may stand behind an opcode in `fullModuleOf`, each number in more bytes than it needs where it may be. */
const SAMPLE: Readonly<Record<number, readonly number[]>> = {
  [IMMEDIATE.none]: [],
  [IMMEDIATE.block]: [0x80, 0x00, END],
  [IMMEDIATE.else]: [],
  [IMMEDIATE.index]: [0x80, 0x00],
  [IMMEDIATE.indexPair]: [0x80, 0x00, 0x80, 0x00],
  [IMMEDIATE.branchTable]: [0x82, 0x00, 0x80, 0x00, 0x00, 0x00],
  [IMMEDIATE.selectTypes]: [0x81, 0x00, 0x7f],
  [IMMEDIATE.memory]: [0x80, 0x00, 0x83, 0x80, 0x00],
  [IMMEDIATE.memoryAndLane]: [0x00, 0x83, 0x00, 0x01],
  [IMMEDIATE.memoryIndex]: [0x80, 0x00],
  [IMMEDIATE.memoryIndexPair]: [0x80, 0x00, 0x80, 0x00],
  [IMMEDIATE.indexAndMemoryIndex]: [0x80, 0x00, 0x80, 0x00],
  [IMMEDIATE.i32]: [0xff, 0xff, 0xff, 0xff, 0x7f],
  [IMMEDIATE.i64]: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [IMMEDIATE.bytes4]: [0x0b, 0x0b, 0x0b, 0x0b],
  [IMMEDIATE.bytes8]: [0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b],
  [IMMEDIATE.bytes16]: Array.from({ length: 16 }, () => 0x0b),
  [IMMEDIATE.lane]: [0x01],
  [IMMEDIATE.referenceType]: [0x70],
};

/** Every opcode that there can be: one byte, and 0xfc and 0xfd with the first 1,024 numbers. */
function* everyOpcode(): Generator<{
  readonly opcode: readonly number[];
  readonly listed: number;
  readonly hex: string;
}> {
  const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
  for (let byte = 0; byte < 256; byte++) {
    const listed = BODY_OPCODES.oneByte[byte] ?? REFUSED;
    if (byte !== 0xfc && byte !== 0xfd) yield { opcode: [byte], listed, hex: hex(byte) };
  }
  for (const [prefix, table] of [
    [0xfc, BODY_OPCODES.numeric],
    [0xfd, BODY_OPCODES.vector],
  ] as const) {
    for (let second = 0; second < 1024; second++) {
      const listed = table[second] ?? REFUSED;
      yield { opcode: [prefix, ...encodeU32(second)], listed, hex: `${hex(prefix)} ${hex(second)}` };
    }
  }
}

test('every listed instruction is read to the length that the engine reads, every other one is refused', (t) => {
  let listedCount = 0;
  for (const { opcode, listed, hex } of everyOpcode()) {
    if (listed === IMMEDIATE.end) continue;
    const opened = listed === IMMEDIATE.else ? [0x00, 0x04, 0x40] : [];
    const closed = listed === IMMEDIATE.else ? [END] : [];
    // Behind `unreachable` any operands are there, and after another one any results are gone.
    const code = [...opened, 0x00, ...opcode, ...(SAMPLE[listed] ?? []), 0x00, ...closed, END];
    const bytes = fullModuleOf({ locals: [[1, 0x7f]], code });
    const error = refusal(bytes);
    if (listed === REFUSED) {
      t.is(error?.code, OPCODE, hex);
      t.is(error?.details['opcode'], hex);
      continue;
    }
    listedCount++;
    t.is(error, undefined, hex);
    t.true(WebAssembly.validate(bytes), hex);
  }
  // The first release's without `end`, sign extension, saturating conversions, bulk operations, reference types, SIMD.
  t.is(listedCount, 171 + 5 + 8 + 7 + 9 + 236);
});

/** A body around bytes that are a number, or not: what the engine takes is taken. */
const NUMBERS: readonly (readonly [string, (bytes: readonly number[]) => readonly number[]])[] = [
  ['an i32 constant', (bytes) => [0x41, ...bytes, 0x1a, END]],
  ['an i64 constant', (bytes) => [0x42, ...bytes, 0x1a, END]],
  ['a block type', (bytes) => [0x00, 0x02, ...bytes, 0x00, END, 0x00, END]],
  ['a local', (bytes) => [0x20, ...bytes, 0x1a, END]],
  ['a call', (bytes) => [0x10, ...bytes, END]],
  ['an offset', (bytes) => [0x41, 0, 0x28, 0x02, ...bytes, 0x1a, END]],
  ['an alignment', (bytes) => [0x41, 0, 0x28, ...bytes, 0x00, 0x1a, END]],
  ['a SIMD opcode', (bytes) => [0x00, 0xfd, ...bytes, 0x00, END]],
  ['a label of a branch table', (bytes) => [0x41, 0, 0x0e, 1, ...bytes, 0, END]],
];
/** Bytes near the edges of LEB128: long runs that go on, and last bytes with bits of their own. */
const numberBytes = fc
  .tuple(fc.array(fc.constantFrom(0x80, 0xff, 0x81, 0xc0), { maxLength: 11 }), fc.integer({ min: 0, max: 0x7f }))
  .map(([more, last]) => [...more, last]);
const OUTSIDE: readonly string[] = [OPCODE, TYPE, FEATURE];

/** What the engine takes though the specification 2.0 has no such form (5.4.1, 5.4.6): is it one, and an example. */
const TOO_KIND: readonly (readonly [(what: string, number: readonly number[]) => boolean, Uint8Array<ArrayBuffer>])[] =
  [
    // The byte 0x40, or a type's, as a number of more bytes.
    [
      (what, number) => what === 'a block type' && number.length > 1 && ((number.at(-1) ?? 0) & 0x40) !== 0,
      fullModuleOf({ code: [0x02, 0xc0, 0x7f, END, END] }),
    ],
    // An offset of up to 64 bits, as a 64-bit memory has.
    [
      (what, number) => what === 'an offset' && number.length > 5,
      fullModuleOf({ code: [0x41, 0, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x1a, END] }),
    ],
  ];

test('forms that the engine takes beyond the specification are refused', (t) => {
  for (const [, bytes] of TOO_KIND) {
    t.true(WebAssembly.validate(bytes));
    t.is(refusal(bytes)?.code, 'component-malformed');
  }
});

for (const [what, body] of NUMBERS) {
  test(`${what} that the engine takes is taken, unless it is another feature`, (t) => {
    let taken = 0;
    const property = fc.property(numberBytes, (number) => {
      const bytes = fullModuleOf({ locals: [[1, 0x7f]], code: body(number) });
      if (!WebAssembly.validate(bytes) || TOO_KIND.some(([longer]) => longer(what, number))) return true;
      taken++;
      const code = refusal(bytes)?.code;
      return code === undefined || OUTSIDE.includes(code);
    });
    t.notThrows(() => fc.assert(property, { numRuns: 2000 }));
    t.true(taken > 0);
  });
}

/** Lengths that do not add up, each of which the engine refuses as well. */
const LENGTHS: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] = [
  ['a body that ends before its size', coreBytes(VOID, ONE_FUNCTION, coreSection(10, 1, 3, 0, END, 0x01))],
  ['a body that goes on after its size', coreBytes(VOID, ONE_FUNCTION, coreSection(10, 1, 2, 0, 0x01, END))],
  ['a block without an end', moduleOf({ code: [0x02, 0x40, END] })],
  ['a second end', moduleOf({ code: [END, END] })],
  ['an instruction cut by the end of its body', moduleOf({ code: [0x43, 0, END] })],
  ['a body more than functions', coreBytes(VOID, ONE_FUNCTION, coreSection(10, 2, 2, 0, END, 2, 0, END))],
  ['functions without bodies', coreBytes(VOID, ONE_FUNCTION)],
  ['bodies without functions', coreBytes(VOID, EMPTY_BODY)],
  ['bytes after the last body', coreBytes(VOID, ONE_FUNCTION, coreSection(10, 1, 2, 0, END, 0))],
  ['a data segment less than announced', coreBytes(coreSection(12, 2), coreSection(11, 1, 1, 0))],
  ['announced data segments and none', coreBytes(coreSection(12, 1))],
  ['the data count after the code', coreBytes(VOID, ONE_FUNCTION, EMPTY_BODY, coreSection(12, 0))],
  ['code before functions', coreBytes(VOID, EMPTY_BODY, ONE_FUNCTION)],
  ['a code section twice', coreBytes(VOID, ONE_FUNCTION, EMPTY_BODY, EMPTY_BODY)],
  ['a constant without an end', coreBytes(coreSection(6, 1, 0x7f, 0, 0x41, 0))],
  ['a data segment past its section', coreBytes(coreSection(11, 1, 1, 2, 0))],
  ['an element segment of a ninth form', coreBytes(coreSection(9, 1, 8, 0))],
  ['a custom section with a name past its end', coreBytes(coreSection(0, 3, 0x61))],
  ['bytes after the start function', coreBytes(VOID, ONE_FUNCTION, coreSection(8, 0, 0), EMPTY_BODY)],
  ['a select of two types', moduleOf({ code: [0x00, 0x1c, 2, 0x7f, 0x7f, 0x1a, END] })],
];
for (const [what, bytes] of LENGTHS) {
  test(`a module with ${what} is refused here as it is by the engine`, (t) => {
    t.false(WebAssembly.validate(bytes));
    t.regex(refusal(bytes)?.code ?? 'taken', /^(core-module-malformed|component-truncated|component-malformed)$/);
  });
}

/** At the bound, and one over it; the engine has the same bounds. */
const BOUNDS: readonly (readonly [string, (over: number) => Uint8Array<ArrayBuffer>])[] = [
  [
    '50,000 locals',
    (over) =>
      moduleOf({
        locals: [
          [25_000, 0x7f],
          [25_000 + over, 0x7e],
        ],
        code: [END],
      }),
  ],
  [
    '65,520 labels',
    (over) => moduleOf({ code: [0x41, 0, 0x0e, ...encodeU32(65_520 + over), ...new Uint8Array(65_521 + over), END] }),
  ],
  ['7,654,321 bytes', (over) => functionOfBytes(7_654_321 + over)],
];
for (const [what, bytes] of BOUNDS) {
  test(`a function may have ${what} and no more`, (t) => {
    t.is(refusal(bytes(0)), undefined);
    t.true(WebAssembly.validate(bytes(0)));
    t.is(refusal(bytes(1))?.code, 'component-too-complex');
    t.false(WebAssembly.validate(bytes(1)));
  });
}

function functionOfBytes(size: number): Uint8Array<ArrayBuffer> {
  return longFunction(new Uint8Array(size - 2).fill(0x01));
}

/** A module of one function without locals, of this code and an `end`. */
function longFunction(code: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = encodeU32(code.length + 2);
  const section = encodeU32(1 + size.length + code.length + 2);
  const head = [...coreBytes(VOID, ONE_FUNCTION), 10, ...section, 1, ...size, 0];
  const bytes = new Uint8Array(head.length + code.length + 1);
  bytes.set(head);
  bytes.set(code, head.length);
  bytes[bytes.length - 1] = END;
  return bytes;
}

test('parameters count as locals, as they do for the engine', (t) => {
  const withLocals = (count: number): Uint8Array<ArrayBuffer> =>
    coreBytes(coreSection(1, 1, 0x60, 2, 0x7f, 0x7f, 0), ONE_FUNCTION, bodyOfLocals(count));
  t.true(WebAssembly.validate(withLocals(49_998)));
  t.is(refusal(withLocals(49_998)), undefined);
  t.false(WebAssembly.validate(withLocals(49_999)));
  t.is(refusal(withLocals(49_999))?.code, 'component-too-complex');
});

function bodyOfLocals(count: number): number[] {
  const body = [1, ...encodeU32(count), 0x7f, END];
  return coreSection(10, 1, body.length, ...body);
}

test('blocks within blocks cost nothing but their bytes', (t) => {
  const code = new Uint8Array(3_000_000).fill(END);
  for (let at = 0; at < 2_000_000; at += 2) code.set([0x02, 0x40], at);
  t.is(refusal(longFunction(code)), undefined);
});

test('what is kept and walked is counted over all modules of a component', (t) => {
  const module = fullModuleOf({ code: [0x01, 0x01, END] });
  // A type, a function and a global; three instructions, two of the global's value.
  const budget = { entries: new Budget(6), instructions: new Budget(10) };
  readCoreModule(module, budget);
  readCoreModule(module, budget);
  t.is(t.throws(() => readCoreModule(module, budget), { instanceOf: ComponentError })?.code, 'component-too-complex');
  const entriesLeft = { entries: new Budget(9), instructions: new Budget(4) };
  t.is(
    t.throws(() => readCoreModule(module, entriesLeft), { instanceOf: ComponentError })?.code,
    'component-too-complex',
  );
});
