// The secret that makes the service know its own nonces. Never the same in two services; a lost one is made anew, and all that is
// lost with it are nonces that were given out in the last five minutes.

import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AuthorityError } from '../domain/authority-error.ts';
import type { NoncePrimitives } from '../domain/service-nonce.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';

const FILE = 'nonce.secret';
const BYTES = 32;

export const noncePrimitives: NoncePrimitives = {
  random: (length) => Uint8Array.from(randomBytes(length)),
  hmacSha256: (key, message) => Uint8Array.from(createHmac('sha256', key).update(message).digest()),
};

/** 32 bytes. Its caller holds the folder. Errors: `AuthorityErrorCode`. */
export async function openNonceSecret(folder: string): Promise<Uint8Array> {
  const path = join(folder, FILE);
  if (!existsSync(path)) await writeDurableFile(path, randomBytes(BYTES), 0o600);
  const secret = await readBoundedFile(path, BYTES, true);
  if (secret.length === BYTES) return secret;
  throw new AuthorityError('authority-file-malformed', `${path} has ${secret.length} bytes`, {
    fault: 'world',
    hint: 'delete it: the service makes another one',
  });
}
