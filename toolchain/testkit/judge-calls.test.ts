import test from 'ava';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { judgeCalls } from './judge-calls.ts';
import type { MatrixRow } from './matrix.ts';
import { namedChecks } from './matrix.ts';
import type { Stop } from './probe-call.ts';
import type { NumberedCall } from './probe-component.ts';
import { probeLine, readProbeLine } from './probe-words.ts';

const STOP: Stop = { error: 'access-denied', layer: 'broker', check: 'grant:gpio.open-input' };
const about = { t: 0, app: 'probe', componentId: 'c' } as const;
const said = (code: number): DeviceEvent => ({ ...about, kind: 'log', message: probeLine({ call: 0, code }) });
const denied = (layer: 'broker' | 'firewall'): DeviceEvent => {
  const call = {
    interface: 'casemate:device/gpio',
    function: 'open-input',
    resource: 'gpio:9',
    error: 'access-denied',
  };
  return { ...about, kind: 'denied', ...call, layer };
};

function judge(events: readonly DeviceEvent[], stop: Stop | undefined): MatrixRow | undefined {
  const call: NumberedCall = {
    number: 0,
    function: 'gpio.open-input',
    resource: 'gpio:9',
    granted: stop === undefined,
    scene: 'alone',
    sayable: 'guest',
    before: [],
    call: { function: 'gpio.open-input', pin: 9 },
    ...(stop && { stop }),
  };
  return judgeCalls('shipped', [call], events, (each) => each.stop)[0];
}

const TABLE: readonly (readonly [
  what: string,
  events: readonly DeviceEvent[],
  stop: Stop | undefined,
  pass: boolean,
])[] = [
  ['a granted call that succeeds', [said(0)], undefined, true],
  ['a granted call that is denied', [denied('broker'), said(1)], undefined, false],
  ['a denied call that its layer denies', [denied('broker'), said(1)], STOP, true],
  // The check in front of it is gone, and something else still stands: the kit must see that.
  ['a denied call that another layer denies', [denied('firewall'), said(1)], STOP, false],
  ['a denied call with another error', [denied('broker'), said(2)], STOP, false],
  ['a denied call that succeeds', [said(0)], STOP, false],
  ['a call that nobody heard of', [], STOP, false],
  ['a call whose preparation failed', [said(99)], STOP, false],
];
for (const [what, events, stop, pass] of TABLE) {
  test(`judgeCalls() ${pass ? 'passes' : 'fails'} ${what}`, (t) => {
    const row = judge(events, stop);
    t.is(row?.pass, pass);
    if (!pass && row !== undefined) t.deepEqual(namedChecks([row]), [stop?.check ?? 'a granted call']);
  });
}

test('readProbeLine() reads what probeLine() writes, and nothing else', (t) => {
  t.deepEqual(readProbeLine(probeLine({ call: 1234, code: 7 })), { call: 1234, code: 7 });
  for (const line of ['kit end 00', 'kit 12 03', 'kit 0012 03 ', ' kit 0012 03', ''])
    t.is(readProbeLine(line), undefined);
});
