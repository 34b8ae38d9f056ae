import { BUILD_TIME_FILE, PLATFORM_KEY_FILE, RUNNER_FILE } from '../../contracts/core/boot-files.ts';
import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { p256 } from '@noble/curves/nist.js';
import test from 'ava';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import { NO_CATALOG, decodeImage, encodeImage } from '../../contracts/core/image.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import { decodeTrustedKeystore } from '../../contracts/core/trusted-keystore.ts';
import { openDeviceFolder } from '../../runtime/board/device-folder.ts';
import { AuthorityClient } from './authority-client.ts';
import type { Bundle, BundleName } from './bundle.ts';
import { readDeviceRecord } from './device-record.ts';
import { manufactureDevice } from './manufacture.ts';
import type { OsRelease } from './os-release.ts';
import { RELEASE_IMAGES, makeRelease } from './os-release.ts';
import { currentRelease } from './release-cache.ts';
import type { TrustAnchors } from './trust-anchors.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-factory-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

const authority = new AuthorityClient(join(base, 'authority'));
const codeOf = (name: string): Bundle => ({ code: new TextEncoder().encode(`export default '${name}'`), inputs: [] });
const bundles: Record<BundleName, Bundle> = {
  plutonRuntime: codeOf('pluton'),
  monitor: codeOf('monitor'),
  os: codeOf('os'),
  compartment: codeOf('compartment'),
  group: codeOf('group'),
};
let anchors: TrustAnchors;
let release: OsRelease;
test.before(async () => {
  anchors = await authority.init();
  release = await makeRelease(bundles, anchors, authority);
});

let count = 0;
const place = (): string => join(base, 'devices', `device-${count++}`);
const order = (folder: string) => ({ folder, board: 'mt3620_rdb', release, anchors });

test('every image of a release is signed by the platform key', (t) => {
  for (const [name, bytes] of Object.entries(release.images)) {
    const { kind, signatures, signedBytes } = decodeImage(bytes, sha256);
    t.is<string, string>(kind, name);
    t.deepEqual(
      signatures.map(({ role, keyId }) => [role, keyId]),
      [['platform', sha256(anchors.platformKey)]],
    );
    t.true(p256.verify(signatures[0]?.signature ?? new Uint8Array(0), signedBytes, anchors.platformKey));
  }
});

test('a release carries the trust anchors and the runner', (t) => {
  const files = (name: keyof OsRelease['images']) => decodeImageFiles(decodeImage(release.images[name], sha256).files);
  t.deepEqual(files('plutonRuntime').get(PLATFORM_KEY_FILE), anchors.platformKey);
  t.deepEqual(files('os').get(RUNNER_FILE), bundles.compartment.code);
  const buildTime = Number(new TextDecoder().decode(files('os').get(BUILD_TIME_FILE)));
  t.true(buildTime > 1_790_000_000 && buildTime * 1000 <= Date.now(), 'a lower bound: no device is made before its OS');
  t.deepEqual(files('trustedKeystore').get('service-ca.der'), anchors.serviceCa);
  t.deepEqual(files('trustedKeystore').get('tuf/1.root.json'), anchors.tufRoot);
  const keys = decodeTrustedKeystore(decodeImage(release.images.trustedKeystore, sha256).component);
  t.deepEqual(
    keys.map(({ role, publicKey }) => [role, publicKey]),
    [
      ['platform', anchors.platformKey],
      ['serviceImage', anchors.serviceImageKey],
      ['deviceCapability', anchors.deviceCapabilityKey],
      ['time', anchors.timeKey],
      ['deviceClaim', anchors.deviceClaimKey],
    ],
  );
});

