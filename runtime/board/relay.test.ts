import test from 'ava';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { relayEnd } from '../adapters/relay-end.ts';
import { joinEnds } from './relay.ts';

function bench() {
  const [os, osInner] = duplexPair({ highWaterMark: 1024 });
  const [air, airInner] = duplexPair({ highWaterMark: 1024 });
  joinEnds(relayEnd(osInner), relayEnd(airInner));
  return { os, air };
}

const next = (stream: Duplex) => new Promise<Buffer>((resolve) => stream.once('data', resolve));
const ended = (stream: Duplex) => new Promise<void>((resolve) => stream.once('end', () => resolve()));

test('what comes in at one end goes out at the other, both ways', async (t) => {
  const { os, air } = bench();
  os.write('from the OS');
  t.is((await next(air)).toString(), 'from the OS');
  air.write('from the air');
  t.is((await next(os)).toString(), 'from the air');
});

for (const flooder of ['os', 'air'] as const) {
  test(`when the other end takes nothing, a flood from the ${flooder} waits at its source, and then comes through whole`, async (t) => {
    const { os, air } = bench();
    const [from, to] = flooder === 'os' ? [os, air] : [air, os];
    let accepted = 0;
    const flood = (): void => {
      while (accepted < 1000 && from.write(Buffer.alloc(512, accepted % 251))) accepted += 1;
    };
    from.on('drain', flood);
    flood();
    await sleep(20);
    t.true(accepted < 20, `${accepted} of 1000 chunks were taken`);
    let received = 0;
    to.on('data', (chunk: Buffer) => (received += chunk.length));
    // The drain after each chunk lets the next one in; each round that wrote into a full buffer wrote one more than it counted.
    while (accepted < 1000) await sleep(1);
    while (received < 512 * 1000) await sleep(1);
    t.true(received >= 512 * 1000);
  });
}

test('an end that closes closes the other', async (t) => {
  for (const first of ['os', 'air'] as const) {
    const { os, air } = bench();
    const other = ended(first === 'os' ? air : os);
    (first === 'os' ? os : air).destroy();
    (first === 'os' ? air : os).resume();
    await other;
  }
  t.pass('both were told');
});

test('an end that was closed before it is joined closes the other', async (t) => {
  const [, osInner] = duplexPair();
  const [air, airInner] = duplexPair();
  osInner.destroy();
  await new Promise((resolve) => osInner.once('close', resolve));
  air.resume();
  const told = ended(air);
  joinEnds(relayEnd(osInner), relayEnd(airInner));
  await told;
  t.pass('a boot that ended while its radio was being plugged in leaves no link behind');
});
