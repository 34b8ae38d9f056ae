import { createPublicKey, verify } from 'node:crypto';
import test from 'ava';
import { p256Spki } from '../../contracts/core/device-identity.ts';
import type { EvidenceClaimName, EvidenceClaims, EvidenceComponent } from '../../contracts/core/evidence.ts';
import { encodeEvidenceClaims } from '../../contracts/core/evidence.ts';
import { encodeSign1, sign1SignedBytes } from '../../contracts/core/cose-sign1.ts';
import { decodeEvidence } from '../../contracts/wire/evidence.ts';
import { nodeCrypto } from '../../runtime/adapters/node-crypto.ts';
import { COMPONENTS, EvidenceSigner } from '../../test/support/evidence.ts';
import type { EvidencePrimitives, EvidenceRefusal, Expectation } from './verify-evidence.ts';
import { verifyEvidence } from './verify-evidence.ts';

const device = new EvidenceSigner();
const stranger = new EvidenceSigner();
const TRUE = device.claims();
const PRIMITIVES: EvidencePrimitives = {
  sha256: (bytes) => nodeCrypto.sha256(bytes),
  sha512: (bytes) => nodeCrypto.sha512(bytes),
  verifyEs256(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.from(p256Spki(publicKey)), format: 'der', type: 'spki' });
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  },
};
const EXPECTED: Expectation = {
  deviceId: TRUE.deviceId,
  nonce: TRUE.nonce,
  references: COMPONENTS.map(({ measurementType, digest, version }) => ({ measurementType, digest, version })),
  lifecycles: ['secured'],
  last: undefined,
};
const SEED = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const judge = (token: Uint8Array, expected: Partial<Expectation> = {}) =>
  verifyEvidence(decodeEvidence(token), { ...EXPECTED, ...expected }, PRIMITIVES);

const app = COMPONENTS[6] as EvidenceComponent;
const developed: EvidenceComponent = { ...app, digest: SEED(77), signerId: SEED(200) };
const debug = { securityLifecycle: 'nonPsaRotDebug', components: [...COMPONENTS.slice(0, 6), developed] } as const;

const ACCEPTED: readonly (readonly [why: string, claims: Partial<EvidenceClaims>, expected: Partial<Expectation>])[] = [
  ['a device that runs what the service signed', {}, {}],
  ['a device without an app', { components: COMPONENTS.slice(0, 6) }, {}],
  [
    'two versions of one app, both signed, one after the other',
    { components: [...COMPONENTS, { ...app, digest: SEED(8), version: '2' }] },
    { references: [...EXPECTED.references, { ...app, digest: SEED(8), version: '2' }] },
  ],
  ['a second token of the same boot', {}, { last: TRUE }],
  ['a later boot', {}, { last: { bootCount: 4, bootSeed: SEED(1) } }],
  [
    'a device in development that runs what the service signed',
    { securityLifecycle: 'nonPsaRotDebug' },
    { lifecycles: ['secured', 'nonPsaRotDebug'] },
  ],
  [
    'a developer’s own app, where that developer is allowed',
    debug,
    { lifecycles: ['nonPsaRotDebug'], developers: [SEED(200)] },
  ],
  ['a key for the next certificate', { certificateKey: stranger.point }, {}],
];
for (const [why, claims, expected] of ACCEPTED) {
  test(`verifyEvidence() accepts ${why}`, (t) => {
    t.deepEqual(judge(device.token(claims), expected), { ok: true });
  });
}

