import test from 'ava';
import type { BenchEvent } from './bench.ts';
import { EventOrder } from './virtual-run.ts';

const log = (t: number, message: string): BenchEvent => ({ t, kind: 'log', app: 'a', componentId: '', message });
const pin = (t: number, by: 'chip' | 'world'): BenchEvent => ({ t, kind: 'pin', pin: 8, name: null, level: 0, by });
const press = (t: number): BenchEvent => ({ t, kind: 'press', pin: 12, name: null });
const started: BenchEvent = { t: 0, kind: 'started', app: 'a', componentId: '', context: 1 };

function told(events: readonly BenchEvent[], beforeMs: number): readonly BenchEvent[] {
  const all: BenchEvent[] = [];
  const order = new EventOrder((event) => all.push(event));
  for (const event of events) order.add(event);
  order.release(beforeMs);
  return all;
}

test('events come by time; of one moment the world’s, the device’s, and the edges that it made', (t) => {
  const inOrder = [
    started,
    log(0, 'first'),
    pin(0, 'chip'),
    press(5),
    pin(5, 'world'),
    log(5, 'a'),
    log(5, 'b'),
    pin(5, 'chip'),
  ];
  const [, , , , , , , lastPin] = inOrder;
  if (lastPin === undefined) return t.fail();
  // Device and world speak over two cables: any mix of the two may arrive.
  const device = inOrder.filter(({ kind }) => kind === 'log' || kind === 'started');
  const world = inOrder.filter(({ kind }) => kind === 'pin' || kind === 'press');
  t.deepEqual(told([...device, ...world], 10), inOrder);
  t.deepEqual(told([started, ...world, ...device.slice(1)], 10), inOrder);
});

test('what is of the moment itself is held back until it is complete', (t) => {
  t.deepEqual(told([started, log(4, 'in time'), log(5, 'may not be the last')], 5), [started, log(4, 'in time')]);
});

test('what the device told before an app started is left out, a finger on a button is not', (t) => {
  t.deepEqual(told([log(0, 'earlier'), press(0), started], 1), [press(0), started]);
});
