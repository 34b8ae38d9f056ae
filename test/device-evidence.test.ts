// Evidence as the monitor makes it, read and judged by what the service judges it with, and by libraries that are not ours.

import { createPublicKey, verify } from 'node:crypto';
import { Sign1 } from '@auth0/cose';
import test from 'ava';
import { decode } from 'cbor2';
import { verifyEvidence } from '../as3/domain/verify-evidence.ts';
import type { EvidencePrimitives, Expectation, LastBoot } from '../as3/domain/verify-evidence.ts';
import { sameBytes } from '../contracts/core/bytes.ts';
import { p256Spki } from '../contracts/core/device-identity.ts';
import { EVIDENCE_CLAIM } from '../contracts/core/evidence.ts';
import type { EvidenceClaims } from '../contracts/core/evidence.ts';
import { EVIDENCE_MAX_BYTES, MEASUREMENT_LOG_MAX_LINES } from '../contracts/core/limits.ts';
import { decodeEvidence } from '../contracts/wire/evidence.ts';
import { nodeCrypto } from '../runtime/adapters/node-crypto.ts';
import type { Attestation } from '../runtime/monitor/abi/service-records.ts';
import { Attester } from '../runtime/monitor/attester.ts';
import { openSealedState } from '../runtime/monitor/sealed-state.ts';
import type { AppWish } from './support/boot-bench.ts';
import {
  BootBench,
  COMPONENT,
  appImage,
  benchKeys,
  capabilityFile,
  signedImage,
  signedStages,
  stageParts,
} from './support/boot-bench.ts';

const keys = benchKeys();
const parts = stageParts(keys);
const stages = signedStages(parts, keys.platform);
const NONCE = new Uint8Array(32).fill(0x5a);
const app = (wish: Partial<AppWish> = {}): Uint8Array => appImage({ key: keys.service, ...wish });

const PRIMITIVES: EvidencePrimitives = {
  sha256: (bytes) => nodeCrypto.sha256(bytes),
  sha512: (bytes) => nodeCrypto.sha512(bytes),
  verifyEs256(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.from(p256Spki(publicKey)), format: 'der', type: 'spki' });
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  },
};

async function booted(images: ConstructorParameters<typeof BootBench>[1] = stages): Promise<BootBench> {
  const bench = new BootBench(keys, images);
  for (const state of ['Module1Complete', 'DeviceComplete'] as const) bench.bank.fuses.advanceLifecycle(state);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  bench.claim();
  return bench;
}

function attest(bench: BootBench, withKeys = false, nonce = NONCE): Attestation {
  const attestation = bench.call({ call: 'attest', nonce, keys: withKeys });
  if (typeof attestation === 'string') throw new Error(attestation);
  return attestation;
}

const claimsOf = (bench: BootBench): EvidenceClaims => decodeEvidence(attest(bench).evidence).claims;

/** What a service that made this release and this app expects of the device. */
function expectation(bench: BootBench, good: EvidenceClaims, last?: LastBoot): Expectation {
  const references = good.components;
  return { deviceId: bench.deviceId, nonce: NONCE, references, lifecycles: ['secured'], last };
}

function judge(bench: BootBench, good: EvidenceClaims, last?: LastBoot) {
  return verifyEvidence(decodeEvidence(attest(bench).evidence), expectation(bench, good, last), PRIMITIVES);
}

test('the service accepts what the monitor signs, with one line for each stage and app, and who signed it', async (t) => {
  const bench = await booted();
  bench.install(app());
  bench.call({ call: 'launch', componentId: COMPONENT.app });
  const claims = claimsOf(bench);
  const platform = keys.platform.keyId;
  t.deepEqual(
    claims.components.map(({ measurementType, version, signerId }) => [measurementType, version, signerId]),
    [
      ['rom', '0', undefined],
      ['engine', 'v0', undefined],
      ['plutonRuntime', '1', platform],
      ['trustedKeystore', '1', platform],
      ['monitor', '1', platform],
      ['os', '1', platform],
      [`app:${COMPONENT.app}`, '1', keys.service.keyId],
    ],
  );
  const log = bench.call({ call: 'measurements' });
  t.true(
    Array.isArray(log) && log.every(({ digest }, at) => sameBytes(digest, claims.components[at]?.digest ?? NONCE)),
  );
  t.like(claims, { clientId: -1, securityLifecycle: 'secured', board: 'bench', bootCount: 1, nonce: NONCE });
  t.deepEqual([claims.certificateKey, claims.customerKey], [undefined, undefined]);
  t.deepEqual(judge(bench, claims), { ok: true });
});

