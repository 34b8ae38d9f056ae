// The only way to a signer: by what is to be signed. Never by the name of a key, so that no caller picks the wrong one.

import type { AuthorityKeyName, SigningPurpose } from './authority-keys.ts';
import { AUTHORITY_KEY_NAMES, AUTHORITY_KEYS } from './authority-keys.ts';
import type { KeyStore, Signer } from './ports.ts';

const KEY_OF_PURPOSE = new Map<SigningPurpose, AuthorityKeyName>(
  AUTHORITY_KEY_NAMES.map((name) => [AUTHORITY_KEYS[name].signs, name]),
);

/** Errors: those of the key store. */
export async function signerFor(keys: KeyStore, purpose: SigningPurpose): Promise<Signer> {
  const name = KEY_OF_PURPOSE.get(purpose);
  if (name === undefined) throw new TypeError(`no key is for ${purpose}`);
  return keys.signer(name);
}
