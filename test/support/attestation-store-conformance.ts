// What every attestation store does, whichever database it is on. It must never look at tables: it knows the interface.

import type { ExecutionContext, TestFn } from 'ava';
import type { AcceptedEvidence, AttestationStore, ClaimPlace } from '../../as3/domain/attestation-store.ts';
import { CERTIFICATES_KEPT } from '../../as3/domain/attestation-store.ts';
import type { ManagementStore } from '../../as3/domain/management-store.ts';
import { DEFAULT_DEVICE_GROUPS } from '../../as3/domain/resources.ts';
import { catalogKey, deviceId, groupKey, productKey } from './management-store-conformance.ts';

export interface AttestationStoreUnderTest {
  readonly store: AttestationStore;
  readonly management: ManagementStore;
  close(): Promise<void>;
}

const STAMP = { by: 'operator', at: '2026-11-22T12:00:00.000Z' };
const BY = { factoryKeyId: 'ab'.repeat(32), at: STAMP.at };
const NOW = 1_800_000_000_000;
const device = deviceId(1);
const ungrouped = (catalog: string): ClaimPlace => ({ kind: 'ungrouped', key: catalogKey(catalog) });
const inGroup = (catalog: string, name = 'Production'): ClaimPlace => ({
  kind: 'group',
  key: groupKey(catalog, 'Lamp', name),
});
const evidence = (number: number, changes: Partial<AcceptedEvidence> = {}): AcceptedEvidence => ({
  deviceId: device,
  nonce: { digest: String(number).padStart(64, '0'), expiresMs: NOW + 1000 },
  boot: { bootCount: number, bootSeed: new Uint8Array(32).fill(number) },
  nowMs: NOW,
  ...changes,
});
const issued = (serial: string, notAfterMs = NOW + 5000) => ({
  certificates: [
    { serial: `${serial}A`, use: 'update', notAfterMs } as const,
    { serial: `${serial}B`, use: 'customer', notAfterMs } as const,
  ],
  statement: new Uint8Array(256).fill(7),
});