test('another implementation of COSE and of CBOR reads the same', async (t) => {
  const bench = await booted();
  const { evidence } = attest(bench);
  const spki = Buffer.from(p256Spki(bench.parts.crypto.identityPublicKey()));
  const sign1 = Sign1.decode(evidence);
  await t.notThrowsAsync(async () => sign1.verify(createPublicKey({ key: spki, format: 'der', type: 'spki' })));
  const claims: unknown = decode(sign1.payload, { preferMap: true });
  t.true(claims instanceof Map);
  if (!(claims instanceof Map)) return;
  t.deepEqual(new Uint8Array(claims.get(EVIDENCE_CLAIM.nonce)), NONCE);
  t.is(claims.get(EVIDENCE_CLAIM.securityLifecycle), 0x3000);
  t.is(claims.get(EVIDENCE_CLAIM.softwareComponents).length, 6);
});

test('a changed OS or app is refused, and the verdict names the claim', async (t) => {
  const good = await booted();
  good.install(app());
  good.call({ call: 'launch', componentId: COMPONENT.app });
  const wanted = claimsOf(good);
  const otherOs = signedImage({ ...parts.os, metadata: Uint8Array.of(1) }, 'platform', keys.platform);
  const rows = [
    { images: { ...stages, os: otherOs }, image: app(), detail: 'os' },
    { images: stages, image: app({ code: 'other' }), detail: `app:${COMPONENT.app}` },
  ];
  for (const { images, image, detail } of rows) {
    const bench = await booted(images);
    bench.install(image);
    bench.call({ call: 'launch', componentId: COMPONENT.app });
    const refused = { ok: false, code: 'evidence-digest-wrong', claim: 'softwareComponents', detail } as const;
    t.deepEqual(judge(bench, wanted), refused);
  }
});

test('one changed bit anywhere in a token is noticed', async (t) => {
  const bench = await booted();
  const { evidence } = attest(bench);
  const expected = expectation(bench, decodeEvidence(evidence).claims);
  for (let at = 0; at < evidence.length; at++) {
    const changed = evidence.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    let isAccepted = false;
    try {
      isAccepted = verifyEvidence(decodeEvidence(changed), expected, PRIMITIVES).ok;
    } catch (error) {
      t.true(error instanceof Error && 'code' in error, `byte ${at}`);
    }
    t.false(isAccepted, `byte ${at}`);
  }
});

test('all nonces of RFC 9783 are signed, and no others', async (t) => {
  const bench = await booted();
  for (const length of [32, 48, 64])
    t.is(decodeEvidence(attest(bench, false, new Uint8Array(length)).evidence).claims.nonce.length, length);
  for (const length of [0, 31, 33, 63, 65])
    t.is(bench.call({ call: 'attest', nonce: new Uint8Array(length), keys: false }), 'call-malformed', `${length}`);
});

test('keys are fresh for each attestation, fit their public halves, and are claimed', async (t) => {
  const bench = await booted();
  const seen = new Set<string>();
  for (let n = 0; n < 3; n++) {
    const { evidence, keys: made } = attest(bench, true);
    const { claims } = decodeEvidence(evidence);
    t.deepEqual(
      made.map(({ purpose }) => purpose),
      ['update', 'customer'],
    );
    t.deepEqual([claims.certificateKey, claims.customerKey], [made[0]?.publicKey, made[1]?.publicKey]);
    for (const { privateKey, publicKey } of made) {
      t.deepEqual(nodeCrypto.p256PublicKey(privateKey), publicKey);
      seen.add(String(privateKey));
    }
  }
  t.is(seen.size, 6);
});

test('without keys asked for none are made and none are claimed: a cable can ask for no certificate', async (t) => {
  const { evidence, keys: made } = attest(await booted());
  t.deepEqual(made, []);
  const { certificateKey, customerKey } = decodeEvidence(evidence).claims;
  t.deepEqual([certificateKey, customerKey], [undefined, undefined]);
});

test('a boot has one count and one seed; the next that attests has the next', async (t) => {
  const bench = await booted();
  const first = claimsOf(bench);
  const again = claimsOf(bench);
  t.deepEqual([again.bootCount, again.bootSeed], [first.bootCount, first.bootSeed]);
  await bench.boot(); // attests nothing
  await bench.boot();
  const next = claimsOf(bench);
  t.is(next.bootCount, first.bootCount + 1);
  t.notDeepEqual(next.bootSeed, first.bootSeed);
  t.deepEqual(judge(bench, next, first), { ok: true });
  t.like(judge(bench, next, { ...next, bootSeed: first.bootSeed }), { code: 'evidence-device-cloned' }, 'a clone');
});

