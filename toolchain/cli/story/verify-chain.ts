// Checks a device's certificate chain as a cloud of the customer's own would: with OpenSSL's rules, not with ours.

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../outcome.ts';

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Device, its CA, the policy CA. */
const CHAIN_LENGTH = 3;

export interface ChainWanted {
  /** PEM, leaf first, without the root. */
  readonly chain: string;
  /** PEM. */
  readonly root: string;
  readonly deviceId: string;
  /** For files that another program reads. */
  readonly folder: string;
}

/** Says whether an `openssl` checked it too. Errors: `story-failed`. */
export async function verifyChain({
  chain,
  root,
  deviceId,
  folder,
}: ChainWanted): Promise<'node' | 'node and openssl'> {
  const certificates = (chain.match(PEM_BLOCK) ?? []).map((pem) => new X509Certificate(pem));
  const anchor = new X509Certificate(root);
  const [leaf, ...cas] = certificates;
  if (leaf === undefined || certificates.length !== CHAIN_LENGTH)
    throw failed(`a chain of ${certificates.length} certificates, ${CHAIN_LENGTH} were wanted`);
  for (const [index, certificate] of certificates.entries()) {
    const issuer = certificates[index + 1] ?? anchor;
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      throw failed(`${certificate.subject} was not issued by ${issuer.subject}`);
  }
  if (leaf.ca) throw failed('the device’s certificate is one of a CA');
  if (leaf.subjectAltName?.includes(deviceId) !== true) throw failed('the certificate does not name the device');
  const files = { root: join(folder, 'root.pem'), cas: join(folder, 'cas.pem'), leaf: join(folder, 'device.pem') };
  await writeFile(files.root, root);
  await writeFile(files.cas, cas.map(String).join(''));
  await writeFile(files.leaf, leaf.toString());
  const args = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', files.root, '-untrusted', files.cas];
  return (await openssl([...args, files.leaf])) ? 'node and openssl' : 'node';
}

/** `false`: this machine has no such program. */
function openssl(args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    execFile('openssl', args, (error, stdout, stderr) => {
      if (error === null) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') resolve(false);
      else reject(failed(`openssl: ${stdout}${stderr}`));
    });
  });
}

function failed(what: string): CliError {
  return new CliError('story-failed', what);
}
