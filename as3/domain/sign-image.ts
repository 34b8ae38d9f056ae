// Adds the authority's signature to an image package. Never to a kind that the role is not for, and never to bytes whose
// digests do not hold.

import type { Sha256 } from '../../contracts/core/image.ts';
import { decodeImage, withSignatures } from '../../contracts/core/image.ts';
import type { ImageSignature } from '../../contracts/core/image-signatures.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { SIGNATURES_MAX_COUNT } from '../../contracts/core/limits.ts';
import { AuthorityError } from './authority-error.ts';
import type { AuthorityImageRole } from './authority-keys.ts';
import { IMAGE_ROLES } from './authority-keys.ts';
import type { KeyStore } from './ports.ts';
import { signerFor } from './signer-for.ts';

/**
 * The package with one more signature; those of others stay, an older one of this key is replaced.
 * Errors: `image-kind-not-for-role`, `image-signatures-full`, and all codes of `decodeImage`.
 */
export async function signImage(
  packageBytes: Uint8Array,
  role: AuthorityImageRole,
  keys: KeyStore,
  sha256: Sha256,
): Promise<Uint8Array> {
  const image = decodeImage(packageBytes, sha256);
  const { kinds, purpose } = IMAGE_ROLES[role];
  // A service key that signed an OS image, or a platform key that signed an app, would let one stolen key do the other's work.
  if (!(kinds as readonly string[]).includes(image.kind)) {
    throw new AuthorityError('image-kind-not-for-role', `the ${role} key does not sign images of kind ${image.kind}`, {
      fault: 'caller',
      hint: `it signs: ${kinds.join(', ')}`,
      details: { role, kind: image.kind },
    });
  }
  const signer = await signerFor(keys, purpose);
  const others = image.signatures.filter((other) => other.role !== role || !sameBytes(other.keyId, signer.keyId));
  if (others.length >= SIGNATURES_MAX_COUNT) {
    throw new AuthorityError('image-signatures-full', `the package has ${others.length} signatures of others`, {
      fault: 'caller',
    });
  }
  const signature = await signer.sign(image.signedBytes, 'p1363');
  const mine: ImageSignature = { role, algorithm: 'ecdsa-p256-sha256', keyId: signer.keyId, signature };
  return withSignatures(packageBytes, encodeSignatures([...others, mine]));
}
