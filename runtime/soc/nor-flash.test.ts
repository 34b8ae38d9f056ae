import test from 'ava';
import fc from 'fast-check';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileMedium } from '../adapters/file-medium.ts';
import type { Medium } from '../hil/medium.ts';
import { MemoryMedium } from './memory-medium.ts';
import { FlashFault, NorFlash, norMediumBytes } from './nor-flash.ts';

const SIZE = 16 * 1024;
const BLOCK = 4096;
const MEDIUM_BYTES = norMediumBytes(SIZE, BLOCK);

function inFile(name: string): { readonly open: () => FileMedium; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  return {
    open: () => new FileMedium(join(folder, name), MEDIUM_BYTES),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** One suite for every medium. */
const MEDIA: readonly {
  readonly name: string;
  readonly make: () => { readonly medium: Medium; readonly done: () => void };
}[] = [
  { name: 'memory', make: () => ({ medium: new MemoryMedium(MEDIUM_BYTES), done: () => undefined }) },
  {
    name: 'a file',
    make: () => {
      const file = inFile('flash.bin');
      const medium = file.open();
      return { medium, done: () => (medium.close(), file.remove()) };
    },
  },
];

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('program' as const),
    offset: fc.nat(SIZE + 10),
    bytes: fc.uint8Array({ maxLength: 5000 }),
  }),
  fc.record({
    kind: fc.constant('erase' as const),
    offset: fc.oneof(
      fc.nat(SIZE + 10),
      fc.nat(4).map((n) => n * BLOCK),
    ),
    bytes: fc.constant(new Uint8Array(0)),
  }),
);

for (const { name, make } of MEDIA) {
  test(`flash in ${name} does what an array of bits does, and a refused operation changes nothing`, (t) => {
    const run = fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      const { medium, done } = make();
      const flash = new NorFlash(medium, SIZE, BLOCK);
      const model = new Uint8Array(SIZE).fill(0xff);
      try {
        for (const { kind, offset, bytes } of operations) {
          const expected = kind === 'erase' ? modelErase(model, offset) : modelProgram(model, offset, bytes);
          const got = codeOf(() => (kind === 'erase' ? flash.eraseBlock(offset) : flash.program(offset, bytes)));
          if (got !== expected) return false;
        }
        return Buffer.compare(flash.read(0, SIZE), model) === 0;
      } finally {
        done();
      }
    });
    t.notThrows(() => fc.assert(run, { numRuns: name === 'memory' ? 200 : 30 }));
  });
}

function modelProgram(model: Uint8Array, offset: number, bytes: Uint8Array): string | undefined {
  if (offset + bytes.length > SIZE) return 'flash-out-of-range';
  if (bytes.some((byte, index) => ((model[offset + index] ?? 0) & byte) !== byte)) return 'flash-not-erased';
  model.set(bytes, offset);
  return undefined;
}

function modelErase(model: Uint8Array, offset: number): string | undefined {
  if (offset + BLOCK > SIZE) return 'flash-out-of-range';
  if (offset % BLOCK !== 0) return 'flash-misaligned';
  model.fill(0xff, offset, offset + BLOCK);
  return undefined;
}

function codeOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof FlashFault) return error.code;
    throw error;
  }
}

test('a block wears out after its erases, also over a power cut, and its neighbours do not', (t) => {
  const medium = new MemoryMedium(MEDIUM_BYTES);
  for (let erases = 0; erases < 3; erases++) new NorFlash(medium, SIZE, BLOCK, 3).eraseBlock(BLOCK);
  const flash = new NorFlash(medium, SIZE, BLOCK, 3);
  t.is(flash.wear(BLOCK), 3);
  t.is(
    codeOf(() => flash.eraseBlock(BLOCK)),
    'flash-worn-out',
  );
  t.is(
    codeOf(() => flash.eraseBlock(0)),
    undefined,
  );
});

test('flash in a file is there when it is opened again, and takes no room before it is written', (t) => {
  const file = inFile('flash.bin');
  t.teardown(file.remove);
  const first = file.open();
  new NorFlash(first, SIZE, BLOCK).program(5, Uint8Array.of(1, 2, 3));
  first.close();
  const second = file.open();
  t.deepEqual(new NorFlash(second, SIZE, BLOCK).read(4, 5), Uint8Array.of(0xff, 1, 2, 3, 0xff));
  second.close();
});

test('the file of a device is for its owner alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fuses.bin');
  const medium = new FileMedium(path, 16 * 1024 * 1024);
  medium.close();
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(statSync(path).blocks, 0, 'sparse');
});
