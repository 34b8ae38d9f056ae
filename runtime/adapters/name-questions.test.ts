import test from 'ava';
import type { IpBytes } from '../../contracts/core/ip-address.ts';
import { NAMES_AT_ONCE, NAMES_WAITING_MAX, NameQuestions } from './name-questions.ts';

/** A resolver that answers when it is told to. */
function bench() {
  const asked: string[] = [];
  const answers: ((addresses: readonly IpBytes[]) => void)[] = [];
  const questions = new NameQuestions((name, found) => {
    asked.push(name);
    answers.push(found);
  });
  const told: string[] = [];
  const ask = (name: string, who = name): (() => void) =>
    questions.ask(name, (addresses) => told.push(`${who} ${addresses.length}`));
  return { asked, answers, told, ask };
}
const ONE = [Uint8Array.of(10, 0, 0, 1)];

test('whoever asks and gives up again and again has one question under way, and its answer is told to who still wants it', (t) => {
  const { asked, answers, told, ask } = bench();
  for (let n = 0; n < 10_000; n++) ask('slow.example')();
  ask('slow.example', 'first');
  ask('slow.example', 'second');
  t.deepEqual(asked, ['slow.example']);
  answers[0]?.(ONE);
  t.deepEqual(told, ['first 1', 'second 1']);
  ask('slow.example');
  t.is(asked.length, 2, 'nothing is kept for a later question');
});

test('slow names leave the resolver room for the service, and the others wait in their order', (t) => {
  const { asked, answers, told, ask } = bench();
  for (let n = 0; n <= NAMES_AT_ONCE; n++) ask(`${n}.example`);
  ask('last.example');
  t.is(asked.length, NAMES_AT_ONCE);
  answers[0]?.([]);
  answers[1]?.(ONE);
  t.deepEqual(told, ['0.example 0', '1.example 1']);
  t.deepEqual(asked.slice(NAMES_AT_ONCE), [`${NAMES_AT_ONCE}.example`, 'last.example']);
});

test('one that was given up before it was asked is never asked, and takes no place', (t) => {
  const { asked, answers, ask } = bench();
  for (let n = 0; n < NAMES_AT_ONCE; n++) ask(`${n}.example`);
  for (let n = 0; n < 1000; n++) ask(`gone-${n}.example`)();
  ask('next.example');
  answers[0]?.([]);
  t.is(asked.at(-1), 'next.example');
});

test('beyond the bound a name is unknown, but not before whoever asked has its way to give up', async (t) => {
  const { told, ask } = bench();
  for (let n = 0; n < NAMES_AT_ONCE + NAMES_WAITING_MAX; n++) ask(`${n}.example`);
  ask('one-more.example');
  t.deepEqual(told, []);
  await Promise.resolve();
  t.deepEqual(told, ['one-more.example 0']);
  ask('given-up.example')();
  await Promise.resolve();
  t.is(told.length, 1);
});
