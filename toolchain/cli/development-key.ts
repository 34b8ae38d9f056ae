// The key that signs development images, from the state folder. Never made anywhere else, never printed.

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { STATE_PLACES } from '../factory/profile.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import { ensureSigningKey } from '../factory/signing-key.ts';

/** Errors: those of `ensureSigningKey`. */
export async function developmentKeyOf(state: string): Promise<SigningKey> {
  const path = join(state, STATE_PLACES.developmentKey);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return ensureSigningKey(path);
}
