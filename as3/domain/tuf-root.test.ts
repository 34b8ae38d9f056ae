import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, MetadataKind } from '@tufjs/models';
import test from 'ava';
import { FileKeyStore } from '../adapters/file-key-store.ts';
import { makeTufRoot } from './tuf-root.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0, 500);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

const folder = mkdtempSync(join(tmpdir(), 'casemate-tuf-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const keys = new FileKeyStore(join(folder, 'keys'));
let text: string;
test.before(async () => {
  await keys.makeMissingKeys();
  text = await makeTufRoot(keys, { nowMs: () => NOW }, sha256);
});

// The oracle is the implementation that sigstore and npm verify with.
test('makeTufRoot() makes a root that verifies itself', (t) => {
  const root = Metadata.fromJSON(MetadataKind.Root, JSON.parse(text));
  t.notThrows(() => root.verifyDelegate('root', root));
  t.is(root.signed.version, 1);
  t.true(root.signed.consistentSnapshot);
});

test('makeTufRoot() gives every role one key of its own', (t) => {
  const { signed } = Metadata.fromJSON(MetadataKind.Root, JSON.parse(text));
  t.deepEqual(Object.keys(signed.roles).sort(), ['root', 'snapshot', 'targets', 'timestamp']);
  const used = Object.values(signed.roles).flatMap(({ keyIDs, threshold }) => {
    t.is(threshold, 1);
    return keyIDs;
  });
  t.is(new Set(used).size, 4);
  t.deepEqual(Object.keys(signed.keys).sort(), used.sort());
});

test('makeTufRoot() ends a year after the clock that it was given', (t) => {
  const { signed } = Metadata.fromJSON(MetadataKind.Root, JSON.parse(text));
  t.is(signed.expires, '2027-11-22T12:00:00Z');
  t.false(signed.isExpired(new Date(NOW)));
});

test('a root with one changed digit does not verify', (t) => {
  const changed = Metadata.fromJSON(MetadataKind.Root, JSON.parse(text.replace('"version": 1', '"version": 2')));
  t.is(changed.signed.version, 2);
  t.throws(() => changed.verifyDelegate('root', changed));
});
