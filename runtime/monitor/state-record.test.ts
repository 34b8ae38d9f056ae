import test from 'ava';
import fc from 'fast-check';
import { GPIO_PINS } from '../../contracts/core/chip.ts';
import { DEVICE_CAPABILITY_BYTES } from '../../contracts/core/device-capability.ts';
import { componentIdFromBytes, imageIdFromBytes } from '../../contracts/core/ids.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import { OS_RECORD } from '../../contracts/core/os-records.ts';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { MAX_APPS, MAX_FLOORS } from './app-store.ts';
import { SLOT_BYTES } from './sealed-state.ts';
import type { DeviceState } from './state-record.ts';
import { MAX_STORAGES } from './storage-store.ts';
import { EMPTY_STATE, decodeState, encodeState } from './state-record.ts';

const RECORDS = Object.keys(OS_RECORD) as OsRecordName[];
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const componentId = bytes(16).map(componentIdFromBytes);
const u32 = fc.nat(0xffff_ffff);
const claim = fc.record({
  catalogId: componentId,
  publisherKeyId: fc.option(bytes(32), { nil: undefined }),
  epoch: u32,
});

const state: fc.Arbitrary<DeviceState> = fc.record({
  capabilityFile: fc.option(bytes(DEVICE_CAPABILITY_BYTES), { nil: undefined }),
  capabilitySerial: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  apps: fc.array(
    fc.record({
      componentId,
      imageId: bytes(16).map(imageIdFromBytes),
      rollbackIndex: u32,
      offset: u32,
      length: u32,
      digest: bytes(32),
      trust: fc.constantFrom('service', 'development'),
      pins: fc.array(fc.nat(GPIO_PINS - 1), { maxLength: 8 }),
    }),
    { maxLength: 4 },
  ),
  floors: fc.array(fc.record({ componentId, floor: u32 }), { maxLength: 4 }),
  bootCount: u32,
  claim: fc.option(claim, { nil: undefined }),
  timeFloor: fc.maxSafeNat(),
  records: fc.array(
    fc.record({ record: fc.constantFrom(...RECORDS), place: fc.constantFrom(0, 1), length: u32, digest: bytes(32) }),
    { maxLength: 6 },
  ),
  storages: fc.array(
    fc.record({
      componentId,
      pair: fc.nat(255),
      epoch: u32,
      id: bytes(16),
      floor: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
    { maxLength: 4 },
  ),
});

test('a state comes back from its record as it was', (t) => {
  t.deepEqual(decodeState(encodeState(EMPTY_STATE)), EMPTY_STATE);
  const law = fc.property(state, (given) => void t.deepEqual(decodeState(encodeState(given)), given));
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('decodeState() of any bytes gives coded errors only', (t) => {
  const seeds = fc.sample(state, { numRuns: 5, seed: 7 }).map(encodeState);
  codedErrorsOnly(t, decodeState, seeds, ['abi-malformed', 'layout-truncated', 'layout-trailing-bytes']);
});

test('the fullest state fits a slot', (t) => {
  const id = componentIdFromBytes(new Uint8Array(16).fill(0xff));
  const app = {
    componentId: id,
    imageId: imageIdFromBytes(new Uint8Array(16).fill(0xff)),
    rollbackIndex: 1,
    offset: 1,
    length: 1,
    digest: new Uint8Array(32),
    trust: 'service',
    pins: [] as readonly number[],
  } as const;
  // A pin is held by one image, so all of them together stand in the record once.
  const everyPin = Array.from({ length: GPIO_PINS }, (_, pin) => pin);
  const fullest: DeviceState = {
    capabilityFile: new Uint8Array(DEVICE_CAPABILITY_BYTES),
    capabilitySerial: 1n,
    apps: Array.from({ length: MAX_APPS }, (_, n) => (n === 0 ? { ...app, pins: everyPin } : app)),
    floors: Array.from({ length: MAX_FLOORS }, () => ({ componentId: id, floor: 1 })),
    bootCount: 1,
    claim: { catalogId: id, publisherKeyId: new Uint8Array(32), epoch: 1 },
    timeFloor: 1,
    records: RECORDS.map((record) => ({ record, place: 1, length: 1, digest: new Uint8Array(32) })),
    storages: Array.from({ length: MAX_STORAGES }, (_, pair) => ({
      componentId: id,
      pair,
      epoch: 1,
      id: new Uint8Array(16),
      floor: 1n,
    })),
  };
  // Length word, number and MAC stand beside it.
  const size = encodeState(fullest).length + 4 + 8 + 32;
  t.true(size <= SLOT_BYTES, `${size} bytes`);
});
