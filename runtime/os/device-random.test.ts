import test from 'ava';
import { ScriptedMonitor } from '../../test/support/scripted-monitor.ts';
import type { RequestOf } from './secure-calls.ts';
import { DeviceRandom } from './device-random.ts';

test('as many bytes as were asked for, in parts that the monitor gives, none of them made here', async (t) => {
  const monitor = new ScriptedMonitor();
  const asked: number[] = [];
  let next = 0;
  monitor.call = (request) => {
    const { length } = request as RequestOf<'random'>;
    asked.push(length);
    return Promise.resolve(Uint8Array.from({ length }, () => next++)) as never;
  };
  const random = new DeviceRandom(monitor);
  t.deepEqual(await random.bytes(3), Uint8Array.of(0, 1, 2));
  t.deepEqual(await random.bytes(0), new Uint8Array(0));
  t.is((await random.bytes(40_000)).length, 40_000);
  t.deepEqual(asked, [3, 32_768, 7_232]);
});
