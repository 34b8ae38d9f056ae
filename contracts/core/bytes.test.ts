import test from 'ava';
import fc from 'fast-check';
import { ByteReader, ByteWriter, concatBytes, LayoutError, sameBytes } from './bytes.ts';

const field = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  fc.record({ kind: fc.constant('u64' as const), value: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 40 }) }),
);

test('ByteReader reads back whatever fields ByteWriter wrote', (t) => {
  const law = fc.property(fc.array(field, { maxLength: 30 }), fc.integer({ min: 0, max: 64 }), (fields, capacity) => {
    const writer = new ByteWriter(capacity);
    for (const { kind, value } of fields) {
      if (kind === 'u64') writer.u64(value);
      else if (kind === 'bytes') writer.bytes(value);
      else writer[kind](value);
    }
    const reader = new ByteReader(writer.finish());
    for (const { kind, value } of fields) {
      if (kind === 'bytes') t.deepEqual(reader.bytes(value.length), value);
      else t.is(reader[kind](), value);
    }
    reader.end();
    return reader.offset === writer.length;
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('ByteWriter is little-endian', (t) => {
  const bytes = new ByteWriter().u16(0x0102).u32(0x03040506).u64(0x0708n).zeros(2).finish();
  t.deepEqual([...bytes], [2, 1, 6, 5, 4, 3, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('ByteReader reads through a view that starts inside a larger buffer', (t) => {
  t.is(new ByteReader(Uint8Array.of(9, 9, 1, 0, 0, 0).subarray(2)).u32(), 1);
});

const short: readonly (readonly [what: string, read: (reader: ByteReader) => unknown])[] = [
  ['u8', (reader) => reader.u8()],
  ['u16', (reader) => reader.u16()],
  ['u32', (reader) => reader.u32()],
  ['u64', (reader) => reader.u64()],
  ['bytes', (reader) => reader.bytes(1)],
  // Lengths that arithmetic on hostile fields can make.
  ['bytes of a negative length', (reader) => reader.bytes(-1)],
  ['bytes of no length', (reader) => reader.bytes(Number.NaN)],
  ['bytes of half a length', (reader) => reader.bytes(0.5)],
];
for (const [what, read] of short) {
  test(`ByteReader refuses ${what} beyond the end`, (t) => {
    const error = t.throws(() => read(new ByteReader(new Uint8Array(0))), { instanceOf: LayoutError });
    t.is(error?.code, 'layout-truncated');
  });
}

const wide: readonly (readonly [what: string, write: (writer: ByteWriter) => unknown])[] = [
  ['256 in a u8', (writer) => writer.u8(256)],
  ['a negative number', (writer) => writer.u16(-1)],
  ['a fraction', (writer) => writer.u32(1.5)],
  ['NaN', (writer) => writer.u32(Number.NaN)],
  ['2^32 in a u32', (writer) => writer.u32(2 ** 32)],
  ['2^64 in a u64', (writer) => writer.u64(2n ** 64n)],
  ['a negative u64', (writer) => writer.u64(-1n)],
  ['a negative count of zeros, which would take fields back', (writer) => writer.u8(1).zeros(-1)],
];
for (const [what, write] of wide) {
  test(`ByteWriter refuses ${what} instead of cutting it`, (t) => {
    t.is(t.throws(() => write(new ByteWriter()), { instanceOf: LayoutError })?.code, 'layout-out-of-range');
  });
}

test('ByteReader.end() refuses bytes after the last field', (t) => {
  const error = t.throws(() => new ByteReader(Uint8Array.of(1)).end(), { instanceOf: LayoutError });
  t.is(error?.code, 'layout-trailing-bytes');
});

test('ByteWriter.finish() gives a copy that later writes do not change', (t) => {
  const writer = new ByteWriter(8).u8(1);
  const bytes = writer.finish();
  writer.u8(2);
  t.deepEqual(bytes, Uint8Array.of(1));
});

test('sameBytes() compares length and every byte', (t) => {
  t.true(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
  t.false(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
  t.false(sameBytes(Uint8Array.of(1), Uint8Array.of(1, 0)));
});

test('concatBytes() joins in order', (t) => {
  t.deepEqual(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3));
});
