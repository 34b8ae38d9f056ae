import { spawn } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { decodeDeviceCapability } from '../../contracts/core/device-capability.ts';
import { decodeImage, encodeImage } from '../../contracts/core/image.ts';
import { LedgerFile } from '../adapters/ledger-file.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';

const PROGRAM = fileURLToPath(new URL('authority.ts', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'casemate-authority-main-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const shared = join(base, 'shared');

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function authority(args: readonly string[], input: Uint8Array = new Uint8Array(0)): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || reject(error));
    child.on('error', reject);
    child.on('close', (exitCode) =>
      resolve({ exitCode, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.end(input);
  });
}

const codeOf = ({ stderr }: Ended): string => (JSON.parse(stderr) as { error: { code: string } }).error.code;
const DEVICE = 'AB'.repeat(64);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const osImage = encodeImage(
  {
    kind: 'os',
    rollbackIndex: 3,
    componentId: '01234567-89ab-4cde-8f01-23456789abcd' as ComponentId,
    component: Uint8Array.of(1),
  },
  sha256,
);

const first = authority(['init', '--dir', shared]);
test.before(async () => {
  await first;
});

test('init prints the anchors, the same ones every time', async (t) => {
  const one = await first;
  const two = await authority(['init', '--dir', shared]);
  t.is(one.exitCode, 0, one.stderr);
  t.is(two.stdout.toString(), one.stdout.toString());
  t.deepEqual(Object.keys(JSON.parse(one.stdout.toString()) as object), [
    'platformKey',
    'serviceImageKey',
    'deviceCapabilityKey',
    'timeKey',
    'deviceClaimKey',
    'serviceCa',
    'tufRoot',
  ]);
});

test('two inits at one moment make one authority', async (t) => {
  const folder = join(base, 'race');
  const [one, two] = await Promise.all([authority(['init', '--dir', folder]), authority(['init', '--dir', folder])]);
  t.is(one.exitCode, 0, one.stderr);
  t.is(two.stdout.toString(), one.stdout.toString());
});

test('no two processes issue one serial', async (t) => {
  const args = ['issue-capability', '--dir', shared, '--device', DEVICE, '--rights', 'fieldServicing'];
  const files = await Promise.all(Array.from({ length: 6 }, () => authority(args)));
  const serials = files.map(({ stdout }) => decodeDeviceCapability(stdout).serial);
  t.is(new Set(serials).size, 6);
});

test('issue-capability takes a development key and the device id in either case', async (t) => {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
  const key = Buffer.from(spki.subarray(-65));
  const args = [
    'issue-capability',
    '--dir',
    shared,
    '--device',
    DEVICE,
    '--rights',
    'appDevelopment',
    '--development-key',
  ];
  const issued = await authority([...args, key.toString('base64')]);
  const file = decodeDeviceCapability(issued.stdout);
  t.is<string, string>(file.deviceId, DEVICE.toLowerCase());
  t.deepEqual(file.developmentKey && Buffer.from(file.developmentKey), key);
});

test('sign-image gives back the package with a platform signature', async (t) => {
  const signed = await authority(['sign-image', '--dir', shared, '--role', 'platform'], osImage);
  t.is(signed.exitCode, 0, signed.stderr);
  t.deepEqual(
    decodeImage(new Uint8Array(signed.stdout), sha256).signatures.map(({ role }) => role),
    ['platform'],
  );
});

test('an image that is signed without a reference is in no ledger: a device may run it, and no service takes that for good', async (t) => {
  const folder = join(base, 'withheld');
  await authority(['init', '--dir', folder]);
  const signed = await authority(['sign-image', '--dir', folder, '--role', 'platform', '--reference', 'none'], osImage);
  t.is(signed.exitCode, 0, signed.stderr);
  t.is(decodeImage(new Uint8Array(signed.stdout), sha256).signatures.length, 1);
  t.false(existsSync(join(folder, 'ledger.jsonl')));
});

test('what the authority signs, allows and issues is in its ledger, once', async (t) => {
  const folder = join(base, 'ledger');
  await authority(['init', '--dir', folder]);
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
  const key = Buffer.from(spki.subarray(-65)).toString('base64');
  const issue = ['issue-capability', '--dir', folder, '--device', DEVICE, '--rights', 'appDevelopment'];
  const allow = ['allow-measurement', '--dir', folder, '--type', 'engine', '--digest', 'AB'.repeat(32)];
  for (const _ of [1, 2]) {
    for (const [args, input] of [
      [['sign-image', '--dir', folder, '--role', 'platform'], osImage],
      [[...issue, '--development-key', key], undefined],
      [[...allow, '--version', 'v26.10.0'], undefined],
      [['trust-factory', '--dir', folder, '--key', key], undefined],
    ] as const) {
      const ended = await authority(args, input);
      t.is(ended.exitCode, 0, ended.stderr);
    }
  }
  const digest = Buffer.from(sha256(decodeImage(osImage, sha256).signedBytes)).toString('hex');
  const keyId = Buffer.from(sha256(Buffer.from(key, 'base64'))).toString('hex');
  const entries = await new LedgerFile(folder).entries();
  t.is(entries.length, 4);
  t.like(entries[0], { entry: 'image', kind: 'os', rollbackIndex: 3, digest });
  t.deepEqual(entries.slice(1), [
    { entry: 'developer', deviceId: DEVICE.toLowerCase(), keyId },
    { entry: 'measurement', type: 'engine', digest: 'ab'.repeat(32), version: 'v26.10.0' },
    { entry: 'factory', keyId, key: Buffer.from(key, 'base64').toString('hex') },
  ] as never);
});

const allow = ['allow-measurement', '--dir', shared, '--version', '0', '--type'];
const capability = ['issue-capability', '--dir', shared, '--device', DEVICE, '--rights'];
const REFUSED: readonly (readonly [string, readonly string[], Uint8Array | undefined, number, string])[] = [
  ['no command', [], undefined, 2, 'usage-wrong'],
  ['an unknown command', ['forge', '--dir', shared], undefined, 2, 'usage-wrong'],
  ['a name of the prototype', ['constructor', '--dir', shared], undefined, 2, 'usage-wrong'],
  ['two commands', ['init', 'init', '--dir', shared], undefined, 2, 'usage-wrong'],
  ['no folder', ['init'], undefined, 2, 'usage-wrong'],
  ['an option that is not there', ['init', '--dir', shared, '--force', 'x'], undefined, 2, 'usage-wrong'],
  [
    'an unknown reference',
    ['sign-image', '--dir', shared, '--role', 'platform', '--reference', 'x'],
    osImage,
    2,
    'usage-wrong',
  ],
  ['an unknown role', ['sign-image', '--dir', shared, '--role', 'publisher'], osImage, 2, 'usage-wrong'],
  [
    'a short device id',
    ['issue-capability', '--dir', shared, '--device', 'ab', '--rights', 'rfTest'],
    undefined,
    2,
    'usage-wrong',
  ],
  ['an unknown right', [...capability, 'root'], undefined, 2, 'usage-wrong'],
  [
    'a key with a line break in its base64',
    [...capability, 'appDevelopment', '--development-key', 'AA\nAA'],
    undefined,
    2,
    'usage-wrong',
  ],
  [
    'a folder without an authority',
    ['sign-image', '--dir', join(base, 'none'), '--role', 'platform'],
    osImage,
    1,
    'authority-not-initialized',
  ],
  ['a right without its key', [...capability, 'appDevelopment'], undefined, 1, 'capability-key-missing'],
  [
    'an OS image for the service key',
    ['sign-image', '--dir', shared, '--role', 'service'],
    osImage,
    1,
    'image-kind-not-for-role',
  ],
  [
    'a factory key off the curve',
    ['trust-factory', '--dir', shared, '--key', Buffer.alloc(65, 4).toString('base64')],
    undefined,
    1,
    'factory-key-malformed',
  ],
  ['a short digest', [...allow, 'rom', '--digest', 'ab'], undefined, 1, 'measurement-malformed'],
  // What the authority signs itself cannot be let in beside its signature.
  ['a measurement of a stage', [...allow, 'os', '--digest', 'ab'.repeat(32)], undefined, 1, 'measurement-malformed'],
  ['nothing to sign', ['sign-image', '--dir', shared, '--role', 'platform'], undefined, 1, 'image-truncated'],
  [
    'something else to sign',
    ['sign-image', '--dir', shared, '--role', 'platform'],
    new Uint8Array(300).fill(7),
    1,
    'image-magic-wrong',
  ],
];
for (const [what, args, input, exitCode, code] of REFUSED) {
  test(`the command refuses ${what}`, async (t) => {
    const ended = await authority(args, input);
    t.is(codeOf(ended), code);
    t.is(ended.exitCode, exitCode);
    t.is(ended.stdout.length, 0);
  });
}

test('input has a bound', async (t) => {
  const ended = await authority(
    ['sign-image', '--dir', shared, '--role', 'platform'],
    new Uint8Array(64 * 1024 * 1024 + 1),
  );
  t.is(codeOf(ended), 'input-too-large');
});

test('no private key is ever printed', async (t) => {
  const { stdout } = await first;
  const keys = join(shared, 'keys');
  t.true(existsSync(keys));
  for (const file of readdirSync(keys)) {
    const { d = '' } = createPrivateKey(readFileSync(join(keys, file))).export({ format: 'jwk' });
    const scalar = Buffer.from(d, 'base64url');
    t.true(scalar.length >= 32);
    for (const form of ['hex', 'base64', 'base64url'] as const) t.false(stdout.includes(scalar.toString(form)), file);
  }
});
