// The key that signs development images, from the state folder. Never made anywhere else, never printed.

import { dirname, join } from 'node:path';
import { makePrivateFolder } from './files.ts';
import { STATE_PLACES } from '../factory/profile.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import { ensureSigningKey } from '../factory/signing-key.ts';

/** Errors: those of `ensureSigningKey`. */
export async function developmentKeyOf(state: string): Promise<SigningKey> {
  const path = join(state, STATE_PLACES.developmentKey);
  await makePrivateFolder(dirname(path));
  return ensureSigningKey(path);
}
