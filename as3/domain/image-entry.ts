// What the ledger keeps of a signed image: how evidence will name it. Never of one that the authority has not signed.

import { bytesToHex } from '../../contracts/core/ids.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { AuthorityImageRole } from './authority-keys.ts';
import { IMAGE_ROLES } from './authority-keys.ts';
import type { LedgerEntry } from './ledger.ts';
import type { KeyStore } from './ports.ts';
import { signerFor } from './signer-for.ts';

/** Of a package that `signImage` has just made. Errors: all codes of `decodeImage`. */
export async function imageEntry(
  packageBytes: Uint8Array,
  role: AuthorityImageRole,
  keys: KeyStore,
  sha256: Sha256,
): Promise<LedgerEntry> {
  const { kind, componentId, catalogId, rollbackIndex, signedBytes } = decodeImage(packageBytes, sha256);
  const { keyId } = await signerFor(keys, IMAGE_ROLES[role].purpose);
  const digest = bytesToHex(sha256(signedBytes));
  return { entry: 'image', kind, componentId, catalogId, rollbackIndex, digest, signerKeyId: bytesToHex(keyId) };
}
