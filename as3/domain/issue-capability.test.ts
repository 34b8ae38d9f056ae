import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { p256 } from '@noble/curves/nist.js';
import test from 'ava';
import type { DeviceRight } from '../../contracts/core/device-capability.ts';
import { decodeDeviceCapability } from '../../contracts/core/device-capability.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { FileKeyStore } from '../adapters/file-key-store.ts';
import { issueDeviceCapability } from './issue-capability.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-capability-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const keys = new FileKeyStore(join(folder, 'keys'));
test.before(() => keys.makeMissingKeys());

const deviceId = 'ab'.repeat(64) as DeviceId;
const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
const developmentKey = new Uint8Array(spki.subarray(-65));

function serialsFrom(last: bigint): { next: () => Promise<bigint>; last: bigint } {
  return {
    last,
    async next() {
      return ++this.last;
    },
  };
}

test('issueDeviceCapability() makes a file that says what was asked and verifies', async (t) => {
  const request = { deviceId, rights: ['appDevelopment', 'fieldServicing'], developmentKey } as const;
  const file = decodeDeviceCapability(await issueDeviceCapability(request, keys, serialsFrom(41n)));
  t.is(file.serial, 42n);
  t.is(file.deviceId, deviceId);
  t.deepEqual(file.rights, ['appDevelopment', 'fieldServicing']);
  t.deepEqual(file.developmentKey, developmentKey);
  const signer = await keys.signer('device-capability');
  t.deepEqual(file.keyId, signer.keyId);
  const key = { key: createPublicKey(signer.publicKeyPem), dsaEncoding: 'ieee-p1363' } as const;
  t.true(verify('sha256', file.signedBytes, key, file.signature));
  t.true(p256.verify(file.signature, file.signedBytes, signer.publicKey));
});

test('every file has a higher serial than the one before', async (t) => {
  const serials = serialsFrom(0n);
  const request = { deviceId, rights: ['rfTest'], developmentKey: undefined } as const;
  const issued: bigint[] = [];
  for (let count = 0; count < 4; count++) {
    issued.push(decodeDeviceCapability(await issueDeviceCapability(request, keys, serials)).serial);
  }
  t.deepEqual(issued, [1n, 2n, 3n, 4n]);
});

const offCurve = developmentKey.map((byte, index) => (index === 64 ? byte ^ 1 : byte));
const REFUSED: readonly (readonly [string, readonly DeviceRight[], Uint8Array | undefined, string])[] = [
  ['no rights', [], undefined, 'capability-rights-malformed'],
  ['one right twice', ['rfTest', 'rfTest'], undefined, 'capability-rights-malformed'],
  // A file with the right and no key would let the device take any key's images, if it forgot to look.
  ['appDevelopment without a key', ['appDevelopment'], undefined, 'capability-key-missing'],
  ['a key without appDevelopment', ['fieldServicing'], developmentKey, 'capability-key-unwanted'],
  ['a key off the curve', ['appDevelopment'], offCurve, 'capability-key-malformed'],
  ['zeros for a key', ['appDevelopment'], new Uint8Array(65), 'capability-key-malformed'],
];
for (const [what, rights, key, code] of REFUSED) {
  test(`issueDeviceCapability() refuses ${what} and spends no serial`, async (t) => {
    const serials = serialsFrom(7n);
    const request = { deviceId, rights, developmentKey: key };
    t.like(await t.throwsAsync(issueDeviceCapability(request, keys, serials)), { code });
    t.is(serials.last, 7n);
  });
}
