// Signs TUF metadata of the online roles (TUF specification 1.0, section 4). Never root: its successors need the key of the one before.

import { bytesToHex } from '../../contracts/core/ids.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import type { CanonicalValue } from './canonical-json.ts';
import { canonicalJson } from './canonical-json.ts';
import type { KeyStore } from './ports.ts';
import { signerFor } from './signer-for.ts';
import { TUF_SPEC_VERSION, tufKey, tufKeyId, tufTime } from './tuf-root.ts';

const PURPOSE = { targets: 'tuf-targets', snapshot: 'tuf-snapshot', timestamp: 'tuf-timestamp' } as const;
export type TufRole = keyof typeof PURPOSE;

export interface TufStatement {
  readonly role: TufRole;
  readonly version: number;
  readonly expiresMs: number;
  /** What the role says beside the common fields. */
  readonly body: { readonly [key: string]: CanonicalValue };
}

/** The JSON text. */
export async function tufDocument(
  { role, version, expiresMs, body }: TufStatement,
  keys: KeyStore,
  sha256: Sha256,
): Promise<string> {
  const signed = { _type: role, expires: tufTime(expiresMs), spec_version: TUF_SPEC_VERSION, version, ...body };
  const signer = await signerFor(keys, PURPOSE[role]);
  const signature = await signer.sign(new TextEncoder().encode(canonicalJson(signed)), 'der');
  const signatures = [{ keyid: tufKeyId(tufKey(signer), sha256), sig: bytesToHex(signature) }];
  return `${JSON.stringify({ signatures, signed })}\n`;
}
