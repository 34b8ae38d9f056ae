// A device that is never switched off and updated every day: its measurement log fills, and it must not end there.

import test from 'ava';
import { MEASUREMENT_LOG_MAX_LINES } from '../../../contracts/core/limits.ts';
import type { Measurement } from '../../../contracts/core/measurement.ts';
import type { UpdateOutcome } from '../../../contracts/wire/device-link.ts';
import {
  BootBench,
  COMPONENT,
  appImage,
  benchKeys,
  signedStages,
  stageParts,
} from '../../../test/support/boot-bench.ts';
import type { RequestOf, SecureCalls } from '../secure-calls.ts';
import type { SecureCall } from '../../monitor/abi/secure-call.ts';
import type { SecureResults } from '../../monitor/abi/codec.ts';
import { LOG_ROOM_MIN_LINES, restartForLogRoom } from './log-room.ts';

const outcome = (what: UpdateOutcome['outcome']): UpdateOutcome => ({
  outcome: what,
  deploymentId: null,
  installed: [],
  refused: [],
});

/** The real monitor, for the two calls that are made. */
function monitorOf(bench: BootBench): SecureCalls {
  return {
    async call<Call extends SecureCall>({ call }: RequestOf<Call>): Promise<SecureResults[Call]> {
      const result: unknown = bench.call({ call: call === 'reset' ? 'reset' : 'measurements' });
      return result as SecureResults[Call];
    },
  };
}

test('an app that is updated more often than the log has lines still runs', async (t) => {
  const keys = benchKeys();
  const bench = new BootBench(keys, signedStages(stageParts(keys), keys.platform));
  await bench.boot();
  bench.claim();
  let flushed = 0;
  const parts = { monitor: monitorOf(bench), flush: async () => void flushed++ };
  for (let version = 1; version <= MEASUREMENT_LOG_MAX_LINES + 20; version++) {
    const image = appImage({ key: keys.service, rollbackIndex: version, code: `app ${version}` });
    t.like(bench.install(image), { rollbackIndex: version });
    const resets = bench.resets.length;
    t.like(bench.call({ call: 'launch', componentId: COMPONENT.app }), { context: 1 }, `version ${version}`);
    await restartForLogRoom(parts, outcome('installed'));
    if (bench.resets.length > resets) await bench.boot();
    else bench.call({ call: 'stop', context: 1 });
  }
  t.is(bench.resets.length, 1);
  t.is(flushed, 1);
});

const lines = (count: number): SecureCalls & { readonly asked: string[] } => {
  const asked: string[] = [];
  const line: Measurement = {
    stage: 'app',
    digest: new Uint8Array(32),
    rollbackIndex: 1,
    name: 'x',
  };
  return {
    asked,
    async call<Call extends SecureCall>({ call }: RequestOf<Call>): Promise<SecureResults[Call]> {
      asked.push(call);
      const result: unknown = call === 'measurements' ? Array.from({ length: count }, () => line) : undefined;
      return result as SecureResults[Call];
    },
  };
};

for (const { why, count, what, isReset } of [
  {
    why: 'with room for a deployment',
    count: MEASUREMENT_LOG_MAX_LINES - LOG_ROOM_MIN_LINES,
    what: 'installed',
    isReset: false,
  },
  {
    why: 'with room for less',
    count: MEASUREMENT_LOG_MAX_LINES - LOG_ROOM_MIN_LINES + 1,
    what: 'up-to-date',
    isReset: true,
  },
  { why: 'of a developer', count: MEASUREMENT_LOG_MAX_LINES, what: 'development', isReset: false },
] as const) {
  test(`a device ${why}: ${isReset ? 'restarted' : 'left alone'}`, async (t) => {
    const monitor = lines(count);
    await restartForLogRoom({ monitor, flush: () => Promise.resolve() }, outcome(what));
    t.is(monitor.asked.includes('reset'), isReset);
  });
}
