import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { EvidenceSigner } from '../../test/support/evidence.ts';
import type { CapabilityMatrix, UnsignedMatrix } from './matrix.ts';
import { matrixDigest, signMatrix, verifyMatrix } from './sign-matrix.ts';

const device = new EvidenceSigner();
const MATRIX: UnsignedMatrix = {
  target: 'apps/blink',
  manifest: 'ab'.repeat(32),
  board: 'bench',
  rows: [
    {
      capability: 'Gpio',
      interface: 'casemate:device/gpio',
      function: 'open-input',
      resource: 'gpio:9',
      granted: false,
      run: 'shipped',
      outcome: 'denied',
      error: 'access-denied',
      layer: 'broker',
      check: 'grant:gpio.open-input',
      pass: true,
    },
  ],
  passed: 1,
  failed: 0,
  mutants: null,
};
const signed = (): Promise<CapabilityMatrix> => signMatrix(MATRIX, async (nonce) => device.token({ nonce }));
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const checksOf = (value: unknown) => verifyMatrix(bytesOf(value)).verdict.checks;

test('a signed matrix verifies, and says what its device had measured', async (t) => {
  const { verdict } = verifyMatrix(bytesOf(await signed()));
  t.true(verdict.verified);
  t.is(verdict.deviceId, device.claims().deviceId);
  t.true(verdict.measured.some(({ stage }) => stage === 'os'));
});

test('the order of members does not matter, any other change does', async (t) => {
  const matrix = await signed();
  const turned = Object.fromEntries(Object.entries(matrix).reverse());
  t.true(verifyMatrix(bytesOf(turned)).verdict.verified);
  const rows = matrix.rows.map((row) => ({ ...row, pass: false }));
  t.like(checksOf({ ...matrix, rows }), { digest: false, nonce: false, signature: true });
  t.like(checksOf({ ...matrix, failed: 1 }), { digest: false });
  t.like(checksOf({ ...matrix, comment: 'one member more' }), { digest: false });
});

test('a digest that was made to fit does not answer for the token', async (t) => {
  const matrix = await signed();
  const { signature, ...unsigned } = { ...matrix, failed: 1 };
  const digest = Buffer.from(matrixDigest(unsigned)).toString('hex');
  t.like(checksOf({ ...unsigned, signature: { ...signature, digest } }), { digest: true, nonce: false });
});

test('the token of another device, and a token with a changed claim, are named', async (t) => {
  const matrix = await signed();
  const { signature } = matrix;
  const other = new EvidenceSigner().token({ nonce: matrixDigest(MATRIX) });
  const foreign = { ...signature, token: Buffer.from(other).toString('base64') };
  t.like(checksOf({ ...matrix, signature: foreign }), { deviceId: false, nonce: true });
  const token = device.token({ nonce: matrixDigest(MATRIX) });
  const last = token.length - 1;
  token[last] = (token[last] ?? 0) ^ 1;
  const broken = { ...signature, token: Buffer.from(token).toString('base64') };
  t.like(checksOf({ ...matrix, signature: broken }), { signature: false });
});

test('whatever is in a file, only coded errors come out', async (t) => {
  const seeds = [bytesOf(await signed())];
  codedErrorsOnly(t, verifyMatrix, seeds, [
    'matrix-malformed',
    'evidence-too-large',
    'evidence-malformed',
    'evidence-algorithm-unsupported',
    'evidence-profile-unknown',
    'evidence-claim-missing',
    'evidence-claim-malformed',
  ]);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const text = JSON.stringify({ rows: [], signature: (await signed()).signature }).replace('[]', deep);
  t.is(t.throws<Error & { code: string }>(() => verifyMatrix(new TextEncoder().encode(text))).code, 'matrix-malformed');
});
