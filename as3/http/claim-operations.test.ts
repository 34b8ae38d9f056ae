import { execFileSync } from 'node:child_process';
import { X509Certificate, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { leftOut } from '../../test/support/left-out.ts';
import type { Answer, ServiceBench } from '../../test/support/service-bench.ts';
import { serviceBench } from '../../test/support/service-bench.ts';
import {
  BOOT_STAGES,
  TestDevice,
  TestFactory,
  endorseDevices,
  recordInLedger,
  testLedger,
} from '../../test/support/test-device.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-claims-'));
const factory = new TestFactory();
const RG = '/subscriptions/s1/resourceGroups/rg/providers/Microsoft.AzureSphere';
const V = 'api-version=2024-04-01';
let bench: ServiceBench;
test.before(async () => {
  bench = await serviceBench(folder);
  for (const catalog of ['A', 'B', 'C']) {
    const body = { location: 'global', properties: { publisherSignature: 'NotRequired' } };
    await bench.ask('PUT', `${RG}/catalogs/${catalog}?${V}`, { body });
    await bench.ask('PUT', `${RG}/catalogs/${catalog}/products/Lamp?${V}`, { body: {} });
  }
});
test.after.always(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const group = (catalog: string, name: string) => `${RG}/catalogs/${catalog}/products/Lamp/deviceGroups/${name}`;
const UNASSIGNED = `${RG}/catalogs/A/products/.unassigned/deviceGroups/.unassigned`;
const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  bench.ask(method, `${path}?${V}`, body === undefined ? {} : { body });
const codeOf = ({ body }: Answer): unknown =>
  (body['error'] as { additionalInfo?: readonly { info: { code: string } }[] } | undefined)?.additionalInfo?.[0]?.info
    .code;
async function endorsed(count = 1): Promise<readonly TestDevice[]> {
  const devices = Array.from({ length: count }, () => new TestDevice());
  await endorseDevices(bench, factory, devices);
  return devices;
}
async function one(): Promise<TestDevice> {
  const [device] = await endorsed();
  if (device === undefined) throw new Error('none');
  return device;
}

test('a device is claimed by its own evidence, read, moved, and never let go', async (t) => {
  const device = await one();
  const made = await device.claim(bench, UNASSIGNED);
  t.is(made.status, 201);
  t.like(made.body, { name: device.id, properties: { deviceId: device.id } });
  const path = `${UNASSIGNED}/devices/${device.id}`;
  const to = group('A', 'Production');
  const moved = await ask('PATCH', path, { properties: { deviceGroupId: to.toLowerCase() } });
  t.is(moved.status, 200);
  t.is((await ask('GET', `${to}/devices/${device.id}`)).status, 200);
  t.is(codeOf(await ask('GET', path)), 'device-not-found');
  t.is(codeOf(await ask('PATCH', path, { properties: { deviceGroupId: to } })), 'device-not-found');
  t.is(codeOf(await ask('DELETE', `${to}/devices/${device.id}`)), 'claim-is-one-way');
  // A device that the catalog has needs no evidence to change its group.
  t.is((await ask('PUT', `${group('A', 'Field Test')}/devices/${device.id}`, { properties: {} })).status, 200);
  const elsewhere = { properties: { deviceGroupId: group('B', 'Production') } };
  t.is(codeOf(await ask('PATCH', `${group('A', 'Field Test')}/devices/${device.id}`, elsewhere)), 'claim-is-one-way');
  t.is(codeOf(await device.claim(bench, group('B', 'Production'))), 'device-claimed-elsewhere');
  // Also when it runs an app of its own catalog, which the other one has never seen.
  const app = { measurementType: `app:${randomUUID()}`, digest: randomBytes(32), version: '1', signerId: undefined };
  const { body } = await ask('POST', `${RG}/catalogs/B/retrieveClaimNonce`);
  const nonce = Uint8Array.from(Buffer.from(body['nonce'] as string, 'base64'));
  const evidence = device.evidence(nonce, false, { components: [...BOOT_STAGES, app] });
  const taken = { properties: { claimEvidence: base64(evidence) } };
  const refused = await ask('PUT', `${group('B', 'Production')}/devices/${device.id}`, taken);
  t.is(codeOf(refused), 'device-claimed-elsewhere');
  t.like(await ask('POST', `${RG}/catalogs/B/countDevices`), { body: { value: 0 } });
});

test('a claim without the device’s own evidence is refused', async (t) => {
  const [device, other] = (await endorsed(2)) as [TestDevice, TestDevice];
  const path = `${UNASSIGNED}/devices/${device.id}`;
  t.is(codeOf(await ask('PUT', path, { properties: {} })), 'claim-evidence-missing');
  const nonceOf = async (catalog: string): Promise<Uint8Array> => {
    const { body } = await ask('POST', `${RG}/catalogs/${catalog}/retrieveClaimNonce`);
    return Uint8Array.from(Buffer.from(body['nonce'] as string, 'base64'));
  };
  const put = (evidence: Uint8Array) => ask('PUT', path, { properties: { claimEvidence: base64(evidence) } });
  t.is(codeOf(await put(other.evidence(await nonceOf('A'), false))), 'evidence-wrong-key');
  t.is(codeOf(await put(device.evidence(await nonceOf('B'), false))), 'nonce-not-ours');
  t.is(codeOf(await put(device.evidence(await device.nonce(bench), false))), 'nonce-not-ours');
  t.is(codeOf(await put(Uint8Array.of(1))), 'claim-evidence-malformed');
  const changed = device.evidence(await nonceOf('A'), false, { components: [] });
  t.is(codeOf(await put(changed)), 'claim-evidence-malformed');
  const stranger = new TestDevice();
  t.is(codeOf(await stranger.claim(bench, UNASSIGNED)), 'device-unknown');
  const evidence = device.evidence(await nonceOf('A'), false);
  t.is((await put(evidence)).status, 201);
  t.is(codeOf(await put(evidence)), 'nonce-replayed');
});

test('many devices are claimed with their factory’s file, all or none', async (t) => {
  const devices = Array.from({ length: 5 }, () => new TestDevice());
  const ids = devices.map(({ id }) => id);
  await recordInLedger(folder, testLedger(factory));
  const endorsement = base64(factory.endorse(ids));
  const claim = (body: object, where = group('A', 'Production')) => ask('POST', `${where}/claimDevices`, body);
  t.is(codeOf(await claim({ deviceIdentifiers: ids })), 'claim-evidence-missing');
  const more = [...ids, new TestDevice().id];
  t.is(codeOf(await claim({ deviceIdentifiers: more, endorsement })), 'endorsement-lacks-device');
  t.is(codeOf(await claim({ deviceIdentifiers: [], endorsement })), 'field-malformed');
  t.is(codeOf(await claim({ deviceIdentifiers: ['x'], endorsement })), 'device-id-malformed');
  t.deepEqual((await claim({ deviceIdentifiers: ids.slice(0, 3), endorsement })).body, { claimed: 3, known: 0 });
  t.deepEqual((await claim({ deviceIdentifiers: ids, endorsement })).body, { claimed: 2, known: 3 });
  const again = await claim({ deviceIdentifiers: ids, endorsement }, group('B', 'Production'));
  t.is(codeOf(again), 'device-claimed-elsewhere');
  const wrong = await ask('POST', `${group('A', 'None')}/claimDevices`, { deviceIdentifiers: ids, endorsement });
  t.is(codeOf(wrong), 'device-group-not-found');
});

test('the file of one trusted factory claims no device of another', async (t) => {
  const other = new TestFactory();
  await recordInLedger(folder, testLedger(other));
  const [device, own] = [await one(), new TestDevice()];
  const claim = (by: TestFactory, ...devices: readonly TestDevice[]) => {
    const ids = devices.map(({ id }) => id);
    const body = { deviceIdentifiers: ids, endorsement: base64(by.endorse(ids)) };
    return ask('POST', `${group('C', 'Production')}/claimDevices`, body);
  };
  t.is(codeOf(await claim(other, own, device)), 'device-not-endorsed');
  t.is(codeOf(await claim(other, device)), 'device-not-endorsed');
  t.deepEqual((await claim(other, own)).body, { claimed: 1, known: 0 });
  t.deepEqual((await claim(factory, device)).body, { claimed: 1, known: 0 });
});

test('endorsements of a factory that nobody trusts, or that were changed, do not count', async (t) => {
  const device = await one();
  const path = '/subscriptions/s1/providers/Microsoft.AzureSphere/importEndorsements';
  const send = (file: Uint8Array) => ask('POST', path, { endorsement: base64(file) });
  t.is(codeOf(await send(new TestFactory().endorse([device.id]))), 'factory-not-trusted');
  const changed = factory.endorse([new TestDevice().id]);
  changed[20] = (changed[20] ?? 0) ^ 1;
  t.is(codeOf(await send(changed)), 'endorsement-signature-invalid');
  t.is(codeOf(await send(new Uint8Array(300))), 'endorsement-malformed');
  t.deepEqual((await send(factory.endorse([device.id, new TestDevice().id]))).body, { added: 1, known: 1 });
});

test('a catalog’s certificate is listed, found by its names, and proves that its CA signs', async (t) => {
  const list = await ask('GET', `${RG}/catalogs/B/certificates`);
  const [listed] = list.body['value'] as readonly { name: string; properties: Record<string, string> }[];
  const name = listed?.name ?? '';
  t.like(listed?.properties, { status: 'Active', provisioningState: 'Succeeded' });
  for (const word of [name, name.toLowerCase(), '.default', 'default', 'active']) {
    t.like((await ask('GET', `${RG}/catalogs/B/certificates/${word}`)).body, { name });
  }
  t.is(codeOf(await ask('GET', `${RG}/catalogs/B/certificates/ABCD`)), 'certificate-not-found');
  const proof = await ask('POST', `${RG}/catalogs/B/certificates/active/retrieveProofOfPossessionNonce`, {
    proofOfPossessionNonce: 'C0DE-42',
  });
  const certificate = new X509Certificate(Buffer.from(proof.body['certificate'] as string, 'base64'));
  const ca = new X509Certificate(Buffer.from(listed?.properties['certificate'] ?? '', 'base64'));
  t.is(certificate.subject, 'CN=C0DE-42');
  t.true(certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
  const bad = { proofOfPossessionNonce: 'a/b' };
  const path = `${RG}/catalogs/B/certificates/active/retrieveProofOfPossessionNonce`;
  t.is(codeOf(await ask('POST', path, bad)), 'proof-of-possession-malformed');
});

test('openssl reads the chain of a catalog', async (t) => {
  const { body } = await ask('POST', `${RG}/catalogs/B/certificates/active/retrieveCertChain`);
  const file = join(folder, 'chain.p7b');
  writeFileSync(file, Buffer.from(body['certificateChain'] as string, 'base64'));
  try {
    const said = execFileSync('openssl', ['pkcs7', '-inform', 'DER', '-in', file, '-print_certs'], {
      encoding: 'utf8',
    });
    t.is(said.match(/BEGIN CERTIFICATE/g)?.length, 3);
    for (const name of ['Root CA', 'Policy CA', 'Catalog CA']) t.true(said.includes(name), name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    leftOut(t, 'openssl', 'apt-get install openssl');
  }
});
