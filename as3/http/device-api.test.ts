import { createHash, createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { decodeClaimStatement } from '../../contracts/core/claim-statement.ts';
import { p256Spki } from '../../contracts/core/device-identity.ts';
import type { EvidenceClaims } from '../../contracts/core/evidence.ts';
import { timeSignedBytes } from '../../contracts/core/signed-time.ts';
import { verifyEs256 } from '../adapters/verify-es256.ts';
import type { Answer, ServiceBench } from '../../test/support/service-bench.ts';
import { operatorCredential, serviceBench } from '../../test/support/service-bench.ts';
import {
  BOOT_STAGES,
  TEST_BOARD,
  TestDevice,
  TestFactory,
  endorseDevices,
  recordInLedger,
} from '../../test/support/test-device.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-device-api-'));
const factory = new TestFactory();
const RG = '/subscriptions/s1/resourceGroups/rg/providers/Microsoft.AzureSphere';
const V = 'api-version=2024-04-01';
const GROUP = `${RG}/catalogs/Plant/products/Lamp/deviceGroups/Production`;
let bench: ServiceBench;
let catalogId: string;
test.before(async () => {
  bench = await serviceBench(folder);
  const made = await bench.ask('PUT', `${RG}/catalogs/Plant?${V}`, {
    body: { location: 'global', properties: { publisherSignature: 'NotRequired' } },
  });
  catalogId = (made.body['properties'] as { tenantId: string }).tenantId;
  await bench.ask('PUT', `${RG}/catalogs/Plant/products/Lamp?${V}`, { body: {} });
});
test.after.always(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const codeOf = ({ body }: Answer): unknown => (body['error'] as { code?: string } | undefined)?.code;
const claimOf = ({ body }: Answer): unknown =>
  (body['error'] as { details?: { claim?: string } } | undefined)?.details?.claim;
const managementCode = ({ body }: Answer): unknown =>
  (body['error'] as { additionalInfo?: readonly { info: { code: string } }[] } | undefined)?.additionalInfo?.[0]?.info
    .code;

async function endorsed(): Promise<TestDevice> {
  const device = new TestDevice();
  await endorseDevices(bench, factory, [device]);
  return device;
}
async function claimed(): Promise<TestDevice> {
  const device = await endorsed();
  const { status, body } = await device.claim(bench, GROUP);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return device;
}
const METADATA = '/device/v1/metadata/timestamp.json';

test('the time is signed over the nonce that asked for it', async (t) => {
  const nonce = Uint8Array.from(randomBytes(32));
  const { status, body } = await bench.askDevice('POST', '/device/v1/time', { body: { nonce: base64(nonce) } });
  t.is(status, 200);
  const seconds = body['seconds'] as number;
  t.true(Math.abs(seconds - bench.clock.nowMs() / 1000) < 100);
  const key = { key: createPublicKey(readFileSync(join(folder, 'authority/keys/time.pem'), 'utf8')) };
  const signature = Buffer.from(body['signature'] as string, 'base64');
  t.true(verify('sha256', timeSignedBytes(nonce, seconds), { ...key, dsaEncoding: 'ieee-p1363' }, signature));
  t.is(codeOf(await bench.askDevice('POST', '/device/v1/time', { body: { nonce: 'AAAA' } })), 'time-nonce-malformed');
});

test('an endorsed, claimed device attests and gets a claim statement and two certificates', async (t) => {
  const device = await claimed();
  const { answer } = await device.attest(bench);
  const statement = decodeClaimStatement(Uint8Array.from(Buffer.from(answer.claim, 'base64')));
  t.like(statement, { epoch: 1, deviceId: device.id, catalogId, publisherKeyId: undefined });
  const claimKey = createPublicKey(readFileSync(join(folder, 'authority/keys/device-claim.pem'), 'utf8'));
  const point = Uint8Array.from(claimKey.export({ type: 'spki', format: 'der' }).subarray(-65));
  t.true(verifyEs256(point, statement.signedBytes, statement.signature));
  t.deepEqual(statement.keyId, Uint8Array.from(createHash('sha256').update(point).digest()));
  const [update, customer] = [answer.certificates.update, answer.certificates.customer].map(
    (pem) => new X509Certificate(pem),
  );
  for (const certificate of [update, customer]) {
    t.is(certificate?.subjectAltName, `URI:urn:casemate:device:${device.id}`);
    t.is(certificate?.subject, `CN=${device.id.slice(0, 64)}`);
  }
  t.is(update?.issuer, 'CN=Casemate Update CA');
  t.is(customer?.issuer, `CN=Casemate Catalog CA ${catalogId}`);
  t.is(answer.certificates.update.match(/BEGIN CERTIFICATE/g)?.length, 3);
  // A second time it is told the same statement: another one of the same epoch would look like a replay.
  t.is((await device.attest(bench)).answer.claim, answer.claim);
  t.true(bench.journal.recent().some(({ kind, deviceId }) => kind === 'device-attested' && deviceId === device.id));
});

type Changes = Partial<EvidenceClaims>;
const other = (change: (stage: (typeof BOOT_STAGES)[number], index: number) => Partial<(typeof BOOT_STAGES)[number]>) =>
  BOOT_STAGES.map((stage, index) => ({ ...stage, ...change(stage, index) }));
const REFUSED: readonly (readonly [string, Changes, string, string])[] = [
  [
    'a changed OS',
    { components: other((_, index) => (index === 5 ? { digest: new Uint8Array(32).fill(99) } : {})) },
    'evidence-digest-wrong',
    'softwareComponents',
  ],
  [
    'an engine that nobody allowed',
    { components: other((_, index) => (index === 1 ? { digest: new Uint8Array(32) } : {})) },
    'evidence-digest-wrong',
    'softwareComponents',
  ],
  [
    'a false version',
    { components: other((_, index) => (index === 5 ? { version: '2' } : {})) },
    'evidence-version-wrong',
    'softwareComponents',
  ],
  ['a missing stage', { components: BOOT_STAGES.slice(1) }, 'evidence-boot-chain-broken', 'softwareComponents'],
  // Not signed by the service for this catalog, and no developer was let onto this device.
  [
    'an unknown app',
    {
      components: [
        ...BOOT_STAGES,
        { measurementType: 'app:x', digest: new Uint8Array(32), version: '1', signerId: new Uint8Array(32).fill(1) },
      ],
    },
    'evidence-component-unknown',
    'softwareComponents',
  ],
  [
    'a device that is not finished',
    { securityLifecycle: 'provisioning' },
    'evidence-lifecycle-refused',
    'securityLifecycle',
  ],
  ['another board', { board: 'other' }, 'evidence-implementation-wrong', 'implementationId'],
  ['a nonce of its own', { nonce: new Uint8Array(48) }, 'nonce-not-ours', 'nonce'],
  ['no customer key', { customerKey: undefined }, 'certificate-keys-missing', 'customerKey'],
  ['a boot count that went back', { bootCount: 1 }, 'evidence-device-cloned', 'bootCount'],
];
test('what attests falsely is refused for what is false, and changes nothing', async (t) => {
  const device = await claimed();
  device.restart();
  await device.attest(bench);
  for (const [what, changes, code, claim] of REFUSED) {
    const answer = await device.tryAttest(bench, changes);
    t.deepEqual([codeOf(answer), claimOf(answer)], [code, claim], what);
    t.true(answer.status >= 400 && answer.status < 500, what);
  }
  // A higher boot count in a refused token must not shut the true device out.
  t.is(
    codeOf(await device.tryAttest(bench, { bootCount: 1000, bootSeed: new Uint8Array(32), board: 'x' })),
    'evidence-implementation-wrong',
  );
  await t.notThrowsAsync(device.attest(bench));
  t.true(
    bench.journal.recent().some(({ kind, code }) => kind === 'device-refused' && code === 'evidence-digest-wrong'),
  );
});

test('a signature of another key, and evidence of another device, are refused', async (t) => {
  const [device, stranger] = [await claimed(), new TestDevice()];
  const nonce = await device.nonce(bench);
  const claims = device.claims({ nonce, components: BOOT_STAGES, board: TEST_BOARD });
  const forged = stranger.token({ ...claims, identityKey: device.point });
  const attest = (evidence: Uint8Array) =>
    bench.askDevice('POST', '/device/v1/attest', { body: { evidence: base64(evidence) } });
  t.is(codeOf(await attest(forged)), 'evidence-signature-invalid');
  t.is(codeOf(await attest(stranger.token(claims))), 'evidence-signature-invalid');
  t.is(codeOf(await attest(stranger.token({ ...claims, identityKey: stranger.point }))), 'evidence-wrong-key');
});

test('a nonce is good once, for one device, for five minutes, and not for a claim', async (t) => {
  const [device, second] = [await claimed(), await claimed()];
  const attest = (evidence: Uint8Array) =>
    bench.askDevice('POST', '/device/v1/attest', { body: { evidence: base64(evidence) } });
  const evidence = device.evidence(await device.nonce(bench), true);
  t.is((await attest(evidence)).status, 200);
  t.is(codeOf(await attest(evidence)), 'nonce-replayed');
  t.is(codeOf(await attest(device.evidence(await second.nonce(bench), true))), 'nonce-not-ours');
  const asked = await bench.ask('POST', `${RG}/catalogs/Plant/retrieveClaimNonce?${V}`);
  const forClaims = Uint8Array.from(Buffer.from(asked.body['nonce'] as string, 'base64'));
  t.is(codeOf(await attest(device.evidence(forClaims, true))), 'nonce-not-ours');
  const both = device.evidence(await device.nonce(bench), true);
  const answers = await Promise.all([attest(both), attest(both), attest(both)]);
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401]);
});

