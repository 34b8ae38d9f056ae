// Signing keys in files: a developer's, for image packages, and a station's, for its endorsements. Never shows a private part, and
// never lets one key do the other's work.

import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { decodeImage, withSignatures } from '../../contracts/core/image.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import { toLowS } from '../../contracts/core/p256.ts';
import { FactoryError } from './factory-error.ts';

const PEM_MAX_BYTES = 4096;
const OTHERS = 0o077;

export interface SigningKey {
  /** SEC 1 uncompressed point, 65 bytes: what goes into a device capability file. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of `publicKey`. */
  readonly keyId: Uint8Array;
  /** The package with this key's signature as `publisher`; an older one of this key is replaced. Errors: those of `decodeImage`. */
  signImage(packageBytes: Uint8Array): Uint8Array;
}

/** A manufacturing station's key: signs the list of the devices that it made, and nothing else. */
export interface FactoryKey {
  /** SEC 1 uncompressed point, 65 bytes: what a service is told to trust. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of `publicKey`. */
  readonly keyId: Uint8Array;
  /** r ‖ s of ECDSA with SHA-256 over what `endorsementSignedBytes` gives. */
  sign(endorsement: Uint8Array): Uint8Array;
}

/** Makes the key (PKCS#8 in PEM, 0600) if the file is not there. Errors: as `readSigningKey`. */
export async function ensureSigningKey(path: string): Promise<SigningKey> {
  return ensured(path, readSigningKey);
}

/** As `ensureSigningKey`, of a station. */
export async function ensureFactoryKey(path: string): Promise<FactoryKey> {
  return ensured(path, async () => {
    const privateKey = parseKey(path, await readPem(path));
    const publicKey = pointOf(privateKey);
    return {
      publicKey,
      keyId: sha256(publicKey),
      sign: (endorsement) => toLowS(sign('sha256', endorsement, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
    };
  });
}

async function ensured<Key>(path: string, read: (path: string) => Promise<Key>): Promise<Key> {
  try {
    return await read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await makeKeyFile(path);
  return read(path);
}

/** Errors: `signing-key-malformed`, `signing-key-exposed`, and the system's when there is no such file. */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const privateKey = parseKey(path, await readPem(path));
  const publicKey = pointOf(privateKey);
  const keyId = sha256(publicKey);
  return {
    publicKey,
    keyId,
    signImage(packageBytes) {
      const image = decodeImage(packageBytes, sha256);
      const others = image.signatures.filter((other) => other.role !== 'publisher' || !sameBytes(other.keyId, keyId));
      const signature = toLowS(sign('sha256', image.signedBytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
      const mine = { role: 'publisher', algorithm: 'ecdsa-p256-sha256', keyId, signature } as const;
      return withSignatures(packageBytes, encodeSignatures([...others, mine]));
    },
  };
}

/** Of two starts at one moment one makes the key and both use it: `link` refuses to replace. */
async function makeKeyFile(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(pemOf(privateKey));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function readPem(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { mode, size } = await file.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new FactoryError('signing-key-exposed', `${path} can be read by other users`, {
        fault: 'world',
        hint: `if nobody did, run: chmod 600 '${path}'`,
      });
    }
    if (size > PEM_MAX_BYTES) throw malformed(path, `has ${size} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function parseKey(path: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw malformed(path, 'is no private key in PEM', cause);
  }
  // Explicit curve parameters pass for the named curve in OpenSSL: the key must be exactly what it exports as.
  const isNamed = key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && pemOf(key) === pem;
  if (!isNamed) throw malformed(path, 'is not the PKCS#8 form of a P-256 key');
  return key;
}

function pointOf(privateKey: KeyObject): Uint8Array {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return new Uint8Array(spki.subarray(spki.length - 65));
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function malformed(path: string, what: string, cause?: unknown): FactoryError {
  return new FactoryError('signing-key-malformed', `${path} ${what}`, {
    fault: 'world',
    hint: 'bring it back from a backup, or delete it: a new one is made, and devices need a new development capability',
    cause,
  });
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
