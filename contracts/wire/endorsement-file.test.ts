import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import type { DeviceId } from '../core/ids.ts';
import { deviceIdFromBytes } from '../core/ids.ts';
import type { EndorsedDevice } from './endorsement-file.ts';
import {
  ENDORSEMENT_MAX_BYTES,
  decodeEndorsement,
  encodeEndorsement,
  endorsementSignedBytes,
  withEndorsementSignature,
} from './endorsement-file.ts';

const KEY_ID = new Uint8Array(32).fill(1);
const SIGNATURE = new Uint8Array(64).fill(2);
const id = (fill: number): DeviceId => deviceIdFromBytes(new Uint8Array(64).fill(fill));
const file = (devices: readonly EndorsedDevice[]): Uint8Array =>
  withEndorsementSignature(encodeEndorsement(devices), KEY_ID, SIGNATURE);
const TWO = [
  { deviceId: id(9), board: 'mt3620_rdb' },
  { deviceId: id(3), board: 'b'.repeat(32) },
];

test('an endorsement file says again what was written, by device id', (t) => {
  const decoded = decodeEndorsement(file(TWO));
  t.deepEqual(decoded.devices, TWO.toReversed());
  t.deepEqual([decoded.keyId, decoded.signature], [KEY_ID, SIGNATURE]);
  t.deepEqual(decoded.signedBytes, endorsementSignedBytes(encodeEndorsement(TWO)));
});

test('any devices come back, each once', (t) => {
  const device = fc.record({
    deviceId: fc.uint8Array({ minLength: 64, maxLength: 64 }).map(deviceIdFromBytes),
    board: fc.stringMatching(/^[\x21-\x7e]{1,32}$/),
  });
  const devices = fc.uniqueArray(device, { minLength: 1, maxLength: 20, selector: ({ deviceId }) => deviceId });
  const everyListComesBack = () =>
    fc.assert(
      fc.property(devices, (list) => {
        const decoded = decodeEndorsement(file(list));
        return (
          decoded.devices.length === list.length &&
          list.every((one) =>
            decoded.devices.some((other) => other.deviceId === one.deviceId && other.board === one.board),
          )
        );
      }),
    );
  t.notThrows(everyListComesBack);
});

const changed = (change: (bytes: Uint8Array) => void): Uint8Array => {
  const bytes = file(TWO);
  change(bytes);
  return bytes;
};
const REFUSED: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(0), 'endorsement-size-wrong'],
  ['more than the bound', new Uint8Array(ENDORSEMENT_MAX_BYTES + 1), 'endorsement-too-large'],
  ['another magic', changed((bytes) => bytes.fill(0, 0, 1)), 'endorsement-magic-wrong'],
  ['another version', changed((bytes) => bytes.fill(2, 4, 5)), 'endorsement-version-unsupported'],
  ['a reserved byte', changed((bytes) => bytes.fill(1, 6, 7)), 'endorsement-malformed'],
  // A count of 4 billion must not become 4 billion entries.
  ['a count that is not there', changed((bytes) => bytes.fill(0xff, 8, 12)), 'endorsement-size-wrong'],
  ['a byte more', Uint8Array.of(...file(TWO), 0), 'endorsement-size-wrong'],
  [
    'no devices',
    Uint8Array.of(...file(TWO).subarray(0, 8), 0, 0, 0, 0, ...KEY_ID, ...SIGNATURE),
    'endorsement-malformed',
  ],
  ['a device twice', changed((bytes) => bytes.copyWithin(12, 12 + 96, 12 + 96 + 64)), 'endorsement-malformed'],
  ['devices out of order', changed((bytes) => bytes.fill(0xff, 12, 12 + 64)), 'endorsement-malformed'],
  ['a board of nothing', changed((bytes) => bytes.fill(0, 12 + 64, 12 + 96)), 'endorsement-malformed'],
  [
    'a board with something after its end',
    changed((bytes) => bytes.fill(0, 12 + 70, 12 + 71)),
    'endorsement-malformed',
  ],
  ['a board with a line feed', changed((bytes) => bytes.fill(10, 12 + 64, 12 + 65)), 'endorsement-malformed'],
];
for (const [what, bytes, code] of REFUSED) {
  test(`decodeEndorsement() refuses ${what}`, (t) => {
    t.like(
      t.throws(() => decodeEndorsement(bytes)),
      { code },
    );
  });
}

test('encodeEndorsement() writes nothing that decodeEndorsement() would refuse', (t) => {
  const bad = [[], [...TWO, ...TWO], [{ deviceId: id(1), board: '' }], [{ deviceId: id(1), board: 'a b' }]];
  for (const devices of bad)
    t.like(
      t.throws(() => encodeEndorsement(devices)),
      { code: 'endorsement-malformed' },
    );
});

test('decodeEndorsement() answers any bytes with its own errors', (t) => {
  codedErrorsOnly(
    t,
    decodeEndorsement,
    [file(TWO)],
    [
      'endorsement-too-large',
      'endorsement-size-wrong',
      'endorsement-magic-wrong',
      'endorsement-version-unsupported',
      'endorsement-malformed',
    ],
  );
});
