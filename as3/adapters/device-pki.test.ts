import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { leftOut } from '../../test/support/left-out.ts';
import type { CertificateWanted } from '../domain/attest.ts';
import type { ServiceCredentials } from './service-folder.ts';
import { openServiceFolder } from './service-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-pki-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const HOUR_MS = 60 * 60 * 1000;
const clock = { aheadMs: 0, nowMs: () => Date.now() + clock.aheadMs };
const state = join(base, 'state');
let service: ServiceCredentials;
test.before(async () => {
  service = await openServiceFolder(state, clock);
});
let count = 0;
function copy(): string {
  const folder = join(base, `copy-${count++}`);
  cpSync(state, folder, { recursive: true });
  return folder;
}

const DEVICE = 'ab'.repeat(64) as DeviceId;
const CATALOG = '01234567-89ab-4cde-8f01-23456789abcd';
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const point = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-65));
const wanted = (changes: Partial<CertificateWanted> = {}): CertificateWanted => ({
  use: 'update',
  deviceId: DEVICE,
  catalogId: CATALOG,
  subject: 'Short',
  publicKey: point,
  ...changes,
});

test.serial('an update certificate says whose it is, for a day', async (t) => {
  const { chain, serial, notAfterMs } = await service.pki.issue(wanted());
  const certificate = new X509Certificate(chain);
  t.is(certificate.serialNumber, serial);
  t.is(certificate.validToDate.getTime(), notAfterMs);
  t.true(notAfterMs <= clock.nowMs() + 24 * HOUR_MS && notAfterMs > clock.nowMs() + 23 * HOUR_MS);
  t.deepEqual(service.pki.identify(new Uint8Array(certificate.raw)), { serial, deviceId: DEVICE, publicKey: point });
  const full = new X509Certificate((await service.pki.issue(wanted({ subject: 'Full' }))).chain);
  t.is(full.subject, `CN=${DEVICE}`);
});

test.serial('the chain is root P-384, policy P-384, and P-256 below', async (t) => {
  const { chain } = await service.pki.issue(wanted({ use: 'customer' }));
  const curves = chain
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((pem) => new X509Certificate(pem).publicKey.asymmetricKeyDetails?.namedCurve);
  t.deepEqual(curves, ['prime256v1', 'prime256v1', 'secp384r1']);
  const tenant = new X509Certificate(readFileSync(join(state, `service/tenant-ca-${CATALOG}.pem`)));
  const years = (tenant.validToDate.getTime() - tenant.validFromDate.getTime()) / (365 * 24 * HOUR_MS);
  t.is(Math.round(years), 2);
  for (const file of readdirSync(join(state, 'service')).filter((name) => name.endsWith('.key.pem')))
    t.is(statSync(join(state, 'service', file)).mode & 0o777, 0o600, file);
});

test.serial('no CA outlives the one above it', async (t) => {
  const folder = copy();
  const late = { nowMs: () => Date.now() + 9.5 * 365 * 24 * HOUR_MS };
  const { pki } = await openServiceFolder(folder, late);
  const { notAfterMs } = await pki.ofCatalog('eeeeeeee-89ab-4cde-8f01-23456789abcd');
  const endOf = (file: string) =>
    new X509Certificate(readFileSync(join(folder, `service/${file}.pem`))).validToDate.getTime();
  t.true(notAfterMs <= endOf('policy-ca'));
  t.true(endOf('update-ca') <= endOf('policy-ca'));
});

test.serial('two processes that need a catalog’s CA at one moment make one', async (t) => {
  const folder = copy();
  const two = await Promise.all([openServiceFolder(folder, clock), openServiceFolder(folder, clock)]);
  const catalogId = 'ffffffff-89ab-4cde-8f01-23456789abcd';
  const [one, other] = await Promise.all(two.map(({ pki }) => pki.ofCatalog(catalogId)));
  t.is(one?.serial, other?.serial);
});

test.serial('identify() refuses what is not a current update certificate', async (t) => {
  const der = (pem: string) => new Uint8Array(new X509Certificate(pem).raw);
  const refused = (bytes: Uint8Array, code: string) =>
    t.like(
      t.throws(() => service.pki.identify(bytes)),
      { code },
    );
  const { chain } = await service.pki.issue(wanted());
  refused(der((await service.pki.issue(wanted({ use: 'customer' }))).chain), 'device-certificate-refused');
  refused(der(readFileSync(join(state, 'service/operator.pem'), 'utf8')), 'device-certificate-refused');
  refused(der(readFileSync(join(state, 'service/update-ca.pem'), 'utf8')), 'device-certificate-refused');
  refused(Uint8Array.of(0x30, 0), 'device-certificate-refused');
  // Another service's update CA has the same name and another key.
  const other = await openServiceFolder(join(base, 'other'), clock);
  refused(der((await other.pki.issue(wanted())).chain), 'device-certificate-refused');
  for (const aheadMs of [25 * HOUR_MS, -HOUR_MS]) {
    clock.aheadMs = aheadMs;
    refused(der(chain), 'device-certificate-expired');
  }
  clock.aheadMs = 0;
  t.notThrows(() => service.pki.identify(der(chain)));
});

test.serial('a CA at its end issues nothing, and near it nothing that outlives it', async (t) => {
  const { notAfterMs: end } = await service.pki.ofCatalog(CATALOG);
  clock.aheadMs = end - Date.now() - HOUR_MS;
  t.is((await service.pki.issue(wanted({ use: 'customer' }))).notAfterMs, end);
  clock.aheadMs += 2 * HOUR_MS;
  await t.throwsAsync(service.pki.issue(wanted({ use: 'customer' })), { code: 'certificate-authority-expired' });
  clock.aheadMs = 0;
});

for (const [what, file] of [
  ['policy CA', 'policy-ca.key.pem'],
  ['update CA', 'update-ca.key.pem'],
] as const) {
  test.serial(`a lost key of the ${what} is not made again`, async (t) => {
    const folder = copy();
    rmSync(join(folder, 'service', file));
    t.like(await t.throwsAsync(openServiceFolder(folder, clock)), { code: 'authority-file-missing' });
  });
}

test.serial('openssl verifies both chains, strictly and for clients alone', async (t) => {
  const root = join(state, 'service/root-ca.pem');
  const verify = (chain: string, purpose: string, between = chain): boolean => {
    const [leaf, untrusted] = [join(base, 'leaf.pem'), join(base, 'between.pem')];
    writeFileSync(leaf, new X509Certificate(chain).toString());
    writeFileSync(untrusted, between.slice(between.indexOf('-----END CERTIFICATE-----') + 26));
    const args = ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', root, '-untrusted', untrusted, leaf];
    try {
      execFileSync('openssl', args, { stdio: 'pipe' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      return false;
    }
  };
  const update = (await service.pki.issue(wanted())).chain;
  const customer = (await service.pki.issue(wanted({ use: 'customer' }))).chain;
  const full = (await service.pki.issue(wanted({ use: 'customer', subject: 'Full' }))).chain;
  try {
    t.true(verify(update, 'sslclient'));
  } catch {
    return leftOut(t, 'openssl', 'apt-get install openssl');
  }
  t.true(verify(customer, 'sslclient'));
  t.true(verify(full, 'sslclient'));
  t.false(verify(update, 'sslserver'));
  t.false(verify(customer, 'sslserver'));
  // The customer's CA does not stand in for the update CA.
  t.false(verify(update, 'sslclient', customer));
});
