import test from 'ava';
import { X509Certificate } from 'node:crypto';
import { servicePki } from '../../test/support/service-pki.ts';
import { chainCertificate } from './chain-certificate.ts';

const { leaf } = servicePki();
const NO_DATE = '999999999999Z';

for (const [which, at] of [
  ['begins', 0],
  ['ends', 1],
] as const) {
  test(`a certificate that ${which} at what is no date is malformed, and not valid for ever`, (t) => {
    let found = 0;
    const text = Buffer.from(leaf.der).toString('latin1');
    const patched = text.replaceAll(/\d{12}Z/g, (date) => (found++ === at ? NO_DATE : date));
    const certificate = new X509Certificate(Buffer.from(patched, 'latin1'));
    t.like(
      t.throws(() => chainCertificate(certificate)),
      { code: 'certificate-malformed' },
    );
  });
}
