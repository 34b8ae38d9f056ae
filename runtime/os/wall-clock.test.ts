import test from 'ava';
import { ScriptedMonitor } from '../../test/support/scripted-monitor.ts';
import { MS, SECOND, VirtualTime } from '../../test/support/virtual-time.ts';
import { WallClock } from './wall-clock.ts';

const FLOOR = 1_700_000_000;

function bench() {
  const time = new VirtualTime(5n * SECOND);
  const facts = { isSet: false, seconds: FLOOR };
  const monitor = new ScriptedMonitor();
  monitor.call = () => Promise.resolve({ ...facts }) as never;
  return { time, facts, clock: new WallClock(monitor, time) };
}
const at = (seconds: number): bigint => BigInt(seconds) * SECOND;

test('before anybody told the time it is the earliest that it can be, carried on from power-on', async (t) => {
  const { time, clock } = bench();
  t.is(await clock.nowNs(), at(FLOOR) + 5n * SECOND);
  await time.advance(90n * SECOND + 7n * MS);
  t.is(await clock.nowNs(), at(FLOOR) + 95n * SECOND + 7n * MS);
});

test('once the service has told it, it is the service’s, with the device’s clock between the seconds', async (t) => {
  const { time, facts, clock } = bench();
  await clock.nowNs();
  Object.assign(facts, { isSet: true, seconds: FLOOR + 1000 });
  t.is(await clock.nowNs(), at(FLOOR + 1000));
  await time.advance(300n * MS);
  t.is(await clock.nowNs(), at(FLOOR + 1000) + 300n * MS);
  await time.advance(SECOND);
  facts.seconds = FLOOR + 1001;
  t.is(await clock.nowNs(), at(FLOOR + 1001) + 300n * MS, 'and never back within it');
});

test('a correction of the service is taken over, forward and back', async (t) => {
  const { facts, clock } = bench();
  for (const seconds of [FLOOR + 1000, FLOOR + 5000, FLOOR + 2000]) {
    Object.assign(facts, { isSet: true, seconds });
    t.is(await clock.nowNs(), at(seconds));
  }
});
