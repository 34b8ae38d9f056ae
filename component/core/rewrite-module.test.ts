import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { componentFromText } from '../../test/support/components.ts';
import { coreBytes, coreSection, moduleOf } from '../../test/support/core-modules.ts';
import { VARIED } from '../../test/support/varied-module.ts';
import { ComponentError } from '../component-error.ts';
import type { ComponentErrorCode } from '../component-error.ts';
import { readCoreModule } from './read-core-module.ts';
import type { Rewriting } from './rewrite-module.ts';
import { rewriteModule } from './rewrite-module.ts';

const METERED: Pick<Rewriting, 'meter' | 'canonicalNan'> = { meter: true, canonicalNan: true };

function rewrite(bytes: Uint8Array, mode = METERED): Uint8Array<ArrayBuffer> {
  const module = readCoreModule(bytes);
  const tableEntries = module.tables.map(() => 65_536);
  return Uint8Array.from(rewriteModule(module, { memoryPages: 65_536, tableEntries, ...mode }));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function codeOf(bytes: Uint8Array): string {
  try {
    rewrite(bytes);
    return 'rewritten';
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}

const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;

/** A guest that reaches for what metering adds, and how it is stopped: by us, or by the engine that finds the rewritten module invalid. */
const REACHING: readonly (readonly [string, Uint8Array, ComponentErrorCode | 'engine'])[] = [
  // The local after its own is where fuel is kept.
  ['a local that is ours', moduleOf({ code: [0x42, 0, 0x21, 0, 0x0b] }), 'core-module-malformed'],
  [
    'a local of ours, read',
    moduleOf({ locals: [[3, I32]], results: [I64], code: [0x20, 3, 0x0b] }),
    'core-module-malformed',
  ],
  // The label around the guest's outermost: a way out that gives no stack back.
  ['the label around all', moduleOf({ code: [0x0c, 1, 0x0b] }), 'core-module-malformed'],
  ['the label around all, by a table', moduleOf({ code: [0x41, 0, 0x0e, 1, 0, 1, 0x0b] }), 'core-module-malformed'],
  [
    'the label around all, on a condition',
    moduleOf({ code: [0x03, 0x40, 0x41, 0, 0x0d, 2, 0x0b, 0x0b] }),
    'core-module-malformed',
  ],
  // The type after its own is that of the function that asks for fuel.
  ['a type of ours, in a block', moduleOf({ code: [0x42, 0, 0x02, 1, 0x0b, 0x1a, 0x0b] }), 'index-out-of-range'],
  ['a type of ours, in a call', moduleOf({ code: [0x42, 0, 0x41, 0, 0x11, 1, 0, 0x1a, 0x0b] }), 'index-out-of-range'],
  ['a function of ours', moduleOf({ code: [0x42, 0, 0x10, 1, 0x1a, 0x0b] }), 'index-out-of-range'],
  // Imports stand where no index of the guest's leads: what was out of range is.
  ['a global of ours', moduleOf({ results: [I64], code: [0x23, 0, 0x0b] }), 'engine'],
  ['a global of ours, set', moduleOf({ code: [0x42, 0, 0x24, 0, 0x0b] }), 'engine'],
  ['a reference to a function of ours', moduleOf({ results: [0x70], code: [0xd2, 1, 0x0b] }), 'engine'],
  [
    'a global of ours, exported',
    coreBytes(
      coreSection(1, 1, 0x60, 0, 0),
      coreSection(3, 1, 0),
      coreSection(7, 1, 1, 0x67, 3, 0),
      coreSection(10, 1, 2, 0, 0x0b),
    ),
    'index-out-of-range',
  ],
];
for (const [what, bytes, code] of REACHING) {
  test(`a guest does not reach ${what}`, (t) => {
    t.false(WebAssembly.validate(Uint8Array.from(bytes)));
    if (code === 'engine') t.false(WebAssembly.validate(rewrite(bytes)));
    else t.is(codeOf(bytes), code);
  });
}

test('a guest that imports from where the meter comes from is refused, whatever it asks for', async (t) => {
  for (const wanted of ['"cell" (global (mut i64))', '"spent" (func (param i64) (result i64))', '"x" (func)'])
    t.is(codeOf(await componentFromText(`(module (import "casemate:meter" ${wanted}) (func))`)), 'name-repeated');
});

test('names of functions stay with their functions', async (t) => {
  const bytes = rewrite(
    await componentFromText(`(module $m (import "a" "b" (func $imported))
      (func $falls (unreachable)) (func (export "run") (call $falls)))`),
    { meter: true },
  );
  const module = new WebAssembly.Module(bytes);
  t.is(WebAssembly.Module.customSections(module, 'name').length, 1);
  const given = {
    cell: new WebAssembly.Global({ value: 'i64', mutable: true }, 1n << 40n),
    spent: String,
    wait: String,
  };
  const { exports } = new WebAssembly.Instance(module, { a: { b: String }, 'casemate:meter': given });
  const error = t.throws(exports['run'] as () => void, { instanceOf: WebAssembly.RuntimeError });
  t.regex(error?.stack ?? '', /m\.falls/);
});

test('names that are malformed are left out, and nothing else is', (t) => {
  const name = [4, 0x6e, 0x61, 0x6d, 0x65];
  const of = (...subsections: number[]): Uint8Array<ArrayBuffer> =>
    coreBytes(
      coreSection(1, 1, 0x60, 0, 0),
      coreSection(3, 1, 0),
      coreSection(10, 1, 2, 0, 0x0b),
      coreSection(0, ...name, ...subsections),
    );
  for (const subsections of [[1, 200], [1, 4, 9, 0, 1, 0x66], [7], [1, 2, 1, 0]]) {
    const module = new WebAssembly.Module(rewrite(of(...subsections)));
    t.deepEqual(
      WebAssembly.Module.customSections(module, 'name').map((section) => section.byteLength),
      [0],
    );
  }
});

test('a module without functions is capped and needs no meter', async (t) => {
  const bytes = rewrite(
    await componentFromText('(module (memory (export "m") 1) (global (export "g") i32 (i32.const 1)))'),
  );
  t.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), []);
});

