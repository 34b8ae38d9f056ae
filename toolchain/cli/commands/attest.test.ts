// What `casemate attest explain` makes of a token: true ones, and each way in which one can be false.

import test from 'ava';
import { decodeEvidence } from '../../../contracts/wire/evidence.ts';
import { EvidenceSigner } from '../../../test/support/evidence.ts';
import { explain } from './attest.ts';

const signer = new EvidenceSigner();
const NONCE = new Uint8Array(32).fill(9);

test('a true token is verified with its own key, and over the asked nonce', (t) => {
  const explained = explain(decodeEvidence(signer.token()), NONCE);
  t.true(explained.verified);
  t.true(Object.values(explained.checks).every((held) => held === true));
  t.like(explained.claims, { board: 'bench', bootCount: 5, certificateKey: null });
});

test('without a nonce that check is open, and no other', (t) => {
  const { verified, checks } = explain(decodeEvidence(signer.token()), undefined);
  t.true(verified);
  t.deepEqual(
    Object.entries(checks).filter(([, held]) => held !== true),
    [['nonce', null]],
  );
});

/** What is false in it, the token, the check that says so. */
const FALSE: readonly (readonly [string, Uint8Array, string])[] = [
  ['somebody else’s device id', signer.token({ deviceId: new EvidenceSigner().claims().deviceId }), 'deviceId'],
  ['somebody else’s instance id', signer.token({ instanceId: new EvidenceSigner().claims().instanceId }), 'instanceId'],
  ['another board under the same id', signer.token({ board: 'other' }), 'implementationId'],
  ['no ROM among what ran', signer.token({ components: signer.claims().components.slice(1) }), 'implementationId'],
  ['an older nonce', signer.token({ nonce: new Uint8Array(32) }), 'nonce'],
  ['a changed byte', changed(signer.token()), 'signature'],
];
for (const [what, token, check] of FALSE) {
  test(`${what} is told as a ${check} that does not hold`, (t) => {
    const { verified, checks } = explain(decodeEvidence(token), NONCE);
    t.false(verified);
    t.deepEqual(
      Object.entries(checks).filter(([, held]) => held !== true),
      [[check, false]],
    );
  });
}

test('a key that signs for another device’s id and instance is found out by both', (t) => {
  const { deviceId, instanceId } = new EvidenceSigner().claims();
  const { checks } = explain(decodeEvidence(signer.token({ deviceId, instanceId })), NONCE);
  t.like(checks, { signature: true, deviceId: false, instanceId: false });
});

/** One bit of the boot seed, which nothing but the signature covers. */
function changed(token: Uint8Array): Uint8Array {
  const seed = Buffer.alloc(32, 11);
  const copy = token.slice();
  const at = Buffer.from(token).indexOf(seed);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
