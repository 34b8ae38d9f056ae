import { verify } from 'node:crypto';
import { Sign1 } from '@auth0/cose';
import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { COMPONENTS, EvidenceSigner } from '../../test/support/evidence.ts';
import type { CborValue } from '../core/cbor.ts';
import { encodeCbor } from '../core/cbor.ts';
import type { EvidenceClaimName, SecurityLifecycle } from '../core/evidence.ts';
import { COMPONENT_CLAIM, EVIDENCE_CLAIM, SECURITY_LIFECYCLE, encodeEvidenceClaims } from '../core/evidence.ts';
import { EVIDENCE_MAX_BYTES, MEASUREMENT_LOG_MAX_LINES } from '../core/limits.ts';
import type { EvidenceErrorCode } from './evidence.ts';
import { EvidenceError, decodeEvidence } from './evidence.ts';
import { decodeCbor } from './evidence-cbor.ts';

const device = new EvidenceSigner();

test('evidence comes back from its token as it was', (t) => {
  const law = fc.property(
    fc.constantFrom(32, 48, 64),
    fc.constantFrom(...(Object.keys(SECURITY_LIFECYCLE) as SecurityLifecycle[])),
    fc.integer({ min: 1, max: 0xffff_ffff }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.stringMatching(/^[ -~]{1,64}$/),
    fc.boolean(),
    (nonceBytes, securityLifecycle, bootCount, clientId, board, asksForCertificate) => {
      const nonce = new Uint8Array(nonceBytes).fill(1);
      const certificateKey = asksForCertificate ? device.point : undefined;
      const customerKey = certificateKey;
      const changes = { nonce, securityLifecycle, bootCount, clientId, board, certificateKey, customerKey };
      t.deepEqual(decodeEvidence(device.token(changes)).claims, device.claims(changes));
    },
  );
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('the longest log that a device keeps fits a token', (t) => {
  const line = { ...COMPONENTS[6], measurementType: `app:${'0'.repeat(36)}`, version: '4294967295' };
  const longest = { digest: new Uint8Array(32), signerId: new Uint8Array(32).fill(1), ...line };
  const components = Array.from({ length: MEASUREMENT_LOG_MAX_LINES }, () => longest);
  const token = device.token({ components, board: 'b'.repeat(64), nonce: new Uint8Array(64) });
  t.is(decodeEvidence(token).claims.components.length, MEASUREMENT_LOG_MAX_LINES);
  t.true(token.length < EVIDENCE_MAX_BYTES);
});

test('an independent library verifies our tokens', async (t) => {
  const message = Sign1.decode(device.token());
  await t.notThrowsAsync(message.verify(device.publicKey));
  await t.throwsAsync(message.verify(new EvidenceSigner().publicKey));
  t.deepEqual(Uint8Array.from(message.payload), encodeEvidenceClaims(device.claims()));
});

test('we verify tokens of an independent library', async (t) => {
  const payload = encodeEvidenceClaims(device.claims());
  const plain = await Sign1.sign([[1, -7]], [], payload, device.privateKey);
  // With a key id outside the signature, which says nothing to us.
  const named = await Sign1.sign([[1, -7]], [[4, Uint8Array.of(1, 2)]], payload, device.privateKey);
  for (const message of [plain, named]) {
    const { claims, signedBytes, signature } = decodeEvidence(Uint8Array.from(message.encode()));
    t.deepEqual(claims, device.claims());
    t.true(verify('sha256', signedBytes, { key: device.publicKey, dsaEncoding: 'ieee-p1363' }, signature));
    t.false(verify('sha256', payload, { key: device.publicKey, dsaEncoding: 'ieee-p1363' }, signature));
  }
});

const good = decodeCbor(encodeEvidenceClaims(device.claims())) as ReadonlyMap<CborValue, CborValue>;
const SIGNATURE = new Uint8Array(64).fill(1);
const ES256 = encodeCbor(new Map([[1, -7]]));

/** A message whose parts are of the test's choice. */
function message({
  tag = 18,
  header = ES256,
  unprotected = new Map(),
  payload = encodeCbor(good),
  signature = SIGNATURE,
}: {
  readonly tag?: number;
  readonly header?: CborValue;
  readonly unprotected?: CborValue;
  readonly payload?: CborValue;
  readonly signature?: CborValue;
}): Uint8Array {
  return encodeCbor({ tag, value: [header, unprotected, payload, signature] });
}
const withClaim = (name: EvidenceClaimName, value: CborValue): Uint8Array =>
  message({ payload: encodeCbor(new Map([...good, [EVIDENCE_CLAIM[name], value]])) });
const withComponent = (...fields: readonly (readonly [number, CborValue])[]): Uint8Array => {
  const whole: readonly (readonly [number, CborValue])[] = [
    [COMPONENT_CLAIM.measurementType, 'os'],
    [COMPONENT_CLAIM.measurementValue, new Uint8Array(32)],
    [COMPONENT_CLAIM.version, '1'],
    [COMPONENT_CLAIM.signerId, new Uint8Array(32)],
  ];
  return withClaim('softwareComponents', [new Map([...whole, ...fields])]);
};
const nested = (depth: number): CborValue => (depth === 0 ? 0 : [nested(depth - 1)]);

const REFUSED: readonly (readonly [why: string, token: Uint8Array, code: EvidenceErrorCode])[] = [
  ['more bytes than any token has', new Uint8Array(EVIDENCE_MAX_BYTES + 1), 'evidence-too-large'],
  ['nothing', new Uint8Array(0), 'evidence-malformed'],
  ['two messages', Uint8Array.of(...message({}), ...message({})), 'evidence-malformed'],
  ['a message without its tag', message({}).subarray(1), 'evidence-malformed'],
  ['a COSE_Mac0 message', message({ tag: 17 }), 'evidence-malformed'],
  ['a message cut short', message({}).subarray(0, -1), 'evidence-malformed'],
  [
    'an array of 2^32 - 1 elements that are not there',
    Uint8Array.of(0xd2, 0x9a, 255, 255, 255, 255),
    'evidence-malformed',
  ],
  ['30,000 arrays in one another', new Uint8Array(30_000).fill(0x81), 'evidence-malformed'],
  // One token, two spellings: 18 in two bytes, a list of unknown length, keys out of order, a key twice.
  ['a tag number in two bytes', Uint8Array.of(0xd8, 18, ...message({}).subarray(1)), 'evidence-malformed'],
  ['an array without a length', Uint8Array.of(0xd2, 0x9f, ...message({}).subarray(2), 0xff), 'evidence-malformed'],
  ['claims out of order', message({ payload: Uint8Array.of(0xa2, 2, 0, 1, 0) }), 'evidence-malformed'],
  ['a claim twice', message({ payload: Uint8Array.of(0xa2, 10, 0, 10, 0) }), 'evidence-malformed'],
  ['a float', message({ payload: Uint8Array.of(0xa1, 10, 0xf9, 0x3e, 0) }), 'evidence-malformed'],
  ['a payload that is no map', message({ payload: encodeCbor(nested(3)) }), 'evidence-malformed'],
  ['a detached payload', message({ payload: null }), 'evidence-malformed'],
  ['a signature of 63 bytes', message({ signature: new Uint8Array(63) }), 'evidence-malformed'],
  ['a protected header that is no map', message({ header: encodeCbor([]) }), 'evidence-malformed'],
  ['a header outside the signature that is no map', message({ unprotected: [] }), 'evidence-malformed'],
  [
    'critical parameters',
    message({
      header: encodeCbor(
        new Map<CborValue, CborValue>([
          [1, -7],
          [2, [4]],
        ]),
      ),
    }),
    'evidence-malformed',
  ],
  ['an algorithm outside the signature', message({ unprotected: new Map([[1, -7]]) }), 'evidence-malformed'],
  ['no parameters at all', message({ header: new Uint8Array(0) }), 'evidence-malformed'],
  ['no algorithm', message({ header: encodeCbor(new Map()) }), 'evidence-algorithm-unsupported'],
  ['EdDSA', message({ header: encodeCbor(new Map([[1, -8]])) }), 'evidence-algorithm-unsupported'],
  ['HMAC', message({ header: encodeCbor(new Map([[1, 5]])) }), 'evidence-algorithm-unsupported'],
  ['an older profile', withClaim('profile', 'PSA_IOT_PROFILE_1'), 'evidence-profile-unknown'],
  ['a profile that is no text', withClaim('profile', 2023), 'evidence-claim-malformed'],
  ['a nonce of 31 bytes', withClaim('nonce', new Uint8Array(31)), 'evidence-claim-malformed'],
  ['an instance id of another type', withClaim('instanceId', new Uint8Array(33).fill(2)), 'evidence-claim-malformed'],
  ['a client id beyond 32 bits', withClaim('clientId', 2 ** 31), 'evidence-claim-malformed'],
  ['a device that is decommissioned', withClaim('securityLifecycle', 0x6000), 'evidence-claim-malformed'],
  ['a lifecycle of unknown', withClaim('securityLifecycle', 0), 'evidence-claim-malformed'],
  ['an implementation id of 31 bytes', withClaim('implementationId', new Uint8Array(31)), 'evidence-claim-malformed'],
  ['a boot seed of 8 bytes', withClaim('bootSeed', new Uint8Array(8)), 'evidence-claim-malformed'],
  ['half a device id', withClaim('deviceId', new Uint8Array(32)), 'evidence-claim-malformed'],
  ['an identity key off the curve', withClaim('identityKey', new Uint8Array(65).fill(4)), 'evidence-claim-malformed'],
  ['a certificate key off the curve', withClaim('certificateKey', new Uint8Array(65)), 'evidence-claim-malformed'],
  ['a customer key off the curve', withClaim('customerKey', new Uint8Array(65)), 'evidence-claim-malformed'],
  ['boot 0', withClaim('bootCount', 0), 'evidence-claim-malformed'],
  ['more boots than a counter has', withClaim('bootCount', 2 ** 32), 'evidence-claim-malformed'],
  ['a board that steers a terminal', withClaim('board', '\u001b[2J'), 'evidence-claim-malformed'],
  ['no components', withClaim('softwareComponents', []), 'evidence-claim-malformed'],
  [
    'more components than a log has',
    withClaim('softwareComponents', new Array<CborValue>(MEASUREMENT_LOG_MAX_LINES + 1).fill(0)),
    'evidence-claim-malformed',
  ],
  ['a component that is no map', withClaim('softwareComponents', [0]), 'evidence-claim-malformed'],
  ['a component with a short digest', withComponent([2, new Uint8Array(20)]), 'evidence-claim-malformed'],
  ['a component with a long signer', withComponent([5, new Uint8Array(64)]), 'evidence-claim-malformed'],
  ['a component whose version is a number', withComponent([4, 1]), 'evidence-claim-malformed'],
  ['a component with an empty type', withComponent([1, '']), 'evidence-claim-malformed'],
];
for (const [why, token, code] of REFUSED) {
  test(`decodeEvidence() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeEvidence(token), { instanceOf: EvidenceError })?.code, code);
  });
}

/** Of evidence that asks for certificates alone. */
const OPTIONAL: readonly EvidenceClaimName[] = ['certificateKey', 'customerKey'];
for (const name of Object.keys(EVIDENCE_CLAIM) as EvidenceClaimName[]) {
  test(`decodeEvidence() ${OPTIONAL.includes(name) ? 'does without' : 'misses'} the claim ${name}`, (t) => {
    const payload = encodeCbor(new Map([...good].filter(([key]) => key !== EVIDENCE_CLAIM[name])));
    if (OPTIONAL.includes(name)) t.notThrows(() => decodeEvidence(message({ payload })));
    else
      t.like(
        t.throws(() => decodeEvidence(message({ payload }))),
        { code: 'evidence-claim-missing', details: { claim: name } },
      );
  });
}

test('claims that are not ours are left unread', (t) => {
  const payload = encodeCbor(new Map<CborValue, CborValue>([...good, [-80_000, nested(3)], ['iss', 'x']]));
  t.deepEqual(decodeEvidence(message({ payload })).claims, device.claims());
  t.deepEqual(decodeEvidence(withComponent([6, 'sha-256'])).claims.components.length, 1);
});

test('the state of the lifecycle is its high byte', (t) => {
  t.is(decodeEvidence(withClaim('securityLifecycle', 0x30ff)).claims.securityLifecycle, 'secured');
});

test('what was read does not change with the bytes that it came from', (t) => {
  const token = device.token();
  const evidence = decodeEvidence(token);
  token.fill(0);
  t.deepEqual(evidence.claims, device.claims());
});

test('decodeEvidence() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes: readonly EvidenceErrorCode[] = [
    'evidence-too-large',
    'evidence-malformed',
    'evidence-algorithm-unsupported',
    'evidence-profile-unknown',
    'evidence-claim-missing',
    'evidence-claim-malformed',
  ];
  codedErrorsOnly(t, decodeEvidence, [device.token(), device.token({ certificateKey: device.point })], codes);
});
