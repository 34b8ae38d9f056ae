// Keys that sign images, from the state folder. Never made anywhere else, never printed.

import { dirname, join } from 'node:path';
import { makePrivateFolder } from './files.ts';
import { CliError } from './outcome.ts';
import { STATE_PLACES } from '../factory/profile.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import { ensureSigningKey, readSigningKey } from '../factory/signing-key.ts';

const DEVELOPMENT = 'development';

/** Made if it is not there. Errors: those of `ensureSigningKey`. */
export async function developmentKeyOf(state: string): Promise<SigningKey> {
  const path = join(state, STATE_PLACES.developmentKey);
  await makePrivateFolder(dirname(path));
  return ensureSigningKey(path);
}

/** A key that is there; the development key is made if it is not. Errors: `usage`, `file-not-readable`, those of `readSigningKey`. */
export async function namedKey(state: string, name: string): Promise<SigningKey> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw new CliError('usage', `"${name}" is no name of a key`, { fault: 'caller' });
  if (name === DEVELOPMENT) return developmentKeyOf(state);
  try {
    return await readSigningKey(join(state, STATE_PLACES.keys, `${name}.pem`));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new CliError('file-not-readable', `there is no key "${name}" in ${state}`, {
      fault: 'caller',
      hint: 'the key "development" is there, or made',
      cause,
    });
  }
}
