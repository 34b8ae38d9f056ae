import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { concatBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { DeviceCapability, DeviceRight } from './device-capability.ts';
import * as capability from './device-capability.ts';
import { deviceIdFromBytes } from './ids.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const KEY = new Uint8Array(capability.P256_PUBLIC_KEY_BYTES).fill(4);

/** The file as the service would hand it out, with key id and signature of zeros. */
function file(given: DeviceCapability): Uint8Array {
  return concatBytes(capability.encodeDeviceCapabilityBody(given), new Uint8Array(32 + 64));
}
const GOOD = file({
  serial: 9n,
  rights: ['appDevelopment', 'fieldServicing'],
  deviceId: deviceIdFromBytes(new Uint8Array(64).fill(0xab)),
  developmentKey: KEY,
});

test('a device capability comes back as it was', (t) => {
  const rights = fc.subarray(Object.keys(capability.DEVICE_RIGHT) as DeviceRight[]);
  const law = fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), rights, bytesOf(64), (serial, given, id) => {
    const developmentKey = given.includes('appDevelopment') ? KEY : undefined;
    const body = { serial, rights: given, deviceId: deviceIdFromBytes(id), developmentKey };
    const bytes = file(body);
    t.is(bytes.length, capability.DEVICE_CAPABILITY_BYTES);
    t.like(capability.decodeDeviceCapability(bytes), body);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('the signed bytes begin with a context of their own and hold the whole body', (t) => {
  const { signedBytes, keyId, signature } = capability.decodeDeviceCapability(GOOD);
  t.is(new TextDecoder().decode(signedBytes.subarray(0, 30)), 'casemate device capability v1\0');
  t.deepEqual(signedBytes.subarray(30), GOOD.subarray(0, 160));
  t.is(keyId.length, 32);
  t.is(signature.length, 64);
});

// Places: version 4, zero 6, serial 8, rights 16, device id 20, development key 84, zeros from 149.
const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['255 bytes', GOOD.subarray(1), 'capability-size-wrong'],
  ['257 bytes', Uint8Array.of(...GOOD, 0), 'capability-size-wrong'],
  ['another magic', GOOD.with(0, 0), 'capability-magic-wrong'],
  ['a version that is not known', GOOD.with(4, 2), 'capability-version-unsupported'],
  ['reserved bits', GOOD.with(6, 1), 'capability-malformed'],
  ['a right that is not known', GOOD.with(16, 11), 'capability-right-unknown'],
  ['the highest right that is not known', GOOD.with(19, 0x80), 'capability-right-unknown'],
  [
    'appDevelopment without a development key',
    file({ ...capability.decodeDeviceCapability(GOOD), developmentKey: undefined }),
    'capability-malformed',
  ],
  ['a development key without appDevelopment', GOOD.with(16, 2), 'capability-malformed'],
  ['a reserved byte that is not zero', GOOD.with(159, 1), 'capability-malformed'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeDeviceCapability() refuses ${why}`, (t) => {
    t.is(t.throws(() => capability.decodeDeviceCapability(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeDeviceCapability() throws nothing but its own codes, whatever the bytes', (t) => {
  codedErrorsOnly(
    t,
    capability.decodeDeviceCapability,
    [GOOD],
    [
      'capability-size-wrong',
      'capability-magic-wrong',
      'capability-version-unsupported',
      'capability-right-unknown',
      'capability-malformed',
    ],
  );
});
