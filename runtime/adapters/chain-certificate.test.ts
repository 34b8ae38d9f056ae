import test from 'ava';
import { X509Certificate } from 'node:crypto';
import { servicePki } from '../../test/support/service-pki.ts';
import { chainCertificate } from './chain-certificate.ts';

const { leaf } = servicePki();
const patched = (from: RegExp, to: string): X509Certificate =>
  new X509Certificate(Buffer.from(Buffer.from(leaf.der).toString('latin1').replace(from, to), 'latin1'));

for (const [which, from, to] of [
  ['begins', /0\x1e\x17\r\d{12}Z/, '0\x1e\x17\r269999999999Z'],
  ['ends', /(\x17\r\d{12}Z\x17\r)\d{12}Z/, '$1999999999999Z'],
] as const) {
  test(`a certificate that ${which} at what is no date is malformed, and not valid for ever`, (t) => {
    t.like(
      t.throws(() => chainCertificate(patched(from, to))),
      { code: 'certificate-malformed' },
    );
  });
}
