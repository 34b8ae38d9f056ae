import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { decodeImage, NO_CATALOG, withSignatures } from '../../contracts/core/image.ts';
import type { ImageId } from '../../contracts/core/ids.ts';
import { catalogKey } from '../../test/support/management-store-conformance.ts';
import { sha256 } from '../../test/support/device-app.ts';
import type { Answer, ServiceBench } from '../../test/support/service-bench.ts';
import { serviceBench } from '../../test/support/service-bench.ts';
import type { AppWanted, Publisher } from '../../test/support/uploads.ts';
import { appPackage, publisher } from '../../test/support/uploads.ts';
import { moduleOf } from '../../test/support/core-modules.ts';
import { PACKAGE_MAX_BYTES } from '../domain/images.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-images-'));
let bench: ServiceBench;
test.before(async () => {
  bench = await serviceBench(folder);
});
test.after.always(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const RG = '/subscriptions/sub/resourceGroups/rg/providers/Microsoft.AzureSphere';
const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  bench.ask(method, `${RG}/catalogs/${path}?api-version=2024-04-01`, body === undefined ? {} : { body });
const codeOf = ({ body }: Answer): unknown =>
  (body['error'] as { additionalInfo?: readonly { info: { code: string } }[] } | undefined)?.additionalInfo?.[0]?.info
    .code;
const propertiesOf = ({ body }: Answer) => body['properties'] as Record<string, unknown>;
const listOf = ({ body }: Answer) => body['value'] as readonly { name: string; properties: Record<string, unknown> }[];
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const upload = (catalog: string, bytes: Uint8Array): Promise<Answer> =>
  ask('POST', `${catalog}/uploadImage`, { properties: { image: base64(bytes) } });

let count = 0;
/** A new catalog with a registered publisher. */
async function catalog(values: object = {}): Promise<{ name: string; id: string; owner: Publisher }> {
  const name = `C${count++}`;
  const made = await ask('PUT', name, { location: 'global', properties: values });
  const id = propertiesOf(made)['tenantId'] as string;
  const owner = publisher();
  await ask('PUT', `${name}/publisherKeys/ci`, { properties: { publicKey: base64(owner.publicKey) } });
  await ask('PUT', `${name}/products/Lamp`, {});
  return { name, id, owner };
}
const idOf = (bytes: Uint8Array): ImageId => decodeImage(bytes, sha256).imageId;

test.serial('an uploaded image is signed by the service, listed, and given back as what it is', async (t) => {
  const { name, id, owner } = await catalog();
  const bytes = owner.sign(await appPackage({ catalogId: id, rollbackIndex: 7, version: '1.2.3' }));
  const path = `${name}/images/${idOf(bytes)}`;
  const answer = await ask('PUT', path, { properties: { image: base64(bytes) } });
  t.is(answer.status, 201, JSON.stringify(answer.body));
  t.like(answer.body, { name: idOf(bytes), type: 'Microsoft.AzureSphere/catalogs/images' });
  t.like(propertiesOf(answer), {
    imageId: idOf(bytes),
    imageName: 'Blink',
    version: '1.2.3',
    rollbackIndex: 7,
    imageType: 'Applications',
    regionalDataBoundary: 'None',
  });
  t.deepEqual((await ask('GET', path.toUpperCase().replace(name.toUpperCase(), name))).body, answer.body);
  t.deepEqual(listOf(await ask('GET', `${name}/images`)).length, 1);
  // What devices get has two signatures: the publisher's as it came, and the service's.
  const key = catalogKey(name);
  const stored = decodeImage((await bench.store.images.readPackage(key, idOf(bytes))) ?? new Uint8Array(0), sha256);
  t.deepEqual(
    stored.signatures.map(({ role }) => role),
    ['publisher', 'service'],
  );
  t.true(bench.journal.recent().some(({ kind, catalogId }) => kind === 'image-added' && catalogId === id));
});

test.serial('the same image again changes nothing, with any other signature of its publisher', async (t) => {
  const { name, id, owner } = await catalog();
  const unsigned = await appPackage({ catalogId: id });
  t.is((await upload(name, owner.sign(unsigned))).status, 201);
  const key = catalogKey(name);
  const before = await bench.store.images.readPackage(key, idOf(unsigned));
  t.is((await upload(name, owner.sign(unsigned))).status, 200);
  t.deepEqual(await bench.store.images.readPackage(key, idOf(unsigned)), before);
});

test.serial(
  'a catalog that needs no publisher takes an image without one, and the signature when it comes later',
  async (t) => {
    const { name, id, owner } = await catalog({ publisherSignature: 'NotRequired' });
    const unsigned = await appPackage({ catalogId: id });
    t.is((await upload(name, unsigned)).status, 201);
    const signed = await upload(name, owner.sign(unsigned));
    t.is(signed.status, 200);
    t.is(propertiesOf(signed)['publisherKeyId'], Buffer.from(sha256(owner.publicKey)).toString('hex'));
    // A signature by somebody whom the catalog does not know is not passed on.
    const other = publisher().sign(await appPackage({ catalogId: id, rollbackIndex: 2 }));
    t.is(propertiesOf(await upload(name, other))['publisherKeyId'], undefined);
  },
);

const COMPONENT = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const TAIL_CALL = moduleOf({ code: [0x12, 0, 0x0b] });

/** What is wrong with an image, and the code. All are signed by the publisher. */
const WRONG: readonly (readonly [string, Partial<AppWanted>, string])[] = [
  ['that is for another catalog', { catalogId: 'aaaaaaaa-0000-4000-8000-000000000000' }, 'image-catalog-mismatch'],
  ['that is for no catalog', { catalogId: NO_CATALOG }, 'image-catalog-mismatch'],
  ['that is an OS', { kind: 'os' }, 'image-kind-wrong'],
  ['whose grants give more than the manifest asks', { gpioOfGrants: [9, 10] }, 'image-grants-mismatch'],
  ['whose grants give less', { gpioOfGrants: [] }, 'image-grants-mismatch'],
  ['whose component imports what is not granted', { gpioOfManifest: [] }, 'image-import-not-granted'],
  ['without a manifest', { manifest: new Uint8Array(0) }, 'image-manifest-invalid'],
  ['without metadata', { metadata: new Uint8Array(0) }, 'image-malformed'],
  ['with a broken file section', { files: Uint8Array.of(1, 2, 3) }, 'image-malformed'],
  [
    // return_call: valid WebAssembly 3.0, and not on the list of what devices run.
    'with an instruction that is not on the list',
    { component: Uint8Array.of(...COMPONENT, 1, TAIL_CALL.length, ...TAIL_CALL) },
    'image-component-invalid',
  ],
  [
    // The form is right, so our own reader takes it: only whoever follows the index finds out.
    'whose component lowers a function that it does not have',
    { component: Uint8Array.of(...COMPONENT, 8, 5, 1, 1, 0, 0, 0) },
    'image-component-invalid',
  ],
];
for (const [what, wrong, code] of WRONG) {
  test.serial(`an image ${what} is refused with ${code}, and what was stored stays`, async (t) => {
    const { name, id, owner } = await catalog();
    const good = owner.sign(await appPackage({ catalogId: id }));
    await upload(name, good);
    const before = await ask('GET', `${name}/images`);
    const answer = await upload(name, owner.sign(await appPackage({ catalogId: id, rollbackIndex: 2, ...wrong })));
    t.is(codeOf(answer), code, JSON.stringify(answer.body));
    t.is(answer.status, 400);
    t.deepEqual((await ask('GET', `${name}/images`)).body, before.body);
    const told = bench.journal.recent().filter(({ kind, catalogId }) => kind === 'image-refused' && catalogId === id);
    t.deepEqual(
      told.map((entry) => entry.code),
      [code],
    );
  });
}

test.serial(
  'an image is refused without the publisher’s signature, by another publisher, and by a forged one',
  async (t) => {
    const { name, id, owner } = await catalog();
    const unsigned = await appPackage({ catalogId: id });
    t.is(codeOf(await upload(name, unsigned)), 'image-publisher-signature-missing');
    t.is(codeOf(await upload(name, publisher().sign(unsigned))), 'image-publisher-unknown');
    // The registered key's id over a signature of other bytes.
    const signatures = owner.sign(await appPackage({ catalogId: id, rollbackIndex: 2 }));
    const forged = withSignatures(unsigned, signatures.subarray(unsigned.length));
    t.is(codeOf(await upload(name, forged)), 'image-publisher-signature-invalid');
    t.is(listOf(await ask('GET', `${name}/images`)).length, 0);
  },
);

test.serial('an image is refused that is cut, changed, named by another id, or too large', async (t) => {
  const { name, id, owner } = await catalog();
  const good = owner.sign(await appPackage({ catalogId: id }));
  t.is(codeOf(await upload(name, good.subarray(0, 300))), 'image-malformed');
  const changed = Uint8Array.from(good);
  changed[good.length - 200] = (changed[good.length - 200] ?? 0) ^ 1;
  t.is(codeOf(await upload(name, changed)), 'image-malformed');
  const misnamed = await ask('PUT', `${name}/images/${id}`, { properties: { image: base64(good) } });
  t.is(codeOf(misnamed), 'image-id-mismatch');
  const long = await upload(name, new Uint8Array(PACKAGE_MAX_BYTES + 1));
  t.deepEqual([long.status, codeOf(long)], [413, 'image-too-large']);
  t.is((await upload(name, new Uint8Array(PACKAGE_MAX_BYTES))).status, 400);
  const huge = await ask('POST', `${name}/uploadImage`, { properties: { image: 'A'.repeat(1_600_000) } });
  t.deepEqual([huge.status, codeOf(huge)], [413, 'request-too-large']);
  t.is(codeOf(await ask('POST', `${name}/uploadImage`, { properties: { image: 'not base64' } })), 'request-malformed');
});

test.serial('a publisher key is read back, replaced while nothing is bound to it, and then no more', async (t) => {
  const { name, id, owner } = await catalog();
  const path = `${name}/publisherKeys/ci`;
  t.is(propertiesOf(await ask('GET', path))['publicKey'], base64(owner.publicKey));
  t.is(listOf(await ask('GET', `${name}/publisherKeys`)).length, 1);
  const body = { properties: { publicKey: base64(publisher().publicKey) } };
  t.is((await ask('PUT', path, body)).status, 200);
  t.is((await ask('PUT', path, { properties: { publicKey: base64(owner.publicKey) } })).status, 200);
  await upload(name, owner.sign(await appPackage({ catalogId: id })));
  t.is(codeOf(await ask('PUT', path, body)), 'publisher-key-in-use');
  const off = Uint8Array.from(owner.publicKey);
  off[64] = (off[64] ?? 0) ^ 1;
  t.is(codeOf(await ask('PUT', path, { properties: { publicKey: base64(off) } })), 'publisher-key-malformed');
  t.is(codeOf(await ask('GET', `${name}/publisherKeys/other`)), 'publisher-key-not-found');
});

test.serial('a catalog needs its publisher’s signature until somebody says otherwise', async (t) => {
  const { name } = await catalog();
  t.is(propertiesOf(await ask('GET', name))['publisherSignature'], 'Required');
  await ask('PATCH', name, { properties: { publisherSignature: 'NotRequired' } });
  // Not said again is not changed.
  await ask('PUT', name, { location: 'global' });
  t.is(propertiesOf(await ask('GET', name))['publisherSignature'], 'NotRequired');
});

test.serial('a deployment becomes the current one of its group, and the one before it stays in the list', async (t) => {
  const { name, id, owner } = await catalog();
  const first = owner.sign(await appPackage({ catalogId: id, rollbackIndex: 5 }));
  const older = owner.sign(await appPackage({ catalogId: id, rollbackIndex: 4 }));
  for (const bytes of [first, older]) await upload(name, bytes);
  const group = `${name}/products/Lamp/deviceGroups/Field%20Test`;
  t.is(codeOf(await ask('GET', `${group}/deployments/.default`)), 'deployment-not-found');
  t.is(propertiesOf(await ask('GET', group))['hasDeployment'], false);
  const one = await ask('PUT', `${group}/deployments/.default`, {
    properties: { deployedImages: [{ properties: { imageId: idOf(first) } }] },
  });
  t.is(one.status, 201, JSON.stringify(one.body));
  t.is(propertiesOf(await ask('GET', group))['hasDeployment'], true);
  // An older version may be deployed: each device decides by what it has.
  const two = await ask('PUT', `${group}/deployments/second`, {
    properties: { deployedImages: [{ name: idOf(older) }] },
  });
  t.is(two.status, 201);
  t.deepEqual((await ask('GET', `${group}/deployments/.default`)).body, two.body);
  t.deepEqual((await ask('GET', `${group}/deployments/${String(one.body['name'])}`)).body, one.body);
  t.is(listOf(await ask('GET', `${group}/deployments`)).length, 2);
  t.is(listOf(await ask('POST', `${name}/listDeployments`)).length, 2);
  // The whole resource as it was read may be sent again.
  t.is((await ask('PUT', `${group}/deployments/SECOND`, two.body)).status, 200);
  t.is(codeOf(await ask('PUT', `${group}/deployments/second`, one.body)), 'deployment-exists');
  const deployed = await ask('DELETE', `${name}/images/${idOf(older)}`);
  t.is(codeOf(deployed), 'image-deployed');
  t.regex(
    JSON.stringify(deployed.body),
    new RegExp(`device group ${decodeURIComponent(group.split('/').at(-1) ?? '')}`),
  );
  t.is((await ask('DELETE', `${name}/images/${idOf(first)}`)).status, 200);
  t.is((await ask('DELETE', `${name}/images/${idOf(first)}`)).status, 204);
  t.is(codeOf(await ask('GET', `${name}/images/${idOf(first)}`)), 'image-not-found');
  // Devices may still run it, and must be able to say so.
  t.is((await bench.updates.references.of(id)).length, 2);
  t.is((await ask('DELETE', `${group}/deployments/.default`)).status, 200);
  t.is((await ask('DELETE', `${group}/deployments/.default`)).status, 204);
  t.is(propertiesOf(await ask('GET', group))['hasDeployment'], false);
  t.is(codeOf(await ask('DELETE', name)), 'catalog-not-empty');
});

test.serial('a deployment is refused with unknown images, two of one app, or none said', async (t) => {
  const { name, id, owner } = await catalog();
  const other = await catalog();
  const images: string[] = [];
  for (const rollbackIndex of [1, 2]) {
    const bytes = owner.sign(await appPackage({ catalogId: id, rollbackIndex }));
    await upload(name, bytes);
    images.push(idOf(bytes));
  }
  const elsewhere = other.owner.sign(await appPackage({ catalogId: other.id }));
  await upload(other.name, elsewhere);
  const deploy = (deployedImages: unknown, deployment = '.default') =>
    ask('PUT', `${name}/products/Lamp/deviceGroups/Production/deployments/${deployment}`, {
      properties: { deployedImages },
    });
  const [first, second] = images;
  t.is(codeOf(await deploy([{ name: id }])), 'deployment-image-unknown');
  t.is(codeOf(await deploy([{ name: idOf(elsewhere) }])), 'deployment-image-unknown');
  t.is(codeOf(await deploy([{ name: first }, { name: second }])), 'deployment-component-twice');
  t.is(codeOf(await deploy([{ name: first, properties: { imageId: second } }])), 'field-malformed');
  t.is(codeOf(await deploy(undefined)), 'field-malformed');
  t.is(codeOf(await deploy([{}])), 'field-malformed');
  t.is(codeOf(await deploy([{ name: 'Blink' }])), 'field-malformed');
  t.is(codeOf(await deploy([], '.hidden')), 'resource-name-malformed');
  t.is(codeOf(await deploy(Array.from({ length: 33 }, () => ({ name: first })))), 'field-malformed');
  t.is((await deploy([])).status, 201);
});

test.serial('what devices reported is listed', async (t) => {
  const { name, id } = await catalog();
  const device = 'ab'.repeat(64);
  const database = new DatabaseSync(join(folder, 'service.db'));
  database.prepare('insert into devices (id, catalog_id) values (?, ?)').run(device, id);
  database.close();
  const event = {
    id: new Uint8Array(16).fill(1),
    category: 'AppCrash',
    componentId: '',
    imageId: '',
    detail: 'exit 3',
    count: 2,
    startSeconds: 1_800_000_000,
    endSeconds: 1_800_000_060,
  } as const;
  await bench.store.insights.addEvents(device as never, [event], { at: new Date().toISOString(), keep: 10 });
  t.deepEqual((await ask('POST', `${name}/listDeviceInsights`)).body, {
    value: [
      {
        deviceId: device,
        description: 'AppCrash (component_id=; image_id=; exit 3)',
        startTimestampUtc: '2027-01-15T08:00:00.000Z',
        endTimestampUtc: '2027-01-15T08:01:00.000Z',
        eventCategory: 'AppCrash',
        eventClass: 'App',
        eventType: 'Unplanned',
        eventCount: 2,
      },
    ],
  });
});
