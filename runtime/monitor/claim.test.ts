import test from 'ava';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { NO_CATALOG } from '../../contracts/core/image.ts';
import {
  BenchKey,
  BootBench,
  CATALOG,
  COMPONENT,
  appImage,
  benchKeys,
  capabilityFile,
  claimStatement,
  signedStages,
  stageParts,
} from '../../test/support/boot-bench.ts';
import type { SecureCallError } from './abi/secure-call.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service, publisher, developer } = keys;
const OTHER_CATALOG = '00000000-0000-4000-8000-00000000ca7b' as ComponentId;

async function booted(): Promise<BootBench> {
  const bench = new BootBench(keys, stages);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  return bench;
}

test('a device is nobody’s until its service binds it, and then it stays what it was bound to', async (t) => {
  const bench = await booted();
  t.is(bench.call({ call: 'claim' }), undefined);
  t.is(bench.claim({ publisherKeyId: publisher.keyId, epoch: 3 }), undefined);
  const facts = { catalogId: CATALOG, publisherKeyId: publisher.keyId, epoch: 3 };
  t.deepEqual(bench.call({ call: 'claim' }), facts);
  await bench.boot();
  t.deepEqual(bench.call({ call: 'claim' }), facts, 'after a power cut');
});

test('bindClaim refuses what is not this service’s word about this device', async (t) => {
  const bench = await booted();
  const other = await booted();
  const bind = (statement: Uint8Array) => bench.call({ call: 'bindClaim', statement });
  const facts = { epoch: 1, deviceId: bench.deviceId, catalogId: CATALOG, publisherKeyId: undefined };
  const changed = claimStatement({ ...facts, publisherKeyId: publisher.keyId }, keys.claim);
  changed.fill(0, 92, 124);
  const highS = claimStatement(facts, keys.claim);
  highS[255] = (highS[255] ?? 0) ^ 1;
  const rows: readonly [Uint8Array, SecureCallError, string][] = [
    [new Uint8Array(256), 'claim-not-trusted', 'no statement at all'],
    [claimStatement(facts, new BenchKey()), 'claim-not-trusted', 'signed by a stranger'],
    // Keys of one service for different things: a leaked image key must not take devices over.
    [claimStatement(facts, service), 'claim-not-trusted', 'signed by the image key'],
    [claimStatement(facts, keys.capability), 'claim-not-trusted', 'signed by the capability key'],
    [claimStatement(facts, keys.time), 'claim-not-trusted', 'signed by the time key'],
    [changed, 'claim-not-trusted', 'the publisher’s key was taken out after it was signed'],
    [highS, 'claim-not-trusted', 'another signature'],
    [claimStatement({ ...facts, deviceId: other.deviceId }, keys.claim), 'claim-wrong-device', 'of another device'],
    // Images of no catalog are development images: a device of that "catalog" would take anybody’s.
    [claimStatement({ ...facts, catalogId: NO_CATALOG }, keys.claim), 'claim-not-trusted', 'of no catalog'],
  ];
  for (const [statement, code, why] of rows) t.is(bind(statement), code, why);
  t.is(bench.call({ call: 'claim' }), undefined);
  bench.bank.programmer.revokePlatformKey(keys.claim.keyId);
  t.is(bench.claim(), 'claim-not-trusted', 'signed by a revoked key');
});

test('once bound, a device is neither taken over nor set back', async (t) => {
  const bench = await booted();
  bench.claim({ publisherKeyId: publisher.keyId, epoch: 3 });
  const bind = (changes: Parameters<BootBench['claim']>[0]) =>
    bench.claim({ publisherKeyId: publisher.keyId, epoch: 3, ...changes });
  const before = bench.parts.counter.value();
  t.is(bind({}), undefined, 'the same again');
  t.is(bench.parts.counter.value(), before, 'wears nothing');
  t.is(bind({ catalogId: OTHER_CATALOG }), 'claim-conflict');
  t.is(bind({ catalogId: OTHER_CATALOG, epoch: 4 }), 'claim-conflict', 'nor under a later epoch');
  // A taken service would drop the one signature that it cannot make.
  t.is(bind({ publisherKeyId: undefined, epoch: 4 }), 'claim-conflict', 'the publisher’s signature stays needed');
  t.is(bind({ publisherKeyId: new BenchKey().keyId, epoch: 4 }), 'claim-conflict', 'and stays the same publisher’s');
  t.is(bind({ epoch: 2 }), 'claim-replayed');
  t.is(bind({ epoch: 5 }), undefined, 'claimed anew, as before');
  t.is(bind({ epoch: 4 }), 'claim-replayed');
  await bench.boot();
  t.is(bind({ epoch: 4 }), 'claim-replayed', 'not after a reset either');
  t.like(bench.call({ call: 'claim' }), { catalogId: CATALOG, epoch: 5 });
});

