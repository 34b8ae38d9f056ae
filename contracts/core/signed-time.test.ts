import test from 'ava';
import fc from 'fast-check';
import { concatBytes } from './bytes.ts';
import { TIME_NONCE_BYTES, timeSignedBytes } from './signed-time.ts';

const nonce = fc.uint8Array({ minLength: TIME_NONCE_BYTES, maxLength: TIME_NONCE_BYTES });

test('what is signed is a context of its own, the nonce and the seconds, little-endian', (t) => {
  const expected = concatBytes(
    new TextEncoder().encode('casemate signed time v1\0'),
    new Uint8Array(32).fill(9),
    Uint8Array.of(0x00, 0xd2, 0x49, 0x6b, 0, 0, 0, 0),
  );
  t.deepEqual(timeSignedBytes(new Uint8Array(32).fill(9), 0x6b49_d200), expected);
});

test('two answers have the same signed bytes only if nonce and seconds are the same', (t) => {
  const law = fc.property(nonce, nonce, fc.maxSafeNat(), fc.maxSafeNat(), (a, b, s, u) => {
    const isSame = String(a) === String(b) && s === u;
    return (String(timeSignedBytes(a, s)) === String(timeSignedBytes(b, u))) === isSame;
  });
  t.notThrows(() => fc.assert(law));
  const one = new Uint8Array(32);
  t.notDeepEqual(timeSignedBytes(one, 1), timeSignedBytes(one, 2));
});

test('a time that is no count of seconds is signed by nobody', (t) => {
  for (const seconds of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => timeSignedBytes(new Uint8Array(32), seconds), undefined, String(seconds));
});