test('a manufactured device has its keys, its fuses and its images', async (t) => {
  const folder = place();
  const endorsements = join(base, 'endorsed.txt');
  const record = await manufactureDevice({ ...order(folder), endorsements, madeAt: new Date(0) });
  t.deepEqual(await readDeviceRecord(folder), { ...record, madeAt: '1970-01-01T00:00:00.000Z' });
  t.true(readFileSync(endorsements, 'utf8').split('\n').includes(`${record.deviceId} mt3620_rdb`));

  const device = openDeviceFolder(folder);
  t.teardown(() => device.close());
  t.is(device.fuses.lifecycle(), 'DeviceComplete');
  t.deepEqual(device.fuses.platformKeyDigest(), sha256(anchors.platformKey));
  const spki = Buffer.concat([
    Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
    device.crypto.identityPublicKey(),
  ]);
  t.is<string, string>(record.deviceId, createHash('sha512').update(spki).digest('hex'));
  const message = new TextEncoder().encode('evidence');
  t.true(
    p256.verify(device.crypto.signWithIdentity(message), message, device.crypto.identityPublicKey(), { lowS: false }),
  );

  const parts = {
    plutonRuntime: 'plutonRuntime',
    monitor: 'monitor',
    trustedKeystore: 'trustedKeystore',
    os: 'osSlotA',
  } as const;
  for (const [image, part] of Object.entries(parts) as [keyof typeof parts, (typeof parts)['os']][]) {
    const bytes = release.images[image];
    const { offset } = FLASH_PART[part];
    t.is(new DataView(device.flash.read(offset, 4).buffer).getUint32(0, true), bytes.length);
    t.deepEqual(device.flash.read(offset + 4, bytes.length), bytes);
  }
  t.deepEqual(device.flash.read(FLASH_PART.osSlotB.offset, 4), new Uint8Array(4).fill(0xff));
  t.throws(() => device.programmer.writeIdentityKey(new Uint8Array(32)), undefined, 'the fuses are burnt');
});

test('the private key is in the fuses and nowhere else', async (t) => {
  const folder = place();
  await manufactureDevice({ ...order(folder), seed: 7 });
  const fuses = readFileSync(join(folder, 'fuses.bin'));
  const key = fuses.subarray(0, 32);
  t.true(p256.utils.isValidSecretKey(key)); // else this test looks for something else
  for (const file of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, file));
    if (file !== 'fuses.bin')
      for (const form of ['latin1', 'hex', 'base64'] as const)
        t.false(bytes.toString('latin1').includes(key.toString(form)), file);
    t.is(statSync(join(folder, file)).mode & 0o077, file === 'device.json' ? 0o044 : 0, file);
  }
});

test('one seed gives one device, no seed another every time', async (t) => {
  const ids = [];
  for (const seed of [{ seed: 1 }, { seed: 1 }, { seed: 2 }, {}, {}]) {
    ids.push((await manufactureDevice({ ...order(place()), ...seed })).deviceId);
  }
  t.is(ids[0], ids[1]);
  t.is(new Set(ids).size, 4);
});

for (const lifecycle of ['Blank', 'Module1Complete', 'DeviceComplete'] as const) {
  test(`a device can be left ${lifecycle}`, async (t) => {
    const folder = place();
    await manufactureDevice({ ...order(folder), lifecycle });
    const device = openDeviceFolder(folder);
    t.teardown(() => device.close());
    t.is(device.fuses.lifecycle(), lifecycle);
  });
}

test('a device is not overwritten, unless that is asked for', async (t) => {
  const folder = place();
  const first = await manufactureDevice(order(folder));
  t.like(await t.throwsAsync(manufactureDevice(order(folder))), { code: 'device-exists' });
  t.is((await readDeviceRecord(folder)).deviceId, first.deviceId);
  const second = await manufactureDevice({ ...order(folder), force: true });
  t.not(second.deviceId, first.deviceId);
  t.is((await readDeviceRecord(folder)).deviceId, second.deviceId);
});

test('of two stations that make one device one is told so, and nothing is left behind', async (t) => {
  const folder = join(base, 'race', 'device');
  const made = await Promise.allSettled([manufactureDevice(order(folder)), manufactureDevice(order(folder))]);
  t.deepEqual(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const lost = made.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  t.like(lost.reason, { code: 'device-exists' });
  t.deepEqual(readdirSync(dirname(folder)), [basename(folder)]);
});

test('the rollback indexes of its first release are burnt as floors', async (t) => {
  const raised = encodeImage(
    { kind: 'os', rollbackIndex: 7, componentId: NO_CATALOG, component: new Uint8Array(8) },
    sha256,
  );
  const folder = place();
  await manufactureDevice({ ...order(folder), release: { ...release, images: { ...release.images, os: raised } } });
  const device = openDeviceFolder(folder);
  t.teardown(() => device.close());
  t.deepEqual(
    RELEASE_IMAGES.map((image) => device.fuses.rollbackFloor(image)),
    [1, 1, 1, 7],
  );
});

test('an image that does not fit its part leaves no half device', async (t) => {
  const folder = join(base, 'too-large', 'device');
  const large = { ...release, images: { ...release.images, plutonRuntime: new Uint8Array(0x08_0000) } };
  const error = await t.throwsAsync(manufactureDevice({ ...order(folder), release: large }));
  t.like(error, { code: 'image-too-large-for-part' });
  t.deepEqual(readdirSync(dirname(folder)), []);
});

const BAD_RECORDS: readonly (readonly [string, string])[] = [
  ['no JSON', 'device'],
  ['null', 'null'],
  ['a short id', '{"deviceId":"ab","board":"mt3620_rdb"}'],
  ['no board', `{"deviceId":"${'ab'.repeat(64)}"}`],
  ['a board with a path in its name', `{"deviceId":"${'ab'.repeat(64)}","board":"../x"}`],
  ['a date that is none', `{"deviceId":"${'ab'.repeat(64)}","board":"b","madeAt":"soon"}`],
  ['far too much', ' '.repeat(5000)],
];
for (const [what, text] of BAD_RECORDS) {
  test(`readDeviceRecord() refuses ${what}`, async (t) => {
    const folder = place();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'device.json'), text);
    t.like(await t.throwsAsync(readDeviceRecord(folder)), { code: 'device-record-malformed' });
  });
}