test('what the service signed runs on devices of its catalog alone', async (t) => {
  const bench = await booted();
  t.is(bench.install(appImage({ key: service })), 'image-wrong-catalog', 'a device of no catalog');
  t.is(bench.install(appImage({ key: service, catalogId: NO_CATALOG })), 'image-wrong-catalog', 'both of none');
  bench.claim();
  t.is(
    bench.install(appImage({ key: service, catalogId: OTHER_CATALOG })),
    'image-wrong-catalog',
    'another customer’s',
  );
  t.is(
    bench.install(appImage({ key: service, catalogId: NO_CATALOG })),
    'image-wrong-catalog',
    'an image of no catalog',
  );
  t.is(bench.install(appImage({ key: new BenchKey() })), 'image-not-trusted', 'the catalog is no signature');
  t.like(bench.install(appImage({ key: service })), { trust: 'service' });
  t.like(bench.call({ call: 'launch', componentId: COMPONENT.app }), { context: 1 });
});

test('a catalog with a publisher takes no image without that publisher’s signature', async (t) => {
  const bench = await booted();
  bench.claim({ publisherKeyId: publisher.keyId });
  const rows: readonly [Uint8Array, SecureCallError, string][] = [
    [appImage({ key: service }), 'image-publisher-signature-missing', 'the service alone: it was taken'],
    [
      appImage({ key: service, publisher: new BenchKey() }),
      'image-publisher-signature-missing',
      'somebody in the publisher’s slot',
    ],
    [
      appImage({ key: service, publisher: service }),
      'image-publisher-signature-missing',
      'the service in the publisher’s slot',
    ],
    [appImage({ key: publisher, role: 'publisher' }), 'image-not-trusted', 'the publisher alone: it was taken'],
    [appImage({ key: publisher, role: 'service' }), 'image-not-trusted', 'the publisher in the service’s slot'],
    [
      appImage({ key: service, publisher, catalogId: OTHER_CATALOG }),
      'image-wrong-catalog',
      'both, for another of their catalogs',
    ],
  ];
  for (const [image, code, why] of rows) t.is(bench.install(image), code, why);
  // The publisher's key id in front of another's signature.
  const forged = appImage({ key: service, publisher: forger(publisher.keyId) });
  t.is(bench.install(forged), 'image-publisher-signature-missing');
  t.like(bench.install(appImage({ key: service, publisher })), { trust: 'service' });
  bench.bank.programmer.revokePlatformKey(publisher.keyId);
  t.is(bench.call({ call: 'launch', componentId: COMPONENT.app }), 'image-publisher-signature-missing', 'revoked');
});

/** A key that says that it is another one. */
function forger(keyId: Uint8Array): BenchKey {
  const key = new BenchKey();
  Object.defineProperty(key, 'keyId', { value: keyId });
  return key;
}

test('a developer’s image runs under the capability whatever the claim, and whatever catalog it names', async (t) => {
  const bench = await booted();
  const developmentKey = developer.publicKey;
  const rights = ['appDevelopment'] as const;
  const file = capabilityFile({ serial: 1n, rights, deviceId: bench.deviceId, developmentKey }, keys.capability);
  bench.call({ call: 'applyCapability', file });
  t.like(bench.install(appImage({ key: developer, role: 'publisher', catalogId: NO_CATALOG })), {
    trust: 'development',
  });
  bench.claim({ publisherKeyId: publisher.keyId });
  t.like(bench.install(appImage({ key: developer, role: 'publisher', catalogId: NO_CATALOG })), {
    trust: 'development',
  });
  // Signed by both, of a catalog that is not the device's: it runs as what it is here, and leaves no floor.
  const both = appImage({ key: service, publisher: developer, catalogId: OTHER_CATALOG, rollbackIndex: 9 });
  t.like(bench.install(both), { trust: 'development' });
  t.like(bench.install(appImage({ key: developer, role: 'publisher', rollbackIndex: 1 })), { rollbackIndex: 1 });
});
