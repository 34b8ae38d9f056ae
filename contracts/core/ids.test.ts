import test from 'ava';
import fc from 'fast-check';
import * as ids from './ids.ts';

const GUID = '25025d2c-66da-4448-bae1-ac26fcdd3627';

test('parseComponentId() gives both letter cases of a GUID one spelling', (t) => {
  t.is(ids.parseComponentId(GUID.toUpperCase()) as string, GUID);
  t.is(ids.parseComponentId(GUID) as string, GUID);
});

const notGuids: readonly (readonly [text: string, why: string])[] = [
  ['', 'nothing'],
  [GUID.slice(1), 'a digit short'],
  [`${GUID}0`, 'a digit long'],
  [`{${GUID}}`, 'the braces of Windows'],
  [GUID.replaceAll('-', ''), 'no hyphens'],
  [`${GUID}\n`, 'a line end, which $ alone would let pass'],
  [GUID.replace('2', 'g'), 'no hex digit'],
];
for (const [text, why] of notGuids) {
  test(`parseComponentId() refuses ${why}`, (t) => t.is(ids.parseComponentId(text), undefined));
}

test('a component id is 16 bytes in the order it is written, and comes back', (t) => {
  const id = ids.parseComponentId(GUID);
  if (id === undefined) return t.fail('the GUID has to parse');
  t.deepEqual([...ids.componentIdToBytes(id).subarray(0, 4)], [0x25, 0x02, 0x5d, 0x2c]);
  t.is(ids.componentIdFromBytes(ids.componentIdToBytes(id)), id);
});

test('a device id of any 64 bytes comes back, in one spelling', (t) => {
  const law = fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
    const id = ids.deviceIdFromBytes(bytes);
    t.deepEqual(ids.deviceIdToBytes(id), bytes);
    return ids.parseDeviceId(id.toUpperCase()) === id;
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('hexToBytes() and bytesToHex() are each other’s inverse', (t) => {
  const law = fc.property(fc.uint8Array(), (bytes) => {
    t.deepEqual(ids.hexToBytes(ids.bytesToHex(bytes)), bytes);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

const malformed: readonly (readonly [what: string, call: () => unknown])[] = [
  ['half a byte of hex', () => ids.hexToBytes('abc')],
  ['hex with a space, which a lenient reader would take as zero', () => ids.hexToBytes('a ')],
  ['a GUID of 15 bytes', () => ids.componentIdFromBytes(new Uint8Array(15))],
  ['an image id of 17 bytes', () => ids.imageIdFromBytes(new Uint8Array(17))],
  ['a device id of 63 bytes', () => ids.deviceIdFromBytes(new Uint8Array(63))],
];
for (const [what, call] of malformed) {
  test(`ids refuse ${what}`, (t) => t.is(t.throws(call, { instanceOf: ids.IdError })?.code, 'id-malformed'));
}

test('parseDeviceId() refuses an id of the wrong length', (t) => t.is(ids.parseDeviceId('ab'.repeat(63)), undefined));