test('readDeviceRecord() says when there is no device', async (t) => {
  t.like(await t.throwsAsync(readDeviceRecord(place())), { code: 'device-missing' });
});

/** A checkout of five one-line programs, so that the cache is tried without bundling a device. */
function smallSources() {
  const root = join(base, `sources-${count++}`);
  mkdirSync(root);
  const rule = (name: string) => ({ entry: `${name}.ts`, form: 'stage' }) as const;
  const rules = {
    plutonRuntime: rule('pluton'),
    monitor: rule('monitor'),
    os: rule('os'),
    compartment: rule('compartment'),
    group: rule('group'),
  };
  for (const { entry } of Object.values(rules)) writeFileSync(join(root, entry), `export default '${entry}';`);
  return { root, rules };
}

test('a release is made once, and again when a source, a key or the cache changed', async (t) => {
  const folder = join(base, 'releases');
  const sources = smallSources();
  const make = () => currentRelease(folder, anchors, authority, sources);
  const first = await make();
  t.deepEqual(await make(), first); // signatures are random: equal ones were not made again

  writeFileSync(join(sources.root, 'os.ts'), `export default 'changed';`);
  const second = await make();
  t.notDeepEqual(second.images.os, first.images.os);
  t.deepEqual(await make(), second);

  const [cached = ''] = readdirSync(folder);
  writeFileSync(join(folder, cached, 'monitor.img'), 'spoilt');
  const third = await make();
  t.notDeepEqual(third.images.monitor, second.images.monitor);
  writeFileSync(join(folder, cached, 'recipe.json'), '{"sources"');
  t.notDeepEqual((await make()).images.monitor, third.images.monitor);
  t.deepEqual(readdirSync(folder), [cached]);
});

test('two starts at one moment both get a release', async (t) => {
  const folder = join(base, 'releases-race');
  const sources = smallSources();
  const [one, two] = await Promise.all([0, 1].map(() => currentRelease(folder, anchors, authority, sources)));
  t.deepEqual(Object.keys(one?.images ?? {}), Object.keys(two?.images ?? {}));
  t.is(readdirSync(folder).length, 1);
});

test('the authority speaks for itself when it refuses', async (t) => {
  const developmentKey = new Uint8Array(65);
  const { deviceId } = await manufactureDevice(order(place()));
  const refused = await t.throwsAsync(
    authority.issueCapability({ deviceId, rights: ['appDevelopment'], developmentKey }),
  );
  t.like(refused, { code: 'capability-key-malformed' });
  const nobody = new AuthorityClient(join(base, 'nobody'));
  t.like(await t.throwsAsync(nobody.signImage(release.images.os, 'platform')), { code: 'authority-not-initialized' });
  const broken = join(base, 'broken.mjs');
  writeFileSync(broken, 'throw new Error("no")');
  t.like(await t.throwsAsync(new AuthorityClient(base, broken).init()), { code: 'authority-failed' });
  const chatty = join(base, 'chatty.mjs');
  writeFileSync(chatty, 'process.stdout.write("x".repeat(1e6)); setInterval(() => {}, 1000);');
  t.like(await t.throwsAsync(new AuthorityClient(base, chatty).init()), { code: 'authority-failed' });
  t.false(existsSync(join(base, 'nobody')));
});

test('keys of another authority make another device', async (t) => {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
  const folder = place();
  await manufactureDevice({
    ...order(folder),
    anchors: { ...anchors, platformKey: new Uint8Array(spki.subarray(-65)) },
  });
  const device = openDeviceFolder(folder);
  t.teardown(() => device.close());
  t.notDeepEqual(device.fuses.platformKeyDigest(), sha256(anchors.platformKey));
});
