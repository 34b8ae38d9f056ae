import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { leftOut } from '../../test/support/left-out.ts';
import { makeRootCertificate } from './root-certificate.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const der = makeRootCertificate(privateKey, { nowMs: () => NOW });

test('makeRootCertificate() makes a CA certificate that verifies itself', (t) => {
  const certificate = new X509Certificate(der);
  t.true(certificate.ca);
  t.true(certificate.verify(certificate.publicKey));
  t.true(certificate.checkIssued(certificate));
  t.true(certificate.checkPrivateKey(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))));
  t.is(certificate.subject, 'CN=Casemate Service Root CA');
  t.is(new Date(certificate.validFrom).getTime(), NOW);
  t.is(new Date(certificate.validTo).toISOString(), '2046-11-22T12:00:00.000Z');
});

test('two certificates never have one serial number', (t) => {
  const other = makeRootCertificate(privateKey, { nowMs: () => NOW });
  t.not(new X509Certificate(der).serialNumber, new X509Certificate(other).serialNumber);
});

test('openssl reads the certificate and accepts it as a root, strictly', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-root-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pem = join(folder, 'root.pem');
  writeFileSync(pem, new X509Certificate(der).toString());
  let said: string;
  try {
    said = execFileSync('openssl', ['x509', '-in', pem, '-noout', '-text'], { encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return leftOut(t, 'openssl', 'apt-get install openssl');
    throw error;
  }
  for (const words of [
    'CA:TRUE, pathlen:2',
    'Certificate Sign, CRL Sign',
    'ecdsa-with-SHA384',
    'secp384r1',
    'Version: 3',
  ]) {
    t.true(said.includes(words), words);
  }
  const at = String(NOW / 1000 + 60);
  const verdict = execFileSync('openssl', ['verify', '-x509_strict', '-attime', at, '-CAfile', pem, pem], {
    encoding: 'utf8',
  });
  t.regex(verdict, /: OK/);
});
