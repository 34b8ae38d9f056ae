import test from 'ava';
import type { BenchEvent } from './bench.ts';
import type { CliError } from './outcome.ts';
import { ProgramEnd } from './program-end.ts';

const app = { app: 'a', componentId: '' };
const started: BenchEvent = { t: 0, kind: 'started', ...app, context: 1 };
const exit = (code: number | null, reason: 'exit' | 'trap'): BenchEvent => ({
  t: 1,
  kind: 'exit',
  ...app,
  code,
  reason,
});

test('what comes after the end is told to nobody: the device starts every app again', async (t) => {
  const told: BenchEvent[] = [];
  const program = new ProgramEnd((event) => told.push(event));
  program.tell(started);
  t.is(program.end, undefined);
  program.tell(exit(0, 'exit'));
  program.tell(started);
  program.tell(exit(1, 'exit'));
  await program.over;
  t.deepEqual(told, [started, exit(0, 'exit')]);
  t.notThrows(() => program.requireSuccess());
});

test('a program fails by its code, and by an end without one', (t) => {
  for (const end of [exit(3, 'exit'), exit(null, 'trap')]) {
    const program = new ProgramEnd(() => undefined);
    program.tell(end);
    t.is(t.throws<CliError>(() => program.requireSuccess()).code, 'app-failed');
  }
});

test('a program that was ended from outside has not failed', (t) => {
  t.notThrows(() => new ProgramEnd(() => undefined).requireSuccess());
});
