import test from 'ava';
import { Turns } from './turns.ts';

test('of those that are ready the one with the smallest component id goes first, and alone', (t) => {
  const turns = new Turns();
  const went: string[] = [];
  for (const id of ['b', 'c', 'a']) turns.ready(id, () => went.push(id));
  t.true(turns.isWanted);
  t.true(turns.next());
  t.deepEqual(went, ['a']);
  t.true(turns.isTaken);
  turns.blocked('a');
  t.false(turns.isTaken);
  turns.next();
  turns.blocked('b');
  turns.next();
  t.deepEqual(went, ['a', 'b', 'c']);
  t.false(turns.next());
});

test('who is gone neither computes nor keeps anybody waiting for its turn', (t) => {
  const turns = new Turns();
  const went: string[] = [];
  turns.ready('a', () => went.push('first'));
  turns.next();
  turns.gone('a');
  t.false(turns.isTaken);
  turns.ready('b', () => went.push('at once'));
  turns.gone('b');
  t.deepEqual(went, ['first', 'at once']);
  t.false(turns.isWanted);
});
