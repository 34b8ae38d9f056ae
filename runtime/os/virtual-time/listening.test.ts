import test from 'ava';
import { settled } from '../../../test/support/virtual-time.ts';
import { NotedPipe } from '../../../test/support/scripted-monitor.ts';
import type { ServiceNetwork } from '../service-port.ts';
import type { ChannelEar } from './listening.ts';
import { CountedNetwork, HeardPipes, heardBus, heardSecureCalls } from './listening.ts';

const bytes = (value: number): Uint8Array => Uint8Array.of(value);

function channelOf(heard: typeof heardBus, ear: () => ChannelEar | undefined) {
  const order: string[] = [];
  let deliver: (bytes: Uint8Array) => void = () => undefined;
  const channel = heard(
    { send: (sent) => order.push(`sent ${sent[0]}`), onBytes: (listener) => void (deliver = listener) },
    ear,
  );
  channel.onBytes((got) => order.push(`got ${got[0]}`));
  return { channel, order, deliver: (value: number) => deliver(bytes(value)) };
}

for (const heard of [heardBus, heardSecureCalls]) {
  test(`${heard.name}() without an ear passes everything on as it is, at once`, (t) => {
    const { channel, order, deliver } = channelOf(heard, () => undefined);
    channel.send(bytes(1));
    deliver(2);
    t.deepEqual(order, ['sent 1', 'got 2']);
  });

  test(`${heard.name}() tells the ear when whoever listens has taken what came`, (t) => {
    const ear = { touched: () => void order.push('touched'), told: Promise.resolve() };
    const { order, deliver } = channelOf(heard, () => ear);
    deliver(3);
    t.deepEqual(order, ['got 3', 'touched']);
  });
}

test('a secure call waits until the chip’s clock is where time is, and the next one does not overtake it', async (t) => {
  const told = Promise.withResolvers<void>();
  const answers = [told.promise, Promise.resolve()];
  const ear = (): ChannelEar => ({ touched: () => undefined, told: answers.shift() ?? Promise.resolve() });
  const { channel, order } = channelOf(heardSecureCalls, ear);
  channel.send(bytes(1));
  channel.send(bytes(2));
  await settled();
  t.deepEqual(order, []);
  told.resolve();
  await settled();
  t.deepEqual(order, ['sent 1', 'sent 2']);
});

test('while there is no room for what an app causes, its next bytes wait, in their order', (t) => {
  const pipe = new NotedPipe();
  let hasRoom = true;
  const pipes = new HeardPipes(() => pipe, { touched: () => undefined, hasRoom: () => hasRoom });
  const got: number[] = [];
  pipes.pipeOf(1)?.onBytes((chunk) => got.push(chunk[0] ?? -1));
  pipe.feed(bytes(1));
  hasRoom = false;
  pipe.feed(bytes(2));
  pipe.feed(bytes(3));
  pipes.deliverHeld();
  t.deepEqual(got, [1]);
  hasRoom = true;
  pipe.feed(bytes(4));
  t.deepEqual(got, [1]);
  pipes.deliverHeld();
  t.deepEqual(got, [1, 2, 3, 4]);
});

test('bytes that waited for an app that is gone reach nobody', (t) => {
  const pipe = new NotedPipe();
  let hasRoom = false;
  const pipes = new HeardPipes(() => pipe, { touched: () => undefined, hasRoom: () => hasRoom });
  const heard = pipes.pipeOf(1);
  const got: number[] = [];
  heard?.onBytes((chunk) => got.push(chunk[0] ?? -1));
  pipe.feed(bytes(1));
  heard?.onBytes(undefined);
  hasRoom = true;
  pipes.deliverHeld();
  t.deepEqual(got, []);
});

test('CountedNetwork counts what is under way, also when it fails', async (t) => {
  const answer = Promise.withResolvers<never>();
  let touches = 0;
  const network = new CountedNetwork({ request: () => answer.promise }, () => touches++);
  const [address, trust, request] = [{}, {}, {}] as unknown as Parameters<ServiceNetwork['request']>;
  const asked = network.request(address, trust, request);
  t.is(network.pending, 1);
  answer.reject(new Error('cut off'));
  await t.throwsAsync(asked);
  t.is(network.pending, 0);
  t.is(touches, 1);
});
