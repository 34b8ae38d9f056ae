import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { concatBytes } from './bytes.ts';
import * as claim from './claim-statement.ts';
import { CodedError } from './coded-error.ts';
import { componentIdFromBytes, deviceIdFromBytes } from './ids.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const GOOD_FACTS: claim.ClaimStatement = {
  epoch: 7,
  deviceId: deviceIdFromBytes(new Uint8Array(64).fill(0xab)),
  catalogId: componentIdFromBytes(new Uint8Array(16).fill(0xcd)),
  publisherKeyId: new Uint8Array(32).fill(0xef),
};
const signed = (facts: claim.ClaimStatement): Uint8Array =>
  claim.withClaimSignature(claim.encodeClaimStatement(facts), new Uint8Array(32).fill(1), new Uint8Array(64).fill(2));
const GOOD = signed(GOOD_FACTS);

test('a claim statement comes back as it was', (t) => {
  const law = fc.property(
    fc.integer({ min: 1, max: 0xffff_ffff }),
    bytesOf(64),
    bytesOf(16),
    fc.option(bytesOf(32), { nil: undefined }),
    (epoch, device, catalog, key) => {
      const publisherKeyId = key?.some((byte) => byte !== 0) === true ? key : undefined;
      const facts = {
        epoch,
        deviceId: deviceIdFromBytes(device),
        catalogId: componentIdFromBytes(catalog),
        publisherKeyId,
      };
      const bytes = signed(facts);
      t.is(bytes.length, claim.CLAIM_STATEMENT_BYTES);
      t.like(claim.decodeClaimStatement(bytes), facts);
    },
  );
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('the signed bytes begin with a context of their own and hold every fact, and not the signature', (t) => {
  const { signedBytes, keyId, signature } = claim.decodeClaimStatement(GOOD);
  t.deepEqual(signedBytes, claim.claimSignedBytes(claim.encodeClaimStatement(GOOD_FACTS)));
  t.deepEqual(signedBytes, concatBytes(new TextEncoder().encode('casemate device claim v1\0'), GOOD.subarray(0, 160)));
  t.deepEqual([keyId, signature], [new Uint8Array(32).fill(1), new Uint8Array(64).fill(2)]);
});

test('decodeClaimStatement() refuses what is none, each with its code', (t) => {
  const rows: readonly [bytes: Uint8Array, code: claim.ClaimStatementErrorCode, why: string][] = [
    [GOOD.subarray(1), 'claim-size-wrong', 'a byte short'],
    [concatBytes(GOOD, Uint8Array.of(0)), 'claim-size-wrong', 'a byte long'],
    [changed(0, 0x44), 'claim-magic-wrong', 'another magic'],
    // The device capability file has the same size, and its keys are not this file's.
    [changed(3, 0x43), 'claim-magic-wrong', 'a device capability'],
    [changed(4, 2), 'claim-version-unsupported', 'a later version'],
    [changed(6, 1), 'claim-malformed', 'reserved bytes in use'],
    [changed(8, 0), 'claim-malformed', 'epoch 0: every claim rises above it'],
    [changed(124, 1), 'claim-malformed', 'signed bytes after the last field'],
    [changed(159, 1), 'claim-malformed', 'signed bytes before the key id'],
  ];
  for (const [bytes, code, why] of rows)
    t.like(
      t.throws(() => claim.decodeClaimStatement(bytes), { instanceOf: CodedError }),
      { code },
      why,
    );
});

function changed(at: number, to: number): Uint8Array {
  const bytes = GOOD.slice();
  bytes[at] = to;
  return bytes;
}

test('what was decoded is a copy: changing the bytes afterwards changes nothing', (t) => {
  const bytes = GOOD.slice();
  const statement = claim.decodeClaimStatement(bytes);
  bytes.fill(0);
  t.like(statement, { ...GOOD_FACTS, keyId: new Uint8Array(32).fill(1), signature: new Uint8Array(64).fill(2) });
  t.deepEqual(statement.signedBytes, claim.claimSignedBytes(GOOD));
});

test('decodeClaimStatement() answers any bytes with its own errors alone', (t) => {
  codedErrorsOnly(
    t,
    claim.decodeClaimStatement,
    [GOOD, signed({ ...GOOD_FACTS, publisherKeyId: undefined })],
    ['claim-size-wrong', 'claim-magic-wrong', 'claim-version-unsupported', 'claim-malformed'],
  );
});
