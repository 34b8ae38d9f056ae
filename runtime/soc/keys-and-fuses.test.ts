import test from 'ava';
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { p256Spki } from '../../contracts/core/device-identity.ts';
import { p256ScalarFrom } from '../../contracts/core/p256.ts';
import { hostEntropy, nodeCrypto } from '../adapters/node-crypto.ts';
import { verifyP256 } from '../monitor/boot/p256.ts';
import { createCryptoBlock } from './crypto-block.ts';
import { COUNTER_BYTES, DieCounter } from './die-counter.ts';
import { FUSE_BYTES, ROLLBACK_FLOOR_MAX, createFuseBank } from './fuse-bank.ts';
import { MemoryMedium } from './memory-medium.ts';
import { seededEntropy } from './seeded-entropy.ts';

const bank = () => createFuseBank(new MemoryMedium(FUSE_BYTES));
const code = (act: () => unknown) => {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};
const row = (value: number) => new Uint8Array(32).fill(value);

test('a row is written once', (t) => {
  const { programmer, fuses } = bank();
  t.deepEqual(fuses.platformKeyDigest(), row(0));
  programmer.writePlatformKeyDigest(row(5));
  t.deepEqual(fuses.platformKeyDigest(), row(5));
  for (const name of ['writePlatformKeyDigest', 'writeIdentityKey', 'writeDeviceSecret'] as const) {
    code(() => programmer[name](row(1)));
    const again = code(() => programmer[name](row(6)));
    t.is(again, 'fuse-already-written', name);
  }
  t.deepEqual(fuses.platformKeyDigest(), row(5));
  t.is(
    code(() => bank().programmer.writeDeviceSecret(new Uint8Array(31))),
    'fuse-out-of-range',
  );
});

test('thermometers only rise', (t) => {
  const { fuses } = bank();
  t.is(fuses.lifecycle(), 'Blank');
  fuses.advanceLifecycle('DeviceComplete');
  t.is(fuses.lifecycle(), 'DeviceComplete');
  t.is(
    code(() => fuses.advanceLifecycle('Module1Complete')),
    'fuse-backwards',
  );
  fuses.raiseRollbackFloor('os', 17);
  t.is(fuses.rollbackFloor('os'), 17);
  t.is(fuses.rollbackFloor('monitor'), 0);
  t.is(
    code(() => fuses.raiseRollbackFloor('os', 16)),
    'fuse-backwards',
  );
  fuses.raiseRollbackFloor('os', ROLLBACK_FLOOR_MAX);
  t.is(
    code(() => fuses.raiseRollbackFloor('os', ROLLBACK_FLOOR_MAX + 1)),
    'fuse-out-of-range',
  );
});

test('eight platform keys can be revoked, and stay so', (t) => {
  const { fuses, programmer } = bank();
  for (let key = 1; key <= 8; key++) programmer.revokePlatformKey(row(key));
  t.true([1, 4, 8].every((key) => fuses.isRevoked(row(key))));
  t.false(fuses.isRevoked(row(9)));
  t.is(
    code(() => programmer.revokePlatformKey(row(9))),
    'fuse-rows-full',
  );
});

test('the crypto block signs with the fused identity, which nothing of it gives out', (t) => {
  const { programmer, keyRows, fuses } = bank();
  const block = createCryptoBlock(keyRows, nodeCrypto, hostEntropy);
  t.is(
    code(() => block.signWithIdentity(row(1))),
    'key-not-fused',
  );
  t.is(
    code(() => block.deviceMac('x', row(1))),
    'key-not-fused',
  );
  const identity = p256ScalarFrom(randomBytes(48));
  programmer.writeIdentityKey(identity);
  const message = new TextEncoder().encode('evidence');
  const signature = block.signWithIdentity(message);
  const point = block.identityPublicKey();
  t.true(verifyP256(point, message, signature), 'for the monitor');
  const key = createPublicKey({ key: Buffer.from(p256Spki(point)), format: 'der', type: 'spki' });
  t.true(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature), 'and for node:crypto');
  t.false(verifyP256(point, row(0), signature));
  const shown = JSON.stringify([block, fuses, programmer], (_name, value: unknown) =>
    value instanceof Uint8Array ? [...value] : value,
  );
  t.false(shown.includes([...identity].join(',')));
});

