import test from 'ava';
import type { JournalEntry } from './journal.ts';
import { JOURNAL_KEPT, JOURNAL_REFUSED_KEPT, JournalFeed } from './journal.ts';

const entry = (text: string) =>
  ({ kind: 'image-added', catalogId: null, deviceId: null, code: null, text }) as const satisfies Omit<
    JournalEntry,
    'at'
  >;

test('a feed keeps the newest entries, the oldest first, with the time of each', (t) => {
  const feed = new JournalFeed({ nowMs: () => 0 });
  for (let index = 0; index < JOURNAL_KEPT + 2; index++) feed.record(entry(String(index)));
  const kept = feed.recent();
  t.is(kept.length, JOURNAL_KEPT);
  t.deepEqual([kept[0]?.text, kept.at(-1)?.text], ['2', String(JOURNAL_KEPT + 1)]);
  t.is(kept[0]?.at, '1970-01-01T00:00:00.000Z');
});

test('a listener hears what comes until it ends, and no text is without bound', (t) => {
  const feed = new JournalFeed({ nowMs: () => 0 });
  const heard: string[] = [];
  const end = feed.onEntry(({ text }) => heard.push(text));
  feed.record(entry('x'.repeat(10_000)));
  end();
  feed.record(entry('later'));
  t.deepEqual(heard, ['x'.repeat(500)]);
});

test('refusals, which any stranger can have, do not push out what has happened', (t) => {
  const feed = new JournalFeed({ nowMs: () => 0 });
  for (let index = 0; index < 10; index++) feed.record(entry(String(index)));
  for (let index = 0; index < JOURNAL_KEPT * 2; index++) {
    feed.record({ ...entry(`refused ${index}`), kind: 'device-refused', code: 'device-unknown' });
  }
  const kept = feed.recent();
  t.is(kept.length, 10 + JOURNAL_REFUSED_KEPT);
  t.deepEqual(
    kept.slice(0, 10).map(({ text }) => text),
    Array.from({ length: 10 }, (_, index) => String(index)),
  );
  t.is(kept.at(-1)?.text, `refused ${JOURNAL_KEPT * 2 - 1}`);
});

test('what is shown cannot steer a terminal or turn its reading direction, and stays short as JSON', (t) => {
  const feed = new JournalFeed({ nowMs: () => 0 });
  const told = ['\u001b[31mred\r\n', 'a\u202eb', '\ud800', '\u0000'.repeat(500), 'Größe 😀'];
  for (const text of told) feed.record(entry(text));
  const texts = feed.recent().map(({ text }) => text);
  t.deepEqual(texts, ['?[31mred?\n', 'a?b', '?', '?'.repeat(500), 'Größe 😀']);
});
