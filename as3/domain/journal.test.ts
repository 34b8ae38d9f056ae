import test from 'ava';
import type { JournalEntry } from './journal.ts';
import { JOURNAL_KEPT, JournalFeed } from './journal.ts';

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
