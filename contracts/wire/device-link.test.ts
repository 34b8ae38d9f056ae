import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { CodedError } from '../core/coded-error.ts';
import { DEVICE_LINK_FRAME_MAX_BYTES } from '../core/limits.ts';
import type { LinkMethod } from './device-link.ts';
import { decodeLinkFrame, encodeLinkFrame, LINK_METHODS } from './device-link.ts';
import { Packr } from 'msgpackr';

const packr = new Packr({ useRecords: false });
const pack = (value: unknown) => new Uint8Array(packr.pack(value));
/** What follows the length word, after the word itself was checked. */
function body(frame: Uint8Array): Uint8Array {
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
  if (length !== frame.length - 4)
    throw new Error(`the length word says ${length}, there are ${frame.length - 4} bytes`);
  return frame.subarray(4);
}
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('requests, replies and events come back as they were', (t) => {
  const id = fc.nat();
  const json = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(fc.integer(), fc.string(), fc.boolean()));
  const method = fc.constantFrom(...(Object.keys(LINK_METHODS) as LinkMethod[]));
  const law = fc.property(id, method, json, (number, name, values) => {
    const request = { id: number, method: name, params: values };
    t.deepEqual(plain(decodeLinkFrame(body(encodeLinkFrame(request)))), plain(request));
    const done = { id: number, ok: true, result: values } as const;
    t.deepEqual(plain(decodeLinkFrame(body(encodeLinkFrame(done)))), plain(done));
    const failed = { id: number, ok: false, error: { code: 'x', message: 'y' } } as const;
    t.deepEqual(plain(decodeLinkFrame(body(encodeLinkFrame(failed)))), plain(failed));
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
  const event = { event: { t: 5, kind: 'log', app: 'Blink', componentId: 'x', message: 'on' } } as const;
  t.deepEqual(plain(decodeLinkFrame(body(encodeLinkFrame(event)))), event);
});

test('bytes travel as bytes', (t) => {
  const request = { id: 1, method: 'image.write', params: { offset: 0, bytes: Uint8Array.of(1, 2, 3) } } as const;
  const decoded = decodeLinkFrame(body(encodeLinkFrame(request)));
  const bytes = 'params' in decoded ? decoded.params['bytes'] : undefined;
  t.true(bytes instanceof Uint8Array);
  t.deepEqual([...(bytes as Uint8Array)], [1, 2, 3]);
});

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['no bytes', new Uint8Array(0), 'link-frame-malformed'],
  ['two values', Uint8Array.of(0x80, 0x80), 'link-frame-malformed'],
  ['a list', Uint8Array.of(0x90), 'link-frame-malformed'],
  ['a map that is none of the three', pack({ id: 1 }), 'link-frame-malformed'],
  ['no id', pack({ method: 'restart', params: {} }), 'link-frame-malformed'],
  ['an id that is no number', pack({ id: 'x', method: 'restart', params: {} }), 'link-frame-malformed'],
  ['a method that is not known', pack({ id: 1, method: 'device.open', params: {} }), 'link-method-unknown'],
  ['a method that every object has', pack({ id: 1, method: 'toString', params: {} }), 'link-method-unknown'],
  ['params that are no map', pack({ id: 1, method: 'restart', params: [] }), 'link-frame-malformed'],
  ['an error that is no map', pack({ id: 1, ok: false, error: 'x' }), 'link-frame-malformed'],
  ['65,000 lists inside one another', new Uint8Array(65_000).fill(0x91), 'link-frame-malformed'],
  [
    'a list of 2^32 - 1 elements that are not there',
    Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
    'link-frame-malformed',
  ],
];
for (const [why, bytes, code] of refused) {
  test(`decodeLinkFrame() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeLinkFrame(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('encodeLinkFrame() refuses a frame over the bound', (t) => {
  const big = { id: 1, ok: true, result: new Uint8Array(DEVICE_LINK_FRAME_MAX_BYTES) } as const;
  t.is(t.throws(() => encodeLinkFrame(big), { instanceOf: CodedError })?.code, 'link-frame-too-large');
});

test('decodeLinkFrame() gives __proto__ no power', (t) => {
  // {"id":1,"method":"restart","params":{"__proto__":{"admin":true}}}
  const params = new Map([['__proto__', new Map([['admin', true]])]]);
  const frame = pack(
    new Map<string, unknown>([
      ['id', 1],
      ['method', 'restart'],
      ['params', params],
    ]),
  );
  const decoded = decodeLinkFrame(frame);
  t.is(({} as Record<string, unknown>)['admin'], undefined);
  t.is('params' in decoded ? decoded.params['admin'] : 'no params', undefined);
});

test('decodeLinkFrame() throws nothing but its own codes, whatever the bytes', (t) => {
  const seeds = [
    pack({ id: 1, method: 'image.write', params: { offset: 3, bytes: Uint8Array.of(1, 2) } }),
    pack({ id: 2, ok: false, error: { code: 'x', message: 'y' } }),
    pack({ event: { t: 1.5, kind: 'exit', app: 'a' } }),
  ];
  codedErrorsOnly(t, decodeLinkFrame, seeds, ['link-frame-malformed', 'link-method-unknown']);
});
