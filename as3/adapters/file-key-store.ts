// The authority's private keys as PKCS#8 files in a folder of their own. Never gives key bytes to anyone, and never makes a
// key in place of one that was lost: every device trusts the old one.

import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toLowS } from '../../contracts/core/p256.ts';
import { AuthorityError } from '../domain/authority-error.ts';
import type { AuthorityKeyName } from '../domain/authority-keys.ts';
import { AUTHORITY_KEY_NAMES, AUTHORITY_KEYS } from '../domain/authority-keys.ts';
import type { KeyStore, Signer } from '../domain/ports.ts';
import { ecdsaSignature } from './der.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';

/** A P-384 key in PEM has 306 bytes. */
const PEM_MAX_BYTES = 4096;
const NODE_CURVE = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const;

export class FileKeyStore implements KeyStore {
  readonly #folder: string;

  /** The folder need not exist yet. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder (0700) and each of these keys that is not there (0600). Only for keys that no record lists yet. */
  async makeMissingKeys(names: readonly AuthorityKeyName[] = AUTHORITY_KEY_NAMES): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700);
    for (const name of names) {
      if (existsSync(this.#path(name))) continue;
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: NODE_CURVE[AUTHORITY_KEYS[name].curve] });
      await writeDurableFile(this.#path(name), pemOf(privateKey), 0o600);
    }
  }

  /** Errors: `authority-file-missing`, `-malformed`, `-exposed`. */
  async signer(name: AuthorityKeyName): Promise<Signer> {
    const privateKey = await this.#read(name);
    const publicKey = createPublicKey(privateKey);
    const point = pointOf(publicKey);
    return {
      publicKey: point,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      keyId: new Uint8Array(createHash('sha256').update(point).digest()),
      sign: async (message, form) => {
        const signature = toLowS(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
        return form === 'p1363' ? signature : new Uint8Array(ecdsaSignature(signature));
      },
    };
  }

  /** SHA-256 of the public point, hex: what `init` records of each key. */
  async fingerprint(name: AuthorityKeyName): Promise<string> {
    const publicKey = createPublicKey(await this.#read(name));
    return createHash('sha256').update(pointOf(publicKey)).digest('hex');
  }

  /** For the X.509 adapter, which signs certificates with the CA root and nothing else. */
  async certificateKey(): Promise<KeyObject> {
    return this.#read('ca-root');
  }

  async #read(name: AuthorityKeyName): Promise<KeyObject> {
    const path = this.#path(name);
    const bytes = await readBoundedFile(path, PEM_MAX_BYTES, true);
    let key: KeyObject;
    try {
      key = createPrivateKey(Buffer.from(bytes));
    } catch (cause) {
      throw malformed(path, 'is no private key in PEM', cause);
    }
    // OpenSSL takes explicit curve parameters for the named curve: only the one form that `init` writes is let in.
    const curve = NODE_CURVE[AUTHORITY_KEYS[name].curve];
    const isWhole = key.asymmetricKeyDetails?.namedCurve === curve && Buffer.compare(pemOf(key), bytes) === 0;
    if (!isWhole) throw malformed(path, `is not the PKCS#8 form of a ${curve} key`, undefined);
    return key;
  }

  #path(name: AuthorityKeyName): string {
    return join(this.#folder, `${name}.pem`);
  }
}

function pemOf(key: KeyObject): Uint8Array {
  return new TextEncoder().encode(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

/** The uncompressed point is what the SPKI of a named curve ends with: 0x04 and two coordinates. */
function pointOf(publicKey: KeyObject): Uint8Array {
  const coordinateBytes = publicKey.asymmetricKeyDetails?.namedCurve === NODE_CURVE['P-384'] ? 48 : 32;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return new Uint8Array(spki.subarray(spki.length - 1 - 2 * coordinateBytes));
}

function malformed(path: string, what: string, cause: unknown): AuthorityError {
  return new AuthorityError('authority-file-malformed', `${path} ${what}`, {
    fault: 'world',
    hint: 'bring the file back from a backup; a new key would not be trusted by any device that exists',
    cause,
  });
}
