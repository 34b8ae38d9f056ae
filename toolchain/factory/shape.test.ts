import test from 'ava';
import fc from 'fast-check';
import { deviceEvent } from './device-shapes.ts';
import { LineStream } from './line-stream.ts';
import { parseConsoleLine } from './boot-console.ts';
import { FactoryError } from './factory-error.ts';
import { ShapeMismatch, list, nullable, number, oneOf, record, text } from './shape.ts';

const shape = record({ name: text(5), count: number, kind: oneOf('a', 'b'), more: nullable(list(text(3), 2)) });

test('a shape gives back what it knows and leaves the rest behind', (t) => {
  const value = { name: 'pin', count: 1, kind: 'a', more: ['x'], other: true } as const;
  t.deepEqual(shape(value, 'v'), { name: 'pin', count: 1, kind: 'a', more: ['x'] });
  t.is(shape({ ...value, more: null }, 'v').more, null);
});

const MISMATCHES: readonly (readonly [string, unknown])[] = [
  ['v', null],
  ['v', []],
  ['v.name', { count: 1 }],
  ['v.name', Object.create({ name: 'pin' })], // what is inherited was not sent
  ['v.name', { name: 'longer' }],
  ['v.count', { name: 'pin', count: Number.NaN }],
  ['v.count', { name: 'pin', count: '1' }],
  ['v.kind', { name: 'pin', count: 1, kind: 'c' }],
  ['v.more', { name: 'pin', count: 1, kind: 'a', more: ['x', 'y', 'z'] }],
  ['v.more[1]', { name: 'pin', count: 1, kind: 'a', more: ['x', 2] }],
];
for (const [path, value] of MISMATCHES) {
  test(`a shape names ${path} as what does not fit in ${JSON.stringify(value)}`, (t) => {
    t.is(t.throws(() => shape(value, 'v'), { instanceOf: ShapeMismatch })?.path, path);
  });
}

test('any value is an event or a mismatch', (t) => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      try {
        deviceEvent(value, 'event');
      } catch (error) {
        return error instanceof ShapeMismatch;
      }
      return true;
    }),
  );
  t.pass();
});

test('LineStream gives the same lines however the bytes are cut', (t) => {
  const lines = fc.array(fc.stringMatching(/^[a-zé€]{1,20}$/), { maxLength: 10 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(200)), (wanted, cuts) => {
      const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(''));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const stream = new LineStream(100);
      const got = places.slice(1).flatMap((end, index) => stream.push(bytes.subarray(places[index], end)));
      return JSON.stringify(got) === JSON.stringify(wanted);
    }),
  );
  t.pass();
});

for (const words of ['x'.repeat(11), `${'x'.repeat(11)}\n`]) {
  test(`LineStream refuses a line of 11 bytes where 10 are allowed ${words.endsWith('\n') ? 'with' : 'before'} its end`, (t) => {
    t.like(
      t.throws(() => new LineStream(10).push(Buffer.from(words))),
      { code: 'line-too-long' },
    );
  });
}

const CONSOLE: readonly (readonly [string, string])[] = [
  ['{"boot":"rom","ok":true,"digest":"00","ms":1.5}', 'boot'],
  ['{"boot":"os","ok":false,"code":"stage-missing","message":"empty"}', 'boot'],
  ['{"ready":true,"ms":3}', 'ready'],
  ['{"ready":"almost"}', 'other'],
  ['{"reset":"requested","detail":""}', 'reset'],
  ['{"later":1}', 'other'], // what a newer device tells
  ['hello', 'other'],
  ['[]', 'other'],
];
for (const [line, kind] of CONSOLE) {
  test(`parseConsoleLine() takes ${line} for ${kind}`, (t) => {
    t.is<string, string>(parseConsoleLine(line).kind, kind);
  });
}

for (const line of ['{"boot":"rom"}', '{"boot":1,"ok":true}', '{"boot":"rom","ok":true,"ms":"1"}', '{"reset":7}']) {
  test(`parseConsoleLine() refuses ${line}`, (t) => {
    t.like(
      t.throws(() => parseConsoleLine(line), { instanceOf: FactoryError }),
      { code: 'power-failed' },
    );
  });
}
