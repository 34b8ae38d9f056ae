// What tools ask a service for, and what they make of its answers.

import test from 'ava';
import fc from 'fast-check';
import { askedService } from '../../../test/support/asked-service.ts';
import type { TableAnswer } from '../../../test/support/asked-service.ts';
import { claimAttached, requireAttested } from './claim-device.ts';
import type { ServiceStatus } from '../../../contracts/wire/device-link.ts';
import { groupOf, moveToGroup } from './device-groups.ts';
import { Fleet, ungrouped } from './fleet.ts';
import { ResourcePaths } from './resource-paths.ts';

const DEVICE = 'ab'.repeat(64);
const CATALOG_ID = '7b1f9a52-3d6e-4f3b-9a34-5c1e6c7f2a10';
const PLANT = { name: 'Plant', properties: { tenantId: CATALOG_ID } };
const NONCE = { nonce: Buffer.alloc(48, 7).toString('base64'), expiresInSeconds: 60 };
const GROUP = { catalog: 'Plant', product: 'Lamp', deviceGroup: 'Field Test' };
const IN_DEVELOPMENT = {
  name: DEVICE,
  id: `/subscriptions/s/resourceGroups/r/providers/Microsoft.AzureSphere/catalogs/Plant/products/Lamp/deviceGroups/Development/devices/${DEVICE}`,
};
const IN_NO_PRODUCT = {
  name: DEVICE,
  id: IN_DEVELOPMENT.id.replace('Lamp', '.default').replace('Development', '.default'),
};

function fleetOf(answers: Readonly<Record<string, readonly TableAnswer[]>>) {
  const service = askedService(answers);
  return {
    fleet: new Fleet(service),
    asked: () => service.questions.map(({ method, path }) => `${method} ${lastOf(path)}`),
  };
}
const lastOf = (path: string): string => path.split('/').at(-1) ?? '';

test('any name is one word of a path, and nothing of it reaches beyond its place', (t) => {
  const paths = new ResourcePaths();
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
      const url = new URL(paths.products(name, 'Lamp'), 'https://localhost');
      const words = url.pathname.split('/').slice(-3);
      return (
        words.length === 3 && words[1] === 'products' && words[2] === 'Lamp' && url.search === '' && url.hash === ''
      );
    }),
  );
  for (const name of ['.', '..']) {
    const { pathname } = new URL(paths.products(name, 'Lamp'), 'https://localhost');
    t.true(pathname.includes('/catalogs/%252E'), pathname);
  }
});

test('a catalog that is there is left as it is, one that is missing is made, another refusal comes through', async (t) => {
  const there = fleetOf({ 'GET /Plant': [PLANT] });
  t.is(await there.fleet.ensureCatalog('Plant'), CATALOG_ID as string as never);
  t.deepEqual(there.asked(), ['GET Plant']);
  const missing = fleetOf({ 'GET /Plant': ['catalog-not-found'], 'PUT /Plant': [PLANT] });
  t.is(await missing.fleet.ensureCatalog('Plant'), CATALOG_ID as string as never);
  t.deepEqual(missing.asked(), ['GET Plant', 'PUT Plant']);
  const away = fleetOf({ 'GET /Plant': ['service-unreachable'] });
  t.like(await t.throwsAsync(away.fleet.ensureCatalog('Plant')), { code: 'service-unreachable' });
});

const device = {
  show: async () => ({ deviceId: DEVICE }) as never,
  collectEvidence: async (nonce: Uint8Array) => Uint8Array.of(...nonce, 1),
};

test('claiming: a service that does not know the device gets the station’s list, and evidence over a new nonce', async (t) => {
  const second = { ...NONCE, nonce: Buffer.alloc(48, 8).toString('base64') };
  const service = askedService({
    'POST /retrieveClaimNonce': [NONCE, second],
    [`PUT /${DEVICE}`]: ['device-unknown', IN_DEVELOPMENT],
    'POST /importEndorsements': [{ added: 1, known: 0 }],
  });
  const wanted = { place: GROUP, endorsement: async () => Uint8Array.of(5) };
  t.is(await claimAttached(new Fleet(service), wanted, device), DEVICE);
  t.deepEqual(
    service.questions.map(({ method, path }) => `${method} ${lastOf(path)}`),
    ['POST retrieveClaimNonce', `PUT ${DEVICE}`, 'POST importEndorsements', 'POST retrieveClaimNonce', `PUT ${DEVICE}`],
  );
  t.deepEqual(service.questions[2]?.body, { endorsement: 'BQ==' });
  const evidence = Buffer.from(Uint8Array.of(...Buffer.alloc(48, 8), 1)).toString('base64');
  t.deepEqual(service.questions[4]?.body, { properties: { deviceId: DEVICE, claimEvidence: evidence } });
});