test('nobody learns from evidence in a device’s name whether the service knows that device', async (t) => {
  const [device, stranger] = [await endorsed(), new TestDevice()];
  for (const named of [device, new TestDevice()]) {
    const claims = named.claims({ nonce: await named.nonce(bench), components: BOOT_STAGES, board: TEST_BOARD });
    const evidence = base64(stranger.token({ ...claims, identityKey: named.point }));
    t.is(
      codeOf(await bench.askDevice('POST', '/device/v1/attest', { body: { evidence } })),
      'evidence-signature-invalid',
    );
  }
});

test('strangers and unclaimed devices are told apart and get nothing', async (t) => {
  t.is(codeOf(await new TestDevice().tryAttest(bench)), 'device-unknown');
  t.is(codeOf(await (await endorsed()).tryAttest(bench)), 'device-unclaimed');
});

test('a catalog that wants its publisher’s signature takes no device before it has a key', async (t) => {
  await bench.ask('PUT', `${RG}/catalogs/Strict?${V}`, { body: { location: 'global' } });
  const place = `${RG}/catalogs/Strict/products/.default/deviceGroups/.unassigned`;
  const device = await endorsed();
  t.is(managementCode(await device.claim(bench, place)), 'catalog-without-publisher-key');
  const publicKey = base64(new TestDevice().point);
  await bench.ask('PUT', `${RG}/catalogs/Strict/publisherKeys/main?${V}`, { body: { properties: { publicKey } } });
  t.is((await device.claim(bench, place)).status, 201);
  const { answer } = await device.attest(bench);
  const statement = decodeClaimStatement(Uint8Array.from(Buffer.from(answer.claim, 'base64')));
  t.deepEqual(
    statement.publisherKeyId,
    Uint8Array.from(createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest()),
  );
});

