import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { TrustAnchorsText } from '../../contracts/wire/trust-anchors.ts';
import { withAuthority } from '../../as3/adapters/authority-folder.ts';
import { parseTrustAnchors } from './trust-anchors.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-anchors-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
let good: TrustAnchorsText;
test.before(async () => {
  const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
  good = await withAuthority(folder, { clock, mayMake: true }, async ({ anchors }) => anchors);
});

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test('parseTrustAnchors() reads what the authority says', (t) => {
  const anchors = parseTrustAnchors(encode(good));
  t.is(anchors.platformKey.length, 65);
  t.is(Buffer.from(anchors.timeKey).toString('base64'), good.timeKey);
  t.is(new TextDecoder().decode(anchors.tufRoot), good.tufRoot);
  t.is(createHash('sha256').update(anchors.serviceCa).digest('hex').length, 64);
});

const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' });
type Change = (anchors: TrustAnchorsText) => unknown;
const BAD: readonly (readonly [string, Change])[] = [
  ['no object', () => []],
  ['nothing', () => null],
  ['no platform key', ({ platformKey: _, ...rest }) => rest],
  ['no claim key', ({ deviceClaimKey: _, ...rest }) => rest],
  ['a key that is a number', (anchors) => ({ ...anchors, timeKey: 7 })],
  ['a key of zeros', (anchors) => ({ ...anchors, platformKey: Buffer.alloc(65).toString('base64') })],
  ['a key on another curve', (anchors) => ({ ...anchors, timeKey: p384.subarray(-97).toString('base64') })],
  ['a key with a blank in its base64', (anchors) => ({ ...anchors, timeKey: ` ${anchors.timeKey}` })],
  ['a certificate that is none', (anchors) => ({ ...anchors, serviceCa: 'AAAA' })],
  [
    'bytes after the certificate',
    (anchors) => ({
      ...anchors,
      serviceCa: Buffer.concat([Buffer.from(anchors.serviceCa, 'base64'), Buffer.alloc(1)]).toString('base64'),
    }),
  ],
  ['a TUF root that is not JSON', (anchors) => ({ ...anchors, tufRoot: 'root' })],
  ['a later TUF root', (anchors) => ({ ...anchors, tufRoot: anchors.tufRoot.replace('"version": 1', '"version": 2') })],
  ['other TUF metadata', (anchors) => ({ ...anchors, tufRoot: anchors.tufRoot.replace('"root"', '"targets"') })],
];
for (const [what, change] of BAD) {
  test(`parseTrustAnchors() refuses ${what}`, (t) => {
    t.like(
      t.throws(() => parseTrustAnchors(encode(change(good)))),
      { code: 'trust-anchors-malformed' },
    );
  });
}

test('parseTrustAnchors() answers any bytes with a code', (t) => {
  const refuses = (bytes: Uint8Array): boolean => {
    try {
      parseTrustAnchors(bytes);
    } catch (error) {
      return error instanceof CodedError;
    }
    return true;
  };
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((json) => new TextEncoder().encode(json)),
      ),
      refuses,
    ),
  );
  t.true(refuses(new Uint8Array(70_000)));
});
