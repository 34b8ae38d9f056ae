import test from 'ava';
import { BudgetLine } from './app-budget.ts';
import { AppEnd, brokerBench } from '../../test/support/broker-bench.ts';

test('a budget line gives out up to its limit, takes nothing beyond it, and remembers the most', (t) => {
  const line = new BudgetLine(10);
  t.true(line.take(7));
  t.false(line.take(4));
  t.is(line.used, 7);
  t.true(line.take(3));
  line.give(10);
  t.deepEqual([line.used, line.peak, line.limit], [0, 10, 10]);
});

test("a session's budget counts handles that are open, and the most that were", async (t) => {
  const { broker } = brokerBench();
  const app = new AppEnd(broker);
  const first = await app.open({ function: 'timers.create' });
  await app.open({ function: 'timers.create' });
  await app.call({ function: 'handle.close', handle: first });
  const { used, peak, limit } = app.session.budget.handles;
  t.deepEqual([used, peak, limit], [1, 2, 64]);
});

test('a session that is over has given every handle back', async (t) => {
  const { broker } = brokerBench();
  const app = new AppEnd(broker);
  await app.open({ function: 'timers.create' });
  await app.session.ended();
  t.is(app.session.budget.handles.used, 0);
});

test("a session's budget has the bytes that went to the log in this window, and the most of any", async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  await app.call({ function: 'log.write', message: 'twelve bytes' });
  t.is(app.session.budget.log.used, 12);
  await time.advance(2_000_000_000n);
  await app.call({ function: 'log.write', message: 'four' });
  t.deepEqual([app.session.budget.log.used, app.session.budget.log.peak], [4, 12]);
});

test('what the runner tells of its memory stands in the budget', async (t) => {
  const { broker } = brokerBench();
  const app = new AppEnd(broker);
  await app.call({ function: 'usage.tell', memoryBytes: 131_072, tableEntries: 3 });
  await app.call({ function: 'usage.tell', memoryBytes: 65_536, tableEntries: 1 });
  const { memory, tables } = app.session.budget;
  t.deepEqual([memory.used, memory.peak, tables.used, tables.peak], [65_536, 131_072, 1, 3]);
});
