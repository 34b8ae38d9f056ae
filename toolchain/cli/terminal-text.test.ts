// An app writes what it likes into its log, its name and its trap: none of it may steer the terminal of who looks.

import test from 'ava';
import fc from 'fast-check';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { eventText } from './event-text.ts';
import { Outcome } from './outcome.ts';
import { table } from './table.ts';
import { terminalLine, terminalText } from './terminal-text.ts';

/** Written anew on purpose: the code's own list would agree with itself. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const STEERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const HOSTILE: readonly (readonly [string, string])[] = [
  ['clears the screen', '\u001b[2Jx'],
  ['sets the window title', '\u001b]0;owned\u0007'],
  ['uses the one-byte form of ESC [', '\u009b31m'],
  ['forges a line of its own', 'x\n    1.000  DENIED by the broker'],
  ['writes over its line', 'x\r    1.000  blink started'],
  ['takes back what stood before', 'x\b\b\b\u007f'],
  ['ends the line with Unicode’s own characters', 'x\u2028y\u2029z'],
  ['turns the direction of writing', '\u202edetrats\u2066\u061c\u200f'],
];
const COMPONENT = '00000000-0000-4000-8000-00000000000a';

/** Every event that carries words of an app. */
function eventsWith(words: string): readonly DeviceEvent[] {
  const app = { t: 1, app: words, componentId: COMPONENT };
  const lastEnd = { reason: 'trap', exitCode: null, detail: words } as const;
  const call = { interface: words, function: words, resource: words, error: words } as const;
  return [
    { ...app, kind: 'log', message: words },
    { ...app, kind: 'denied', ...call, layer: 'broker' },
    { ...app, kind: 'started', context: 1 },
    { ...app, kind: 'exit', code: 1, reason: 'exit' },
    { ...app, kind: 'trap', detail: words },
    { ...app, kind: 'limit', limit: words, used: 1, allowed: 1 },
    { ...app, kind: 'failure', restarts: 4, lastEnd },
    { ...app, kind: 'update', imageId: words, outcome: words },
    { t: 1, kind: 'service', state: 'refused', code: words },
    { t: 1, kind: 'violation', master: words, context: 1, region: words, address: 1, access: words },
  ];
}

for (const [what, words] of HOSTILE) {
  test(`an app that ${what} steers nothing, in no event and in no table`, (t) => {
    t.true(STEERS.test(words), 'the attack is one');
    for (const event of eventsWith(words)) t.notRegex(eventText(event), STEERS, event.kind);
    t.notRegex(table(undefined, [[words, 'x']]), STEERS);
  });

  test(`an app that ${what} is told to programs exactly, to people escaped`, (t) => {
    const written = { json: '', text: '', errors: '' };
    const json = new Outcome({
      json: true,
      stdout: (text) => (written.json += text),
      stderr: t.fail,
      isTerminal: true,
    });
    json.result({ words }, () => words);
    t.deepEqual(JSON.parse(written.json), { words });
    const people = new Outcome({
      json: false,
      stdout: (text) => (written.text += text),
      stderr: (text) => (written.errors += text),
      isTerminal: true,
    });
    people.result({ words }, () => words);
    people.progress(words);
    people.error(new Error(words));
    t.notRegex((written.text + written.errors).replaceAll('\n', ''), STEERS);
  });
}

test('whatever the words, what is shown of them steers nothing, and plain words stay as they are', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (words) => !STEERS.test(terminalLine(words))));
  for (const plain of ['grün 🔒 日本語', 'a\\b', '']) t.is(terminalLine(plain), plain);
  t.is(terminalText('a\n\tb\r'), 'a\n\tb\\u000d');
});

test('a table without any row says that it has none, and looks like no row that was cut off', (t) => {
  t.is(table(['NAME', 'SIZE'], []), 'NAME    SIZE\n(none)');
  t.is(table(undefined, []), '');
});

test('the line feed that ends a message of Log_Debug is no character of it', (t) => {
  t.is(
    eventText({ t: 1000, kind: 'log', app: 'blink', componentId: COMPONENT, message: 'on\n' }),
    '    1.000  [blink] on',
  );
});