test('claiming: any other refusal comes through, and nothing is imported', async (t) => {
  const { fleet, asked } = fleetOf({
    'POST /retrieveClaimNonce': [NONCE],
    [`PUT /${DEVICE}`]: ['catalog-without-publisher-key'],
  });
  const wanted = { place: ungrouped('Plant'), endorsement: async () => t.fail() };
  t.like(await t.throwsAsync(claimAttached(fleet, wanted, device)), { code: 'catalog-without-publisher-key' });
  t.is(asked().length, 2);
});

test('claiming: a nonce that is no base64 is the service’s fault, and no device signs it', async (t) => {
  const { fleet } = fleetOf({ 'POST /retrieveClaimNonce': [{ nonce: 'not base64!' }] });
  t.like(await t.throwsAsync(fleet.claimNonce('Plant')), { code: 'service-answer-malformed' });
});

const MOVE = {
  deviceId: DEVICE,
  catalogId: CATALOG_ID,
  catalog: undefined,
  product: undefined,
  deviceGroup: 'Field Test',
};

test('moving: catalog by the device’s own claim, product from where the service has it', async (t) => {
  const service = askedService({
    'GET /catalogs': [[PLANT]],
    'GET /listDevices': [[IN_DEVELOPMENT]],
    [`PATCH /${DEVICE}`]: [{}],
  });
  t.deepEqual(await moveToGroup(new Fleet(service), MOVE), GROUP);
  t.like(service.questions.at(-1), { method: 'PATCH', path: IN_DEVELOPMENT.id });
  const { properties } = service.questions.at(-1)?.body as { properties: { deviceGroupId: string } };
  t.regex(properties.deviceGroupId, /\/catalogs\/Plant\/products\/Lamp\/deviceGroups\/Field Test$/);
});

/** What the service has, what is named, and the refusal. */
const NOT_MOVED: readonly (readonly [string, Readonly<Record<string, readonly TableAnswer[]>>, string])[] = [
  ['a claim of another resource group', { 'GET /catalogs': [[]] }, 'catalog-not-found'],
  [
    'a device that the catalog does not have',
    { 'GET /catalogs': [[PLANT]], 'GET /listDevices': [[]] },
    'device-not-found',
  ],
  [
    'a device in no product, and none named',
    { 'GET /catalogs': [[PLANT]], 'GET /listDevices': [[IN_NO_PRODUCT]] },
    'device-in-no-product',
  ],
];
for (const [what, answers, code] of NOT_MOVED) {
  test(`moving: ${what} is refused with ${code}`, async (t) => {
    t.like(await t.throwsAsync(moveToGroup(fleetOf(answers).fleet, MOVE)), { code });
  });
}

test('the group of a device is read from its resource id, in any letter case of the words', (t) => {
  t.deepEqual(groupOf(IN_DEVELOPMENT), { ...GROUP, deviceGroup: 'Development' });
  t.deepEqual(groupOf({ id: IN_DEVELOPMENT.id.replace('deviceGroups', 'devicegroups') })?.deviceGroup, 'Development');
  t.is(groupOf(IN_NO_PRODUCT), undefined);
});

const STATUS: ServiceStatus = {
  state: 'attested',
  service: null,
  catalogId: null,
  trustedTime: null,
  certificates: [],
  lastError: null,
  nextAttemptInSeconds: null,
};
/** The device's status, the code that the command ends with. */
const NOT_ATTESTED: readonly (readonly [Partial<ServiceStatus>, string])[] = [
  [{ state: 'unclaimed', lastError: { code: 'device-unclaimed', message: '', claim: null } }, 'device-unclaimed'],
  [
    { state: 'refused', lastError: { code: 'evidence-digest-wrong', message: '', claim: 'softwareComponents' } },
    'evidence-digest-wrong',
  ],
  [
    { state: 'unreachable', lastError: { code: 'service-unreachable', message: '', claim: null } },
    'service-unreachable',
  ],
  [{ state: 'unconfigured' }, 'device-not-attested'],
  [{ state: 'waiting' }, 'device-not-attested'],
];
for (const [changes, code] of NOT_ATTESTED) {
  test(`a device that is ${changes.state} ends the command with ${code}`, (t) => {
    t.like(
      t.throws(() => requireAttested({ ...STATUS, ...changes })),
      { code },
    );
  });
}

test('an attested device is one, whatever failed before', (t) => {
  t.is(requireAttested(STATUS), STATUS);
});

test('a refusal of evidence says which claim', (t) => {
  const lastError = { code: 'evidence-digest-wrong', message: '', claim: 'softwareComponents' };
  t.like(
    t.throws(() => requireAttested({ ...STATUS, state: 'refused', lastError })),
    {
      details: { claim: 'softwareComponents' },
    },
  );
});
