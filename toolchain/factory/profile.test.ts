import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { decodeDeviceCapability } from '../../contracts/core/device-capability.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { OsRelease, ReleaseImage } from './os-release.ts';
import { RELEASE_IMAGES } from './os-release.ts';
import { manufactureDevice } from './manufacture.ts';
import { decodeEndorsement } from '../../contracts/wire/endorsement-file.ts';
import { deviceFolder, developmentCapability, endorsementFile, hollowRelease, prepareProfile } from './profile.ts';
import { powerOn } from './power.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-profile-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const state = join(base, 'state');
/** One line an image, signatures included: equal ones were not made twice. */
const digestsOf = ({ images }: OsRelease): readonly string[] =>
  RELEASE_IMAGES.map((name) => `${name} ${Buffer.from(sha256(images[name])).toString('hex')}`);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

test.serial('two starts at one moment make one profile, a later one finds it', async (t) => {
  const [one, two] = await Promise.all([prepareProfile(state), prepareProfile(state)]);
  t.deepEqual(one.anchors, two.anchors);
  t.deepEqual(one.developmentKey.publicKey, two.developmentKey.publicKey);
  const three = await prepareProfile(state);
  t.deepEqual(three.anchors, one.anchors);
  t.deepEqual(digestsOf((await prepareProfile(state)).release), digestsOf(three.release));
  for (const place of ['', 'authority', 'keys', 'devices', 'releases'])
    t.is(statSync(join(state, place)).mode & 0o077, 0, place);
});

test.serial('a device of the profile boots what the profile made', async (t) => {
  const profile = await prepareProfile(state);
  const folder = deviceFolder(state, 'board-1');
  const { release, anchors, endorsements } = profile;
  const { deviceId } = await manufactureDevice({ folder, board: 'mt3620_rdb', release, anchors, endorsements });
  t.is(readFileSync(endorsements, 'utf8'), `${deviceId} mt3620_rdb\n`);
  t.deepEqual(decodeEndorsement(await endorsementFile(profile)).devices, [{ deviceId, board: 'mt3620_rdb' }]);
  const device = await powerOn(folder);
  t.teardown(() => device.powerOff());
  t.deepEqual(
    device.boot.map(({ boot, ok }) => [boot, ok]),
    ['rom', 'engine', 'plutonRuntime', 'trustedKeystore', 'monitor', 'os'].map((stage) => [stage, true]),
  );
});

test.serial('developmentCapability() is for one device and the key of the profile', async (t) => {
  const profile = await prepareProfile(state);
  const { deviceId } = await manufactureDevice({
    folder: deviceFolder(state, 'board-2'),
    board: 'mt3620_rdb',
    ...profile,
  });
  const file = decodeDeviceCapability(await developmentCapability(profile, deviceId));
  t.is(file.deviceId, deviceId);
  t.deepEqual(file.rights, ['appDevelopment']);
  t.deepEqual(file.developmentKey, profile.developmentKey.publicKey);
});

test.serial('hollowRelease() differs in the OS alone, and leaves the sound release where it is', async (t) => {
  const profile = await prepareProfile(state);
  const hollow = await hollowRelease(profile);
  const component = (release: OsRelease, image: ReleaseImage) => decodeImage(release.images[image], sha256).component;
  for (const image of RELEASE_IMAGES) {
    t.is(Buffer.compare(component(hollow, image), component(profile.release, image)) === 0, image !== 'os', image);
  }
  t.true(new TextDecoder().decode(component(hollow, 'os')).includes('allows:()=>true'));
  t.deepEqual(digestsOf((await prepareProfile(state)).release), digestsOf(profile.release));
  t.deepEqual(digestsOf(await hollowRelease(profile)), digestsOf(hollow));
});

test.serial('a spoilt profile is refused with the next step', async (t) => {
  writeFileSync(join(state, 'keys', 'development.pem'), 'no key', { mode: 0o600 });
  t.like(await t.throwsAsync(prepareProfile(state)), { code: 'signing-key-malformed' });
  rmSync(join(state, 'keys', 'development.pem'));
  rmSync(join(state, 'authority', 'keys', 'platform.pem'));
  const error = await t.throwsAsync(prepareProfile(state));
  t.like(error, { code: 'authority-file-missing' });
  t.truthy((error as { hint?: string } | undefined)?.hint);
});

test('a state folder that cannot be one is said to be unusable', async (t) => {
  writeFileSync(join(base, 'file'), '');
  t.like(await t.throwsAsync(prepareProfile(join(base, 'file'))), { code: 'state-folder-unusable' });
});

const BAD_NAMES = ['', '..', '.hidden', 'a/b', 'A', 'a b', 'a\n', 'x'.repeat(65)];
for (const name of BAD_NAMES) {
  test(`deviceFolder() refuses the name ${JSON.stringify(name)}`, (t) => {
    t.like(
      t.throws(() => deviceFolder(state, name)),
      { code: 'device-name-malformed' },
    );
  });
}

test('deviceFolder() keeps to the state folder', (t) => {
  t.is(deviceFolder(state, 'board-1.old_2'), join(state, 'devices', 'board-1.old_2'));
});
