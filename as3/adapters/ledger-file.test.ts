import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { LedgerEntry } from '../domain/ledger.ts';
import { LedgerFile } from './ledger-file.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-ledger-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const folder = (): string => mkdtempSync(join(base, 'f-'));
const entry = (fill: string): LedgerEntry => ({
  entry: 'measurement',
  type: 'engine',
  digest: fill.repeat(64),
  version: 'v1',
});

test('entries come back, each once, also to a reader that was there before', async (t) => {
  const place = folder();
  const [writer, reader] = [new LedgerFile(place), new LedgerFile(place)];
  t.deepEqual(await reader.entries(), []);
  await writer.add(entry('a'));
  t.deepEqual(await reader.entries(), [entry('a')]);
  await writer.add(entry('b'));
  await writer.add(entry('a'));
  t.deepEqual(await reader.entries(), [entry('a'), entry('b')]);
});

test('a line that the power cut off is not there, and the next one is whole', async (t) => {
  const place = folder();
  await new LedgerFile(place).add(entry('a'));
  appendFileSync(join(place, 'ledger.jsonl'), '{"entry":"measurement","type":"engine","dig');
  t.deepEqual(await new LedgerFile(place).entries(), [entry('a')]);
  await new LedgerFile(place).add(entry('b'));
  t.deepEqual(await new LedgerFile(place).entries(), [entry('a'), entry('b')]);
  t.is(readFileSync(join(place, 'ledger.jsonl'), 'utf8').split('\n').length, 3);
});

for (const line of [
  '',
  'no JSON',
  '[]',
  '{}',
  '{"entry":"image"}',
  JSON.stringify({ ...entry('a'), digest: 'A'.repeat(64) }),
]) {
  test(`a ledger with the line ${line} is refused`, async (t) => {
    const place = folder();
    writeFileSync(join(place, 'ledger.jsonl'), `${line}\n`);
    t.like(await t.throwsAsync(new LedgerFile(place).entries()), { code: 'authority-file-malformed' });
  });
}