/** Registers the suite under `name`; `open` gives a fresh store for each test. */
export function attestationStoreConformance(
  test: TestFn<unknown>,
  name: string,
  open: () => Promise<AttestationStoreUnderTest>,
): void {
  const conforms = (
    what: string,
    body: (t: ExecutionContext<unknown>, under: AttestationStoreUnderTest) => Promise<void>,
  ): void => {
    test(`${name}: ${what}`, async (t) => {
      const under = await open();
      try {
        for (const [index, catalog] of ['A', 'B'].entries()) {
          await under.management.writeCatalog(catalogKey(catalog), { tags: {} }, STAMP, `id-${index}`);
          const key = productKey(catalog, 'Lamp');
          await under.management.writeProduct(key, { description: '' }, STAMP, DEFAULT_DEVICE_GROUPS);
        }
        await body(t, under);
      } finally {
        await under.close();
      }
    });
  };
  const endorse = (store: AttestationStore, ...numbers: readonly number[]) =>
    store.addEndorsements(
      numbers.map((number) => ({ deviceId: deviceId(number), board: 'bench' })),
      BY,
    );
  const standingOf = async (store: AttestationStore) => {
    const standing = await store.standing(device);
    if (standing === undefined) throw new Error('not endorsed');
    return standing;
  };
  const claimed = async ({ store }: AttestationStoreUnderTest): Promise<void> => {
    await endorse(store, 1);
    await store.claimByEvidence(inGroup('A'), evidence(1), await standingOf(store));
  };

  conforms('an endorsement counts once and keeps its board', async (t, { store }) => {
    t.is(await store.standing(device), undefined);
    t.deepEqual(await endorse(store, 1, 2), { added: 2, known: 0 });
    t.deepEqual(await store.addEndorsements([{ deviceId: device, board: 'other' }], BY), { added: 0, known: 1 });
    t.deepEqual(await store.standing(device), { board: 'bench', claim: undefined, last: undefined });
  });

  conforms('a claim by evidence puts the device in its place and keeps its boot', async (t, under) => {
    await endorse(under.store, 1);
    const seen = await standingOf(under.store);
    t.deepEqual(await under.store.claimByEvidence(inGroup('A'), evidence(1), seen), {
      outcome: 'accepted',
      isNew: true,
    });
    t.like(await under.store.standing(device), {
      claim: { catalogId: 'id-0', catalog: catalogKey('A'), certificateSubject: 'Short', statement: undefined },
      last: { bootCount: 1, bootSeed: new Uint8Array(32).fill(1) },
    });
    const scope = { kind: 'group', key: groupKey('A', 'Lamp', 'Production') } as const;
    t.is(await under.management.countDevices(scope), 1);
    const again = await under.store.claimByEvidence(ungrouped('A'), evidence(2), await standingOf(under.store));
    t.deepEqual(again, { outcome: 'accepted', isNew: false });
    t.is(await under.management.countDevices(scope), 0);
  });

  conforms('no device is in two catalogs', async (t, under) => {
    await claimed(under);
    const seen = await standingOf(under.store);
    await t.throwsAsync(under.store.claimByEvidence(ungrouped('B'), evidence(2), seen), {
      code: 'device-claimed-elsewhere',
    });
    await t.throwsAsync(under.store.claimEndorsed(ungrouped('B'), [device], BY.factoryKeyId), {
      code: 'device-claimed-elsewhere',
    });
    t.false(await under.store.moveDevice(ungrouped('B'), device));
    t.like(await under.store.standing(device), { claim: { catalogId: 'id-0' }, last: { bootCount: 1 } });
  });

  conforms('a bulk claim takes all or none', async (t, under) => {
    await endorse(under.store, 1, 2);
    const ids = [deviceId(1), deviceId(2), deviceId(3)];
    await t.throwsAsync(under.store.claimEndorsed(inGroup('A'), ids, BY.factoryKeyId), { code: 'device-not-endorsed' });
    // A factory that is trusted too has no say in the devices of this one.
    const another = under.store.claimEndorsed(inGroup('A'), ids.slice(0, 1), 'cd'.repeat(32));
    await t.throwsAsync(another, { code: 'device-not-endorsed' });
    t.is(await under.management.countDevices({ kind: 'catalog', key: catalogKey('A') }), 0);
    const first = await under.store.claimEndorsed(inGroup('A'), ids.slice(0, 1), BY.factoryKeyId);
    t.deepEqual([first.claimed, first.moved, first.catalogId], [[deviceId(1)], [], 'id-0']);
    const second = await under.store.claimEndorsed(inGroup('A'), ids.slice(0, 2), BY.factoryKeyId);
    t.deepEqual([second.claimed, second.moved], [[deviceId(2)], [deviceId(1)]]);
  });

  conforms('nothing is claimed into what is not there', async (t, under) => {
    await endorse(under.store, 1);
    const seen = await standingOf(under.store);
    const missing = [
      [ungrouped('No'), 'catalog-not-found'],
      [{ kind: 'group', key: groupKey('A', 'No product', 'x') }, 'product-not-found'],
      [inGroup('A', 'None'), 'device-group-not-found'],
    ] as const;
    for (const [place, code] of missing) {
      await t.throwsAsync(under.store.claimByEvidence(place, evidence(1), seen), { code });
      await t.throwsAsync(under.store.claimEndorsed(place, [device], BY.factoryKeyId), { code });
      await t.throwsAsync(under.store.moveDevice(place, device), { code });
    }
    t.is((await under.store.standing(device))?.last, undefined);
  });

  conforms('accepted evidence moves the boot on and records what was issued', async (t, under) => {
    await claimed(under);
    const seen = await standingOf(under.store);
    t.is(await under.store.acceptAttestation(evidence(2), seen, issued('1')), 'accepted');
    t.like(await under.store.standing(device), {
      claim: { statement: new Uint8Array(256).fill(7) },
      last: { bootCount: 2 },
    });
    t.deepEqual(await under.store.holderOf('1A', 'update'), { deviceId: device, catalogId: 'id-0' });
    t.is(await under.store.holderOf('1B', 'update'), undefined);
    t.is(await under.store.holderOf('2A', 'update'), undefined);
  });

  conforms('a nonce counts once, and what comes twice changes nothing', async (t, under) => {
    await claimed(under);
    const seen = await standingOf(under.store);
    const replayed = evidence(2, { nonce: evidence(1).nonce });
    t.is(await under.store.acceptAttestation(replayed, seen, issued('1')), 'nonce-replayed');
    t.is(await under.store.holderOf('1A', 'update'), undefined);
    t.deepEqual(await under.store.standing(device), seen);
    // Long after its end it is no longer kept.
    const later = { nowMs: NOW + 60_000 };
    await under.store.acceptAttestation(evidence(2, later), seen, issued('1'));
    const reused = evidence(3, { ...later, nonce: evidence(1).nonce });
    t.is(await under.store.acceptAttestation(reused, await standingOf(under.store), issued('2')), 'accepted');
  });

  conforms('evidence that was judged by an older standing is stale', async (t, under) => {
    await claimed(under);
    const seen = await standingOf(under.store);
    t.is(await under.store.acceptAttestation(evidence(2), seen, issued('1')), 'accepted');
    t.is(await under.store.acceptAttestation(evidence(3), seen, issued('2')), 'stale');
    const unclaimed = { board: 'bench', claim: undefined, last: undefined };
    t.like(await under.store.claimByEvidence(ungrouped('A'), evidence(4), unclaimed), { outcome: 'stale' });
    t.is((await under.store.standing(device))?.last?.bootCount, 2);
  });

  conforms('of many that come at one moment with one standing, one is accepted', async (t, under) => {
    await claimed(under);
    const seen = await standingOf(under.store);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        under.store.acceptAttestation(evidence(index + 2), seen, issued(String(index))),
      ),
    );
    t.deepEqual(outcomes.toSorted(), ['accepted', ...Array.from({ length: 7 }, () => 'stale')]);
  });

  conforms('of one device no more than its newest certificates are on record', async (t, under) => {
    await claimed(under);
    for (let index = 1; index <= CERTIFICATES_KEPT + 1; index++) {
      const seen = await standingOf(under.store);
      // All of one second, as those of a device that does nothing but attest.
      t.is(await under.store.acceptAttestation(evidence(index + 1), seen, issued(String(index))), 'accepted');
    }
    const kept = await Promise.all(
      Array.from({ length: CERTIFICATES_KEPT + 1 }, (_, index) => under.store.holderOf(`${index + 1}A`, 'update')),
    );
    t.is(kept.filter((holder) => holder !== undefined).length, CERTIFICATES_KEPT);
    t.deepEqual(kept.at(-1), { deviceId: device, catalogId: 'id-0' });
  });

  conforms('records of certificates that ended are dropped', async (t, under) => {
    await claimed(under);
    await under.store.acceptAttestation(evidence(2), await standingOf(under.store), issued('1', NOW + 10));
    const later = evidence(3, { nowMs: NOW + 11 });
    await under.store.acceptAttestation(later, await standingOf(under.store), issued('2', NOW + 20));
    t.is(await under.store.holderOf('1A', 'update'), undefined);
    t.deepEqual(await under.store.holderOf('2B', 'customer'), { deviceId: device, catalogId: 'id-0' });
  });
}