/** What a function may have, at its bound and one over it. */
const BOUNDS: readonly (readonly [string, Uint8Array, string])[] = [
  ['49,999 locals, with ours', moduleOf({ locals: [[49_999, I32]], code: [0x03, 0x40, 0x0b, 0x0b] }), 'rewritten'],
  [
    '50,000 locals, without a place for ours',
    moduleOf({ locals: [[50_000, I32]], code: [0x03, 0x40, 0x0b, 0x0b] }),
    'component-too-complex',
  ],
  [
    'a frame of a mebibyte',
    moduleOf({
      locals: [[49_000, V128]],
      code: [...range(17_000).flatMap(() => [0x41, 0]), ...range(17_000).map(() => 0x1a), 0x0b],
    }),
    'component-too-complex',
  ],
];
for (const [what, bytes, outcome] of BOUNDS) {
  test(`a function with ${what}: ${outcome}`, (t) => {
    t.true(WebAssembly.validate(Uint8Array.from(bytes)));
    t.is(codeOf(bytes), outcome);
    if (outcome === 'rewritten') t.true(WebAssembly.validate(rewrite(bytes)));
  });
}

test('rewriteModule() answers hostile bytes with its own errors alone', async (t) => {
  const codes: readonly ComponentErrorCode[] = [
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
    'memory-over-limit',
    'table-over-limit',
    'name-repeated',
  ];
  codedErrorsOnly(t, (bytes) => rewrite(bytes), [await componentFromText(VARIED)], codes);
});

test('whatever byte is changed: what was valid is valid when it is rewritten, and what was not is not', async (t) => {
  t.timeout(120_000);
  const seed = Uint8Array.from(await componentFromText(VARIED));
  t.true(WebAssembly.validate(rewrite(seed)));
  const faults: string[] = [];
  let valid = 0;
  let invalid = 0;
  for (let at = 8; at < seed.length; at++) {
    const was = seed[at] ?? 0;
    for (const value of new Set([0, 1, 2, 5, 0x0b, 0x0f, 0x40, 0x7b, 0x7f, was ^ 1, was ^ 2, was ^ 0x10, was ^ 0x80])) {
      const changed = seed.with(at, value);
      if (!reads(changed)) continue;
      const before = WebAssembly.validate(changed);
      for (const mode of [{ meter: true }, { canonicalNan: true }] as const) {
        let after: boolean | string;
        try {
          after = WebAssembly.validate(rewrite(changed, mode));
        } catch (error) {
          if (!(error instanceof ComponentError)) throw error;
          after = error.code;
        }
        if ((after === true) !== before) faults.push(`byte ${at} = ${value}: ${before} before, ${after} after`);
      }
      if (before) valid++;
      else invalid++;
    }
  }
  t.deepEqual(faults, []);
  t.true(valid > 500 && invalid > 500, `${valid} valid and ${invalid} invalid modules were rewritten`);
});

function reads(bytes: Uint8Array): boolean {
  try {
    readCoreModule(bytes);
    return true;
  } catch (error) {
    if (error instanceof ComponentError) return false;
    throw error;
  }
}
