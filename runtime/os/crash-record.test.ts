// What the record of a bad end says, for each way in which an app can end badly.

import test from 'ava';
import { RUNNER_EXIT, encodeLastWords } from '../../contracts/core/last-words.ts';
import type { CrashCause } from '../../contracts/wire/crash-record.ts';
import { CRASH_TEXT_MAX } from '../../contracts/wire/crash-record.ts';
import { REPORT_TEXT_MAX } from '../../contracts/wire/failure-report.ts';
import { BrokerError } from '../../host-apis/broker/broker-error.ts';
import type { AppEnded } from '../monitor/abi/records.ts';
import { appEndOf } from './app-end.ts';
import { crashRecord, crashSummary } from './crash-record.ts';

const ABOUT = { t: 5, app: 'a', componentId: 'c', imageId: 'i', restarts: 2 } as const;
const CALLS = [
  { function: 'gpio.set', resource: 'gpio:8', outcome: 'ok' },
  { function: 'gpio.open-output', resource: 'gpio:9', outcome: 'access-denied' },
] as const;

function recordOf(how: AppEnded['how'], lastWords = '', cutOff?: BrokerError) {
  const ended: AppEnded = { context: 1, how, lastWords };
  return crashRecord({ ...ABOUT, end: appEndOf(ended, cutOff), ended, cutOff, lastCalls: CALLS });
}

const exited = (exitCode: number) => ({ kind: 'exited', exitCode }) as const;
const signal = (number: number) => ({ kind: 'signal', signal: number }) as const;
const trap = (detail: string, kind: 'unreachable' | 'canonical-abi' | 'fuel-exhausted') =>
  encodeLastWords({ kind: 'trap', detail, facts: { trap: kind, fuelUsed: 900n, stack: ['[3] +0x2a main'] } });
const HEAP = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n';

const ENDS: readonly (readonly [
  why: string,
  record: ReturnType<typeof recordOf>,
  cause: CrashCause,
  code: string | null,
])[] = [
  ['a trap', recordOf(exited(RUNNER_EXIT.trap), trap('unreachable', 'unreachable')), 'unreachable', null],
  ['no fuel', recordOf(exited(RUNNER_EXIT.trap), trap('fuel-exhausted: x', 'fuel-exhausted')), 'fuel-exhausted', null],
  [
    'the glue',
    recordOf(exited(RUNNER_EXIT.trap), trap('char-invalid: x', 'canonical-abi')),
    'canonical-abi',
    'char-invalid',
  ],
  ['a trap without facts', recordOf(exited(RUNNER_EXIT.trap), 'casemate trap x\n'), 'engine', null],
  ['a code that is the runner’s, without its words', recordOf(exited(RUNNER_EXIT.trap)), 'exit-code', null],
  ['a refusal', recordOf(exited(RUNNER_EXIT.refused), 'casemate refused memory-64 x\n'), 'refused', 'memory-64'],
  ['an exit code', recordOf(exited(7)), 'exit-code', null],
  ['a signal', recordOf(signal(9)), 'killed', null],
  ['the runner’s heap', recordOf(signal(6), HEAP), 'runner-heap-exhausted', null],
  ['the runner’s heap inside a wall', recordOf(exited(134), HEAP), 'runner-heap-exhausted', null],
  ['another abort', recordOf(signal(6), 'FATAL ERROR: something else\n'), 'killed', null],
  ['a broken protocol', recordOf(signal(9), '', new BrokerError('protocol-error', 'x')), 'cut-off', 'protocol-error'],
  [
    'replies that nobody takes',
    recordOf(signal(9), '', new BrokerError('reply-not-taken', 'x')),
    'over-limit',
    'reply-not-taken',
  ],
];
for (const [why, record, cause, code] of ENDS) {
  test(`crashRecord() of ${why} says ${cause}`, (t) => {
    t.like(record, { ...ABOUT, cause, code, lastCalls: CALLS });
  });
}

test('crashRecord() has the stack, the fuel and how the process ended', (t) => {
  const record = recordOf(exited(RUNNER_EXIT.trap), trap('unreachable', 'unreachable'));
  t.like(record, { stack: ['[3] +0x2a main'], fuelUsed: 900, exitCode: RUNNER_EXIT.trap, signal: null });
  t.like(recordOf(signal(11)), { stack: [], fuelUsed: null, exitCode: null, signal: 11 });
});

test('crashRecord() lets nothing through that is not printable, and not more than its bounds', (t) => {
  const ended: AppEnded = {
    context: 1,
    how: exited(RUNNER_EXIT.trap),
    lastWords: `casemate trap \u001b]0;x\u0007${'é'.repeat(3000)}\n`,
  };
  const lastCalls = [{ function: 'gpio.set', resource: `host:\u001b[2J${'x'.repeat(999)}`, outcome: 'ok' }] as const;
  const record = crashRecord({ ...ABOUT, end: appEndOf(ended, undefined), ended, cutOff: undefined, lastCalls });
  for (const text of [record.detail, record.lastCalls[0]?.resource ?? '']) {
    t.regex(text, /^[\x20-\x7e]+$/);
    t.true(text.length <= CRASH_TEXT_MAX);
  }
});

test('crashSummary() fits a failure report and says why, where and what was called last', (t) => {
  const record = recordOf(exited(RUNNER_EXIT.trap), trap('unreachable', 'unreachable'));
  t.is(
    crashSummary(record),
    'unreachable; exit code 254; at [3] +0x2a main; fuel 900; last call gpio.open-output gpio:9 access-denied',
  );
  const long = crashSummary({
    ...record,
    stack: Array.from({ length: 3 }, () => 'f'.repeat(80)),
    code: 'c'.repeat(60),
  });
  t.true(long.length <= REPORT_TEXT_MAX);
});