test('the boot count is sealed before its token leaves, and a cut of power never gives one out twice', async (t) => {
  const bench = await booted();
  const before = bench.parts.counter.value();
  attest(bench);
  t.is(bench.parts.counter.value(), before + 1n);
  attest(bench);
  t.is(bench.parts.counter.value(), before + 1n, 'the second token of a boot wears nothing');
  const counter = bench.parts.counter;
  Object.assign(bench.parts, {
    counter: { value: () => counter.value(), remaining: () => 0n, increment: () => counter.increment() },
  });
  await bench.boot();
  t.is(bench.call({ call: 'attest', nonce: NONCE, keys: false }), 'internal', 'no count, no token');
});

test('the lifecycle is what the fuses say, and development for all of a boot in which there was any', async (t) => {
  const rows = [
    [[], 'assemblyAndTest'],
    [['Module1Complete'], 'provisioning'],
    [['Module1Complete', 'DeviceComplete'], 'secured'],
  ] as const;
  for (const [states, lifecycle] of rows) {
    const bench = new BootBench(keys, stages);
    for (const state of states) bench.bank.fuses.advanceLifecycle(state);
    await bench.boot();
    t.is(claimsOf(bench).securityLifecycle, lifecycle);
  }
  const bench = await booted();
  const apply = (serial: bigint, right: 'appDevelopment' | 'fieldServicing') => {
    const developmentKey = right === 'appDevelopment' ? keys.developer.publicKey : undefined;
    const facts = { serial, rights: [right], deviceId: bench.deviceId, developmentKey };
    bench.call({ call: 'applyCapability', file: capabilityFile(facts, keys.capability) });
  };
  apply(1n, 'fieldServicing');
  t.is(claimsOf(bench).securityLifecycle, 'secured', 'another right is no development');
  apply(2n, 'appDevelopment');
  t.is(claimsOf(bench).securityLifecycle, 'nonPsaRotDebug');
  // A hostile OS drops the right after its work is done: what ran may still be there.
  bench.call({ call: 'removeCapability' });
  t.is(claimsOf(bench).securityLifecycle, 'nonPsaRotDebug', 'until the reset');
  await bench.boot();
  t.is(claimsOf(bench).securityLifecycle, 'secured');
  apply(3n, 'appDevelopment');
  await bench.boot();
  bench.call({ call: 'removeCapability' });
  t.is(claimsOf(bench).securityLifecycle, 'nonPsaRotDebug', 'in force at power-on is in force of this boot');
});

test('a developer’s app is named with the developer’s key; signed by the service later it is another line', async (t) => {
  const bench = await booted();
  const developmentKey = keys.developer.publicKey;
  const facts = { serial: 1n, rights: ['appDevelopment'], deviceId: bench.deviceId, developmentKey } as const;
  bench.call({ call: 'applyCapability', file: capabilityFile(facts, keys.capability) });
  for (const image of [app({ key: keys.developer, role: 'publisher' }), app({ publisher: keys.developer })]) {
    bench.install(image);
    bench.call({ call: 'launch', componentId: COMPONENT.app });
    bench.call({ call: 'stop', context: 1 });
  }
  const [first, second, ...rest] = claimsOf(bench).components.slice(6);
  t.deepEqual([first?.signerId, second?.signerId, rest], [keys.developer.keyId, keys.service.keyId, []]);
  t.deepEqual(first?.digest, second?.digest, 'one content');
});

test('a stopped and removed app stays in the evidence of its boot', async (t) => {
  const bench = await booted();
  bench.install(app());
  bench.call({ call: 'launch', componentId: COMPONENT.app });
  bench.call({ call: 'stop', context: 1 });
  bench.call({ call: 'removeImage', componentId: COMPONENT.app });
  t.is(claimsOf(bench).components.length, 7);
  await bench.boot();
  t.is(claimsOf(bench).components.length, 6);
});

test('evidence of the longest log fits its bound, and the bound fits a frame', async (t) => {
  const bench = await booted();
  const { machine } = bench;
  if (machine === undefined) return t.fail('not booted');
  const line = { digest: new Uint8Array(32).fill(255), rollbackIndex: 0xffff_ffff, signerId: NONCE } as const;
  const log = Array.from(
    { length: MEASUREMENT_LOG_MAX_LINES },
    () => ({ ...line, stage: 'app', name: COMPONENT.app }) as const,
  );
  const straps = { ...machine.straps, board: 'b'.repeat(64) };
  const attester = new Attester({ ...machine, straps }, openSealedState(machine.chip));
  const { evidence } = attester.attest(new Uint8Array(64), true, log, false);
  t.true(evidence.length <= EVIDENCE_MAX_BYTES, `${evidence.length} bytes`);
  t.is(decodeEvidence(evidence).claims.components.length, MEASUREMENT_LOG_MAX_LINES);
});
