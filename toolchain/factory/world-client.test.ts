import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import type { WorldClient } from './world-client.ts';
import { connectWorld } from './world-client.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-world-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
let count = 0;

/** A world that does `onLine` with every line that it hears. */
async function world(t: ExecutionContext, onLine: (line: string, socket: Socket) => void): Promise<WorldClient> {
  const folder = mkdtempSync(join(base, `${count++}-`));
  const path = join(folder, 'w');
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().trimEnd().split('\n')) onLine(line, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  writeFileSync(join(folder, 'world.addr'), path);
  const client = await connectWorld(folder);
  t.teardown(() => {
    client.close();
    server.close();
  });
  return client;
}

test('commands go out and events come in, also when they come in pieces', async (t) => {
  const told: WorldEvent[] = [
    { kind: 'press', t: 1.5, pin: 12 },
    { kind: 'pin', t: 2, pin: 9, level: null, by: 'chip' },
    { kind: 'refused', t: 3, code: 'no-such-part', message: 'no button on pin 80' },
    { kind: 'radio', t: 4, power: 'off', cutAfterBytes: null, delayMs: 0, hosts: [] },
    { kind: 'radio', t: 5, power: 'on', cutAfterBytes: 9, delayMs: 20, hosts: ['a.example'] },
  ];
  const lines: string[] = [];
  const client = await world(t, (line, socket) => {
    lines.push(line);
    if (lines.length < 3) return;
    const all = Buffer.from(told.map((event) => `${JSON.stringify(event)}\n`).join(''));
    socket.write(all.subarray(0, 7), () => setImmediate(() => socket.write(all.subarray(7))));
  });
  const heard: WorldEvent[] = [];
  const all = Promise.withResolvers<void>();
  client.onEvent((event) => heard.push(event) === told.length && all.resolve());
  client.press(12, 100);
  client.drive(9, null);
  client.radio({ do: 'radio', power: 'off' });
  await all.promise;
  t.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { do: 'press', pin: 12, forMs: 100 },
      { do: 'drive', pin: 9, level: null },
      { do: 'radio', power: 'off' },
    ],
  );
  t.deepEqual(heard, told);
});

const BAD: readonly (readonly [string, string, string])[] = [
  ['no JSON', 'edge\n', 'device-reply-malformed'],
  ['an unknown kind', '{"kind":"rain","t":1}\n', 'device-reply-malformed'],
  ['a level of 2', '{"kind":"pin","t":1,"pin":9,"level":2}\n', 'device-reply-malformed'],
  [
    'a radio that is half on',
    '{"kind":"radio","t":1,"power":"half","cutAfterBytes":null,"delayMs":0}\n',
    'device-reply-malformed',
  ],
  ['a kind of the prototype', '{"kind":"constructor"}\n', 'device-reply-malformed'],
  ['a line that does not end', 'x'.repeat(5000), 'line-too-long'],
];
for (const [what, words, code] of BAD) {
  test(`a world that tells ${what} is left`, async (t) => {
    const client = await world(t, (_, socket) => socket.write(words));
    client.press(12, 1);
    t.like(await client.closed, { code });
    t.like(
      t.throws(() => client.press(12, 1)),
      { code: 'world-link-closed' },
    );
  });
}

test('a listener that throws ends the connection with what it threw, and nothing else', async (t) => {
  const client = await world(t, (_, socket) => socket.write('{"kind":"press","t":1,"pin":12}\n'));
  const fault = new TypeError('a bug of who listens');
  client.onEvent(() => {
    throw fault;
  });
  client.press(12, 1);
  t.is(await client.closed, fault);
});
