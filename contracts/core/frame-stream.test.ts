import test from 'ava';
import fc from 'fast-check';
import { ByteWriter, concatBytes } from './bytes.ts';
import { FrameError, FrameStream } from './frame-stream.ts';

const MAX = 32;
const framed = (bytes: Uint8Array) => new ByteWriter().u32(bytes.length).bytes(bytes).finish();

test('FrameStream gives back the frames however the stream is cut', (t) => {
  const frames = fc.array(fc.uint8Array({ maxLength: MAX }), { maxLength: 8 });
  const law = fc.property(frames, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (given, sizes) => {
    const bytes = concatBytes(...given.map(framed));
    const stream = new FrameStream(MAX);
    const seen: Uint8Array[] = [];
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      seen.push(...stream.push(bytes.subarray(at, at + size)));
      at += size;
    }
    t.deepEqual(seen, given);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('FrameStream takes a frame of exactly its bound and refuses one byte more, before that byte is there', (t) => {
  t.is(new FrameStream(MAX).push(framed(new Uint8Array(MAX))).length, 1);
  const header = new ByteWriter().u32(MAX + 1).finish();
  t.is(t.throws(() => new FrameStream(MAX).push(header), { instanceOf: FrameError })?.code, 'frame-too-large');
});

test('FrameStream keeps frames of its own: a caller may use its buffer again', (t) => {
  const stream = new FrameStream(MAX);
  const buffer = framed(Uint8Array.of(1, 2, 3));
  const first = stream.push(buffer.subarray(0, 5));
  const rest = buffer.slice(5);
  buffer.fill(0xff);
  t.deepEqual([...first, ...stream.push(rest)], [Uint8Array.of(1, 2, 3)]);
});

test('FrameStream.reset() forgets an unfinished frame', (t) => {
  const stream = new FrameStream(MAX);
  stream.push(Uint8Array.of(9, 0, 0));
  stream.reset();
  t.deepEqual(stream.push(framed(Uint8Array.of(7))), [Uint8Array.of(7)]);
});
