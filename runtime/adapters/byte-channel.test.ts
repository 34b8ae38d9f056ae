import test from 'ava';
import { Duplex } from 'node:stream';
import { byteChannel } from './byte-channel.ts';

/** A stream whose other end takes nothing until it is told to. */
function slowStream() {
  const taken: Buffer[] = [];
  let take: () => void = () => undefined;
  const stream = new Duplex({
    writableHighWaterMark: 8,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      take = () => {
        taken.push(chunk);
        done();
      };
    },
  });
  return { stream, taken, take: () => take() };
}

test('while the other end takes nothing, nothing more is read from it', async (t) => {
  const { stream, take } = slowStream();
  const channel = byteChannel(stream);
  channel.onBytes(() => channel.send(new Uint8Array(16)));
  stream.push(Buffer.from([1]));
  await new Promise((resolve) => stream.once('pause', resolve));
  t.true(stream.isPaused());
  const resumed = new Promise((resolve) => stream.once('resume', resolve));
  take();
  await resumed;
  t.false(stream.isPaused());
});

test('sending to an end that is gone does nothing', (t) => {
  const { stream } = slowStream();
  const channel = byteChannel(stream);
  stream.destroy();
  t.notThrows(() => channel.send(Uint8Array.of(1)));
});