test('development images count while their developer may be on the device', async (t) => {
  const device = await claimed();
  const signerId = new Uint8Array(32).fill(42);
  const app = { measurementType: 'app:0000', digest: new Uint8Array(32).fill(8), version: '1', signerId };
  const changes = { components: [...BOOT_STAGES, app], securityLifecycle: 'nonPsaRotDebug' } as const;
  t.is(codeOf(await device.tryAttest(bench, changes)), 'evidence-component-unknown');
  await recordInLedger(folder, [{ entry: 'developer', deviceId: device.id, keyId: '2a'.repeat(32) }]);
  t.is((await device.tryAttest(bench, changes)).status, 200);
  t.is(
    codeOf(await device.tryAttest(bench, { ...changes, securityLifecycle: 'secured' })),
    'evidence-component-unknown',
  );
  t.is(codeOf(await (await claimed()).tryAttest(bench, changes)), 'evidence-component-unknown');
});

test('the routes of devices open to a current update certificate alone', async (t) => {
  const device = await claimed();
  const { update, customer } = await device.attest(bench);
  const ask = (credential?: string) => bench.askDevice('GET', METADATA, { credential });
  t.is((await ask(update)).status, 200);
  t.is(codeOf(await ask()), 'device-certificate-missing');
  t.is(codeOf(await ask(customer)), 'device-certificate-refused');
  t.is(codeOf(await ask(bench.operator)), 'device-certificate-refused');
  t.is(codeOf(await ask(operatorCredential())), 'device-certificate-refused');
  bench.clock.aheadMs += 25 * 60 * 60 * 1000;
  t.is(codeOf(await ask(update)), 'device-certificate-expired');
  bench.clock.aheadMs -= 25 * 60 * 60 * 1000;
  t.is(codeOf(await bench.askDevice('GET', '/device/v1/nothing')), 'operation-unknown');
});

test('a device’s certificate opens nothing on the management listener', async (t) => {
  const { update } = await (await claimed()).attest(bench);
  await t.throwsAsync(bench.ask('GET', `${RG}/catalogs?${V}`, { credential: update }));
});

test('a body of any size is answered, and the service lives on', async (t) => {
  const huge = JSON.stringify({ evidence: 'A'.repeat(10 * 1024 * 1024) });
  const answer = await bench.askDevice('POST', '/device/v1/attest', { raw: huge });
  t.deepEqual([answer.status, codeOf(answer)], [413, 'request-too-large']);
  for (const raw of ['', '{', '[]', '{"evidence":1}', '{"evidence":"AAAA","more":1}', '{"evidence":"A"}']) {
    t.is(codeOf(await bench.askDevice('POST', '/device/v1/attest', { raw })), 'request-malformed', raw);
  }
  t.is(
    codeOf(await bench.askDevice('POST', '/device/v1/attest', { body: { evidence: 'AAAA' } })),
    'evidence-malformed',
  );
  t.is(codeOf(await bench.askDevice('POST', '/device/v1/nonce', { body: { deviceId: 'ab' } })), 'device-id-malformed');
  t.is((await (await claimed()).tryAttest(bench)).status, 200);
  t.deepEqual(bench.reports, []);
});

test('the point in the update certificate is the one of the evidence', async (t) => {
  const device = await claimed();
  const { update } = await device.attest(bench);
  const caller = await bench.devices.identify(new X509Certificate(update).raw);
  const spki = createPublicKey(device.updateKey).export({ type: 'spki', format: 'der' });
  t.deepEqual(Buffer.from(p256Spki(caller.certificatePublicKey)), spki);
  t.like(caller, { deviceId: device.id, catalogId });
});