test('device MACs differ by purpose, by message and by device', (t) => {
  const macs = [1, 2].flatMap((secret) => {
    const { programmer, keyRows } = bank();
    programmer.writeDeviceSecret(row(secret));
    const block = createCryptoBlock(keyRows, nodeCrypto, hostEntropy);
    return [block.deviceMac('a', row(1)), block.deviceMac('b', row(1)), block.deviceMac('a', row(2))].map(String);
  });
  t.is(new Set(macs).size, 6);
});

test('what is sealed opens with the same key, nonce and associated bytes alone, on the same device', (t) => {
  const [one, other] = [1, 2].map((secret) => {
    const { programmer, keyRows } = bank();
    programmer.writeDeviceSecret(row(secret));
    return createCryptoBlock(keyRows, nodeCrypto, hostEntropy);
  });
  if (one === undefined || other === undefined) throw new Error('two devices');
  const key = { purpose: 'a', context: row(1) };
  const nonce = row(3).subarray(0, 12);
  const sealed = one.deviceSeal(key, nonce, row(4), row(5));
  t.is(sealed.length, row(4).length + 16);
  t.deepEqual(one.deviceOpen(key, nonce, sealed, row(5)), row(4));
  const flipped = sealed.map((byte, index) => (index === 7 ? byte ^ 1 : byte));
  for (const [why, opened] of [
    ['another device', other.deviceOpen(key, nonce, sealed, row(5))],
    ['another purpose', one.deviceOpen({ ...key, purpose: 'b' }, nonce, sealed, row(5))],
    ['another context', one.deviceOpen({ ...key, context: row(2) }, nonce, sealed, row(5))],
    ['another nonce', one.deviceOpen(key, row(6).subarray(0, 12), sealed, row(5))],
    ['other associated bytes', one.deviceOpen(key, nonce, sealed, row(6))],
    ['one bit', one.deviceOpen(key, nonce, flipped, row(5))],
    ['cut short', one.deviceOpen(key, nonce, sealed.subarray(0, -1), row(5))],
    ['no tag at all', one.deviceOpen(key, nonce, sealed.subarray(0, 3), row(5))],
    ['a nonce of another length', one.deviceOpen(key, row(3), sealed, row(5))],
  ] as const)
    t.is(opened, undefined, why);
});

test('the monitor takes the lower s alone', (t) => {
  const key = p256ScalarFrom(randomBytes(48));
  const signature = nodeCrypto.signP256(key, row(1));
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  const high = Uint8Array.of(
    ...signature.subarray(0, 32),
    ...Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex'),
  );
  const point = nodeCrypto.p256PublicKey(key);
  t.deepEqual(
    [signature, high].map((either) => verifyP256(point, row(1), either)),
    [true, false],
  );
  t.false(verifyP256(new Uint8Array(65), row(1), signature), 'no point at all');
  t.false(verifyP256(point, row(1), new Uint8Array(64)), 'zeros');
});

test('the counter counts up over power cuts and wears out rather than wrap', (t) => {
  const medium = new MemoryMedium(COUNTER_BYTES);
  t.is(new DieCounter(medium, 3n).value(), 0n);
  for (const value of [1n, 2n, 3n]) t.is(new DieCounter(medium, 3n).increment(), value);
  t.is(
    code(() => new DieCounter(medium, 3n).increment()),
    'counter-worn-out',
  );
  t.is(new DieCounter(medium, 3n).value(), 3n);
  t.is(new DieCounter(medium, 5n).remaining(), 2n);
});

test('seeded entropy repeats for its seed alone', (t) => {
  const draw = (seed: number) => {
    const entropy = seededEntropy(seed, (bytes) => nodeCrypto.sha256(bytes));
    return String([...entropy(5), ...entropy(70)]);
  };
  t.is(draw(7), draw(7));
  t.not(draw(7), draw(8));
});