type Row = readonly [
  why: string,
  claims: Partial<EvidenceClaims>,
  expected: Partial<Expectation>,
  code: EvidenceRefusal,
  claim: EvidenceClaimName | 'signature',
];
const swapped = (at: number, change: Partial<EvidenceComponent>): Partial<EvidenceClaims> => ({
  components: COMPONENTS.map((component, index) => (index === at ? { ...component, ...change } : component)),
});
const REFUSED: readonly Row[] = [
  // Whose evidence it is.
  ['evidence of another device', {}, { deviceId: stranger.claims().deviceId }, 'evidence-wrong-key', 'deviceId'],
  ['a key of its own under another’s id', { identityKey: stranger.point }, {}, 'evidence-wrong-key', 'identityKey'],
  [
    'the instance id of another key',
    { instanceId: stranger.claims().instanceId },
    {},
    'evidence-wrong-key',
    'instanceId',
  ],
  // When it was made.
  ['an answer to another nonce', { nonce: SEED(3) }, {}, 'evidence-nonce-mismatch', 'nonce'],
  ['a nonce that is longer', { nonce: new Uint8Array(48).fill(9) }, {}, 'evidence-nonce-mismatch', 'nonce'],
  // What state it is in.
  [
    'a device in development',
    { securityLifecycle: 'nonPsaRotDebug' },
    {},
    'evidence-lifecycle-refused',
    'securityLifecycle',
  ],
  [
    'a device that is not complete',
    { securityLifecycle: 'provisioning' },
    {},
    'evidence-lifecycle-refused',
    'securityLifecycle',
  ],
  // What it runs.
  ['a changed OS image', swapped(5, { digest: SEED(66) }), {}, 'evidence-digest-wrong', 'softwareComponents'],
  ['a changed app image', swapped(6, { digest: SEED(66) }), {}, 'evidence-digest-wrong', 'softwareComponents'],
  [
    'an engine that is not allowed',
    swapped(1, { digest: SEED(66) }),
    {},
    'evidence-digest-wrong',
    'softwareComponents',
  ],
  [
    'an app that the service never signed',
    swapped(6, { measurementType: 'app:00000000-0000-4000-8000-00000000000b' }),
    {},
    'evidence-component-unknown',
    'softwareComponents',
  ],
  ['the app’s bytes as the OS', swapped(5, { digest: app.digest }), {}, 'evidence-digest-wrong', 'softwareComponents'],
  [
    'an old version that calls itself new',
    swapped(6, { version: '2' }),
    {},
    'evidence-version-wrong',
    'softwareComponents',
  ],
  [
    'a reference value that was taken back',
    {},
    { references: EXPECTED.references.slice(0, 6) },
    'evidence-component-unknown',
    'softwareComponents',
  ],
  // A development image that is still in the log when the right is gone.
  [
    'a developer’s app on a device that says it is secured',
    { components: debug.components },
    { developers: [SEED(200)] },
    'evidence-digest-wrong',
    'softwareComponents',
  ],
  [
    'an app of another developer',
    debug,
    { lifecycles: ['nonPsaRotDebug'], developers: [SEED(201)] },
    'evidence-digest-wrong',
    'softwareComponents',
  ],
  [
    'an OS that a developer signed',
    { securityLifecycle: 'nonPsaRotDebug', ...swapped(5, { digest: SEED(66), signerId: SEED(200) }) },
    { lifecycles: ['nonPsaRotDebug'], developers: [SEED(200)] },
    'evidence-digest-wrong',
    'softwareComponents',
  ],
  // How it came to run it.
  [
    'no engine',
    { components: COMPONENTS.filter((_, index) => index !== 1) },
    {},
    'evidence-boot-chain-broken',
    'softwareComponents',
  ],
  [
    'a monitor before its keystore',
    { components: [0, 1, 2, 4, 3, 5].flatMap((index) => COMPONENTS[index] ?? []) },
    {},
    'evidence-boot-chain-broken',
    'softwareComponents',
  ],
  [
    'a second OS',
    { components: [...COMPONENTS, ...COMPONENTS.slice(5, 6)] },
    {},
    'evidence-boot-chain-broken',
    'softwareComponents',
  ],
  [
    'an app in the place of the OS',
    { components: [...COMPONENTS.slice(0, 5), app] },
    {},
    'evidence-boot-chain-broken',
    'softwareComponents',
  ],
  // On what.
  [
    'another board than its implementation id says',
    { board: 'other' },
    {},
    'evidence-implementation-wrong',
    'implementationId',
  ],
  // And whether there is one of it.
  ['an earlier boot', {}, { last: { bootCount: 6, bootSeed: SEED(1) } }, 'evidence-device-cloned', 'bootCount'],
  [
    'an earlier boot with the same seed',
    {},
    { last: { ...TRUE, bootCount: 6 } },
    'evidence-device-cloned',
    'bootCount',
  ],
  [
    'the same count with another seed',
    {},
    { last: { bootCount: 5, bootSeed: SEED(1) } },
    'evidence-device-cloned',
    'bootSeed',
  ],
  [
    'a later boot with the seed of the last',
    {},
    { last: { ...TRUE, bootCount: 4 } },
    'evidence-device-cloned',
    'bootCount',
  ],
];
for (const [why, claims, expected, code, claim] of REFUSED) {
  test(`verifyEvidence() refuses ${why}: ${code}`, (t) => {
    t.like(judge(device.token(claims), expected), { ok: false, code, claim });
  });
}

test('verifyEvidence() refuses claims that another key signed, and claims that were changed after they were signed', (t) => {
  const wanted = { ok: false, code: 'evidence-signature-invalid', claim: 'signature' } as const;
  const payload = encodeEvidenceClaims(TRUE);
  t.like(judge(stranger.signed(payload)), wanted);
  const signature = device.sign(sign1SignedBytes(payload));
  t.deepEqual(judge(encodeSign1(payload, signature)), { ok: true });
  t.like(judge(encodeSign1(encodeEvidenceClaims({ ...TRUE, bootCount: 6 }), signature)), wanted);
  t.like(
    judge(encodeSign1(payload, device.sign(payload))),
    wanted,
    'a signature over the claims without their context',
  );
});

test('verifyEvidence() says nothing of the components before it has seen the signature', (t) => {
  const claims = { ...TRUE, ...swapped(5, { digest: SEED(66) }) };
  t.like(judge(stranger.signed(encodeEvidenceClaims(claims))), { code: 'evidence-signature-invalid' });
});
