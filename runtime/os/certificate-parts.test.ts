import test from 'ava';
import { generateKeyPairSync } from 'node:crypto';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { issued, newKey, rawKey, servicePki } from '../../test/support/service-pki.ts';
import {
  CERTIFICATE_MAX_BYTES,
  CertificatePartsError,
  hasKeyUsage,
  hasNamedCurve,
  hasUnknownCritical,
  namedP256Point,
  readCertificateParts,
} from './certificate-parts.ts';

const { root, ca, leaf } = servicePki();
const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** The certificate with one run of bytes in place of another of the same length. */
function changed(der: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(der).toString('hex');
  if (!text.includes(from)) throw new Error(`no ${from}`);
  return latin1(text.replace(from, to));
}

test('key usage tells a CA from a server', (t) => {
  const facts = [root, ca, leaf].map(({ der }) => {
    const parts = readCertificateParts(der);
    return [hasKeyUsage(parts, 'keyCertSign'), hasKeyUsage(parts, 'digitalSignature'), hasUnknownCritical(parts)];
  });
  t.deepEqual(facts, [
    [true, false, false],
    [true, false, false],
    [false, true, false],
  ]);
});

test('a key on a named curve is one, and its point on P-256 comes out', (t) => {
  t.deepEqual(namedP256Point(readCertificateParts(leaf.der)), rawKey(leaf).publicKey);
  t.is(namedP256Point(readCertificateParts(root.der)), undefined, 'P-384');
  t.true([root, ca, leaf].every(({ der }) => hasNamedCurve(readCertificateParts(der))));
});

for (const [why, key] of [
  ['spelt out', generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey],
  ['another', newKey('secp521r1')],
  ['one of no standard that we follow', newKey('secp256k1')],
] as const) {
  test(`a key whose curve is ${why} has no named curve`, (t) => {
    const odd = issued('x', ca, { kind: 'leaf', purpose: 'client' }, undefined, key);
    t.false(hasNamedCurve(readCertificateParts(odd.der)));
  });
}

test('an unknown extension counts when it is critical', (t) => {
  // 2.5.29.15 is keyUsage; 2.5.29.30, in its place, nameConstraints.
  const parts = readCertificateParts(changed(leaf.der, '0603551d0f0101ff', '0603551d1e0101ff'));
  t.true(hasUnknownCritical(parts));
  t.false(hasKeyUsage(parts, 'digitalSignature'));
});

const MALFORMED: readonly (readonly [why: string, der: Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['a byte behind it', Uint8Array.of(...leaf.der, 0)],
  ['an extension twice', changed(leaf.der, '0603551d0f0101ff', '0603551d130101ff')],
  ['a flag that is neither true nor absent', changed(leaf.der, '0603551d0f0101ff', '0603551d0f010101')],
  ['no version', changed(leaf.der, 'a003020102', '0403020102')],
  ['more bytes than any certificate', new Uint8Array(CERTIFICATE_MAX_BYTES + 1)],
  ['a length that is not the shortest', Uint8Array.of(0x30, 0x81, 0x01, 0x00)],
  ['a length without an end', Uint8Array.of(0x30, 0x80, 0, 0)],
];
for (const [why, der] of MALFORMED) {
  test(`readCertificateParts() refuses ${why}`, (t) => {
    const error = t.throws(() => readCertificateParts(der), { instanceOf: CertificatePartsError });
    t.is(error?.code, 'certificate-malformed');
  });
}

test('whatever the bytes, nothing but its own error comes out', (t) => {
  const read = (bytes: Uint8Array) => {
    const parts = readCertificateParts(bytes);
    return [hasKeyUsage(parts, 'keyCertSign'), hasNamedCurve(parts), hasUnknownCritical(parts), namedP256Point(parts)];
  };
  codedErrorsOnly(t, read, [root.der, ca.der, leaf.der], ['certificate-malformed']);
});
