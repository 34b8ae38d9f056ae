// Certificates in one file that every tool reads: PKCS#7 SignedData without signers (RFC 5652, section 5.1). Never a key, never
// a signature.

import { explicit, integer, oid, sequence, setOf } from './der.ts';

const OID = { signedData: '1.2.840.113549.1.7.2', data: '1.2.840.113549.1.7.1' } as const;

/** DER. `openssl pkcs7 -inform DER -print_certs` shows them, in an order of DER's own. */
export function certificateBundle(certificates: readonly Uint8Array[]): Uint8Array {
  const content = sequence(
    integer(Uint8Array.of(1)),
    setOf([]),
    sequence(oid(OID.data)),
    // IMPLICIT: the tag stands in the place of the set's own.
    explicit(0, Buffer.concat(certificates.toSorted((a, b) => Buffer.compare(a, b)))),
    setOf([]),
  );
  return new Uint8Array(sequence(oid(OID.signedData), explicit(0, content)));
}
