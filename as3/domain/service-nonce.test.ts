import { createHmac, randomBytes } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { NONCE_LIFE_MS, ServiceNonces } from './service-nonce.ts';

const clock = { ms: 1_800_000_000_000, nowMs: () => clock.ms };
const primitives = {
  random: (length: number) => Uint8Array.from(randomBytes(length)),
  hmacSha256: (key: Uint8Array, message: Uint8Array) =>
    Uint8Array.from(createHmac('sha256', key).update(message).digest()),
};
const service = (fill: number) => new ServiceNonces(new Uint8Array(32).fill(fill), clock, primitives);
const nonces = service(1);
const ATTEST = { kind: 'attest', deviceId: 'ab'.repeat(64) as DeviceId } as const;
const CLAIM = { kind: 'claim', catalogId: '01234567-89ab-4cde-8f01-23456789abcd' as ComponentId } as const;
const at = (ms: number, work: () => void): void => {
  clock.ms += ms;
  try {
    work();
  } finally {
    clock.ms -= ms;
  }
};

test('a nonce has 48 bytes, is never the same, and is good for what it was given for', (t) => {
  const { nonce, expiresInSeconds } = nonces.give(ATTEST);
  t.deepEqual([nonce.length, expiresInSeconds], [48, 300]);
  t.notDeepEqual(nonces.give(ATTEST).nonce, nonce);
  t.is(nonces.check(nonce, ATTEST).expiresMs, clock.ms + NONCE_LIFE_MS);
  t.is(service(1).check(nonce, ATTEST).expiresMs, clock.ms + NONCE_LIFE_MS);
});

test('a nonce is not good for another device, catalog, purpose or service', (t) => {
  const { nonce } = nonces.give(ATTEST);
  const wrong = [CLAIM, { kind: 'attest', deviceId: 'cd'.repeat(64) as DeviceId }] as const;
  for (const purpose of wrong)
    t.like(
      t.throws(() => nonces.check(nonce, purpose)),
      { code: 'nonce-not-ours' },
    );
  t.like(
    t.throws(() => service(2).check(nonce, ATTEST)),
    { code: 'nonce-not-ours' },
  );
  t.like(
    t.throws(() => nonces.check(nonces.give(CLAIM).nonce, ATTEST)),
    { code: 'nonce-not-ours' },
  );
});

test('a nonce ends after five minutes, and does not come from far ahead', (t) => {
  const { nonce } = nonces.give(ATTEST);
  at(NONCE_LIFE_MS, () => t.notThrows(() => nonces.check(nonce, ATTEST)));
  at(NONCE_LIFE_MS + 1, () =>
    t.like(
      t.throws(() => nonces.check(nonce, ATTEST)),
      { code: 'nonce-expired' },
    ),
  );
  at(-61_000, () =>
    t.like(
      t.throws(() => nonces.check(nonce, ATTEST)),
      { code: 'nonce-expired' },
    ),
  );
});

test('no other bytes are a nonce: none at random, and none with one bit changed', (t) => {
  const { nonce } = nonces.give(ATTEST);
  const isRefused = (bytes: Uint8Array): boolean => {
    try {
      nonces.check(bytes, ATTEST);
      return false;
    } catch (error) {
      return (error as { code?: string }).code === 'nonce-not-ours';
    }
  };
  t.notThrows(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), isRefused)));
  for (let bit = 0; bit < nonce.length * 8; bit++) {
    const changed = nonce.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    t.true(isRefused(changed), `bit ${bit}`);
  }
});
