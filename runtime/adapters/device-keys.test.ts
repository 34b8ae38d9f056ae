import test from 'ava';
import { verify } from 'node:crypto';
import { toLowS } from '../../contracts/core/p256.ts';
import { HOST_NOW, DAY, issued, NAMES, newKey, pemOf, rawKey, servicePki } from '../../test/support/service-pki.ts';
import { DeviceKeysError } from '../os/service-port.ts';
import { deviceKeys } from './device-keys.ts';

const { leaf, ca, root } = servicePki();

test('a signature is ES256 with low s, over the key that the scalar is', (t) => {
  const message = Buffer.from('evidence');
  for (let round = 0; round < 8; round++) {
    const signature = deviceKeys.sign(rawKey(leaf).privateKey, message);
    t.deepEqual(signature, toLowS(signature));
    t.true(verify('sha256', message, { key: leaf.privateKey, dsaEncoding: 'ieee-p1363' }, signature));
  }
});

test('the first certificate of a chain is described', (t) => {
  const facts = deviceKeys.describeCertificate(pemOf(leaf, ca));
  t.like(facts, { subject: 'CN=localhost', subjectAltName: 'DNS:localhost, IP Address:127.0.0.1' });
  t.deepEqual(facts.publicKey, rawKey(leaf).publicKey);
  t.deepEqual([facts.notBeforeSeconds, facts.notAfterSeconds], [HOST_NOW - DAY, HOST_NOW + DAY]);
  t.regex(facts.serial, /^[0-9a-f]{32}$/);
});

test('a certificate without other names has an empty text', (t) => {
  const plain = issued('device', ca, { kind: 'leaf', purpose: 'client' });
  t.is(deviceKeys.describeCertificate(pemOf(plain)).subjectAltName, '');
});

/** A date that no calendar has: compared with the time it is neither before nor after. */
const dateless = Buffer.from(
  Buffer.from(leaf.der)
    .toString('latin1')
    .replaceAll(/\d{12}Z/g, '999999999999Z'),
  'latin1',
);
const block = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;

const NONE: readonly (readonly [why: string, pem: string])[] = [
  ['nothing', ''],
  ['a private key', leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ['a certificate that is cut', pemOf(leaf).slice(0, 300)],
  ['a key on P-384', pemOf(root)],
  [
    'a key on another curve',
    pemOf(issued('x', ca, { kind: 'leaf', purpose: 'server', names: NAMES }, undefined, newKey('secp256k1'))),
  ],
  ['a certificate with dates that are none', block(dateless)],
  // Each of them would be held as the device's identity, and throw when TLS is given it.
  ['a chain that goes on with noise', pemOf(leaf) + block(Uint8Array.of(0, 0, 0))],
  ['a chain that goes on with half a certificate', pemOf(leaf) + block(ca.der.subarray(0, 200))],
  [
    'a certificate with more names than anybody reads',
    pemOf(
      issued('x', ca, {
        kind: 'leaf',
        purpose: 'client',
        names: Array.from({ length: 80 }, (_, index) => `name-${index}.example`),
      }),
    ),
  ],
  ['more than any chain', pemOf(leaf).repeat(200)],
];
for (const [why, pem] of NONE) {
  test(`${why} is not described`, (t) => {
    t.is(
      t.throws(() => deviceKeys.describeCertificate(pem), { instanceOf: DeviceKeysError })?.code,
      'certificate-malformed',
    );
  });
}

test('random bytes are as many as were asked for', (t) => {
  t.is(deviceKeys.random(32).length, 32);
  t.notDeepEqual(deviceKeys.random(32), deviceKeys.random(32));
});
