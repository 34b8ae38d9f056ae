import test from 'ava';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { decodeEvidence } from '../../contracts/wire/evidence.ts';
import { evidenceCrypto } from '../adapters/evidence-crypto.ts';
import { noncePrimitives } from '../adapters/nonce-secret.ts';
import { TEST_BOARD, TestDevice, TestFactory, testLedger } from '../../test/support/test-device.ts';
import { Appraisal } from './appraisal.ts';
import { ServiceNonces } from './service-nonce.ts';

const CATALOG = '8f45dd94-a5ca-4421-95b9-698cdd0a9a52';
const clock = { nowMs: () => 1_900_000_000_000 };

function bench() {
  const nonces = new ServiceNonces(new Uint8Array(32), clock, noncePrimitives);
  const entries = testLedger(new TestFactory());
  let looks = 0;
  const look = <Value,>(value: Value): Promise<Value> => {
    looks += 1;
    return Promise.resolve(value);
  };
  const ledger = { entries: () => look(entries) };
  const apps = { of: () => look([]) };
  const appraisal = new Appraisal({ ledger, apps, nonces, clock, primitives: evidenceCrypto });
  const standing = { board: TEST_BOARD, claim: undefined, last: undefined };
  return { appraisal, nonces, standing, looks: () => looks };
}

test('what a device did not sign is refused before anything that was ever signed is gone through', async (t) => {
  const { appraisal, nonces, standing, looks } = bench();
  const [device, stranger] = [new TestDevice(), new TestDevice()];
  const purpose = { kind: 'attest', deviceId: device.id } as const;
  const { nonce } = nonces.give(purpose);
  const claims = device.claims({ nonce, board: TEST_BOARD });
  for (const [token, code] of [
    [stranger.token({ ...claims, identityKey: device.point }), 'evidence-signature-invalid'],
    [stranger.token({ ...claims, identityKey: stranger.point }), 'evidence-wrong-key'],
  ] as const) {
    await t.throwsAsync(appraisal.appraise(decodeEvidence(token), standing, purpose, CATALOG), { code });
  }
  t.is(looks(), 0);
  const good = decodeEvidence(device.evidence(nonce, true));
  const accepted = await appraisal.appraise(good, standing, purpose, CATALOG);
  t.is(accepted.nonce.digest, bytesToHex(evidenceCrypto.sha256(nonce)));
  t.is(looks(), 2);
});
