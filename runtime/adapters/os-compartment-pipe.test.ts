// The OS's ends of a real pipe pair: what goes through, and what a compartment that does not read can do.

import { readSync, writeSync } from 'node:fs';
import test from 'ava';
import { REPLIES_KEPT_MAX_BYTES, openCompartmentPipe } from './os-compartment-pipe.ts';
import { PipePairs } from './pipe-pairs.ts';

function bench() {
  const pairs = new PipePairs(1);
  const [osEnds] = pairs.osEnds();
  if (osEnds === undefined) throw new Error('no pair');
  return { pipe: openCompartmentPipe(osEnds.requests, osEnds.replies), app: pairs.appEnds(1) };
}

test('bytes go through both ways, and without a listener they go nowhere', async (t) => {
  const { pipe, app } = bench();
  const received: number[] = [];
  const gotOne = new Promise<void>((resolve) =>
    pipe.onBytes((bytes) => {
      received.push(...bytes);
      resolve();
    }),
  );
  writeSync(app.requests, Uint8Array.of(1, 2, 3));
  await gotOne;
  t.deepEqual(received, [1, 2, 3]);
  pipe.onBytes(undefined);
  writeSync(app.requests, Uint8Array.of(4));
  t.true(pipe.send(Uint8Array.of(5, 6)));
  const reply = new Uint8Array(8);
  t.is(readSync(app.replies, reply), 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(received, [1, 2, 3]);
});

test('an app that does not read is told by false after a bounded number of bytes, and never blocks the OS', (t) => {
  const { pipe } = bench();
  const frame = new Uint8Array(1000);
  let sent = 0;
  while (pipe.send(frame) && sent < 1000) sent++;
  // The pipe's own buffer is 64 KiB on Linux and may be 16 KiB elsewhere.
  t.true(sent * 1000 <= REPLIES_KEPT_MAX_BYTES + 64 * 1024 && sent * 1000 >= REPLIES_KEPT_MAX_BYTES);
  pipe.reset();
  t.true(pipe.send(frame), 'what was kept for an app that is gone is forgotten');
});

test('what did not fit arrives in order as soon as the app reads', async (t) => {
  const { pipe, app } = bench();
  const total = 100;
  for (let number = 0; number < total; number++) t.true(pipe.send(new Uint8Array(1000).fill(number)));
  const arrived: number[] = [];
  const scratch = new Uint8Array(16 * 1000);
  while (arrived.length < total * 1000) {
    // A blocking read of the app: only when the OS has had a turn to send what it keeps.
    await new Promise((resolve) => setTimeout(resolve, 15));
    arrived.push(...scratch.subarray(0, readSync(app.replies, scratch)));
  }
  t.true(arrived.every((byte, index) => byte === Math.floor(index / 1000)));
});
