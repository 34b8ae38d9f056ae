import test from 'ava';
import type { Case, Value } from '../../../component/value-types.ts';
import { Refused, WasiGuest } from '../../../test/support/wasi-calls.ts';
import { WasiDevice } from '../../../test/support/wasi-device.ts';
import { BrokerPipe } from '../broker-pipe.ts';
import { ExitRequest } from '../process.ts';
import type { InputStream, OutputStream, Pollable, StreamFault } from './io.ts';
import { ALWAYS_READY, CLOSED } from './io.ts';
import { blockingRead, flushed, writeAll } from './stream-moves.ts';
import { isReady, waitFor } from './wait.ts';
import { RANDOM_AT_ONCE_MAX_BYTES } from './random.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const MS = 1_000_000n;

function guest(device = new WasiDevice()) {
  const app = new WasiGuest(device, { args: ['-v'], environment: [['LANG', 'de']] });
  return { device, app };
}
const clock = 'clocks/monotonic-clock';

test('a duration ends when its time is over, not before, and stays ready', (t) => {
  const { app, device } = guest();
  const before = device.nowNs;
  const pollable = app.call(clock, 'subscribe-duration', 20n * MS);
  t.false(app.call('io/poll', '[method]pollable.ready', pollable));
  app.call('io/poll', '[method]pollable.block', pollable);
  t.is(device.nowNs, before + 20n * MS);
  t.true(app.call('io/poll', '[method]pollable.ready', pollable));
  app.call('io/poll', '[method]pollable.block', pollable);
  t.is(app.call(clock, 'now'), before + 20n * MS);
  t.is(app.call(clock, 'resolution'), 1n);
  t.true(app.call('io/poll', '[method]pollable.ready', app.call(clock, 'subscribe-instant', 1n)));
  const never = app.call(clock, 'subscribe-duration', 2n ** 64n - 1n);
  t.false(app.call('io/poll', '[method]pollable.ready', never));
});

test('poll() answers all that are ready and only those, rising, and waits for the first', (t) => {
  const { app } = guest();
  const at = (ms: bigint): Value => app.call(clock, 'subscribe-duration', ms * MS);
  const [late, soon, same] = [at(50n), at(10n), at(10n)];
  t.deepEqual(app.call('io/poll', 'poll', [late, soon, same, soon]), [1, 2, 3]);
  t.deepEqual(app.call('io/poll', 'poll', [late]), [0]);
  const stdin = app.call('io/streams', '[method]input-stream.subscribe', app.call('cli/stdin', 'get-stdin'));
  t.deepEqual(app.call('io/poll', 'poll', [at(10n), stdin]), [1]);
  t.throws(() => app.call('io/poll', 'poll', []), { code: 'poll-list-empty' });
});

/** Ready when the broker says so of its handle. */
const watched = (handle: number, advance?: () => boolean): Pollable => ({
  readiness: () => ({ kind: 'handle', handle, ...(advance && { advance }) }),
});

function brokerOf(device: WasiDevice): BrokerPipe {
  const pipe = new BrokerPipe(device.broker.streams());
  pipe.awaitStart();
  return pipe;
}

test('waiting mixes handles of the broker, moments and what is ready by itself', (t) => {
  const device = new WasiDevice({ readyAtNs: new Map([[7, 5n * MS]]) });
  const broker = brokerOf(device);
  const moment: Pollable = { readiness: () => ({ kind: 'at', atNs: 9n * MS }) };
  const never: Pollable = { readiness: () => ({ kind: 'never' }) };
  t.deepEqual(waitFor(broker, [moment, watched(7), never]), [1]);
  t.is(device.nowNs, 5n * MS);
  t.deepEqual(waitFor(broker, [moment, watched(8)]), [0]);
  t.is(device.nowNs, 9n * MS);
  // What is always ready must not hide for ever what is ready beside it.
  t.deepEqual(waitFor(broker, [ALWAYS_READY, watched(7), watched(8), moment]), [0, 1, 3]);
  t.false(isReady(broker, watched(8)));
  t.true(isReady(broker, watched(7)));
  t.is(device.nowNs, 9n * MS, 'asking does not wait');
});

test('something that is ready after several waits is waited for again and again', (t) => {
  const broker = brokerOf(new WasiDevice({ readyAtNs: new Map([[7, 5n * MS]]) }));
  let steps = 0;
  t.deepEqual(waitFor(broker, [watched(7, () => ++steps === 3)]), [0]);
  t.is(steps, 3);
});

test('more handles than one wait takes end the guest; the same one twice is one', (t) => {
  const broker = brokerOf(new WasiDevice({ readyAtNs: new Map([[7, 0n]]) }));
  t.throws(
    () =>
      waitFor(
        broker,
        Array.from({ length: 65 }, (_, handle) => watched(handle)),
      ),
    { code: 'poll-list-too-long' },
  );
  t.is(
    (
      waitFor(
        broker,
        Array.from({ length: 65 }, () => watched(7)),
      ) as readonly number[]
    ).length,
    65,
  );
});

/** Gives and takes a few bytes at a time, and is not ready in between. */
class Halting implements InputStream, OutputStream {
  readonly taken: number[] = [];
  #isReady = false;
  #left: number;
  constructor(left: number) {
    this.#left = left;
  }
  read(maxBytes: number): Uint8Array | StreamFault {
    if (this.#left === 0) return CLOSED;
    if (!this.#turn()) return new Uint8Array(0);
    this.#left--;
    return new Uint8Array(Math.min(maxBytes, 1)).fill(this.#left);
  }
  checkWrite(): number {
    return this.#turn() ? 3 : 0;
  }
  write(bytes: Uint8Array): undefined {
    this.taken.push(...bytes);
    this.#isReady = false;
  }
  flush = () => undefined;
  subscribe = () => ALWAYS_READY;
  #turn(): boolean {
    this.#isReady = !this.#isReady;
    return !this.#isReady;
  }
}

test('blocking reads and writes go on until something is done', (t) => {
  const broker = brokerOf(new WasiDevice());
  const stream = new Halting(2);
  t.deepEqual(blockingRead(broker, stream, 9), Uint8Array.of(1));
  t.deepEqual(blockingRead(broker, stream, 9), Uint8Array.of(0));
  t.is(blockingRead(broker, stream, 9), CLOSED);
  t.is(writeAll(broker, stream, Uint8Array.of(1, 2, 3, 4, 5, 6, 7)), undefined);
  t.deepEqual(stream.taken, [1, 2, 3, 4, 5, 6, 7]);
  t.is(flushed(broker, stream), undefined);
});

test('a blocking read in a placement that answers later gives the same', async (t) => {
  const device = new WasiDevice();
  const pipe = brokerOf(device);
  const later = {
    call: (...args: Parameters<BrokerPipe['call']>) => Promise.resolve(pipe.call(...args)),
    tell: () => undefined,
  };
  const slow: Pollable = { readiness: () => ({ kind: 'at', atNs: device.nowNs + MS }) };
  t.deepEqual(await waitFor(later, [slow, ALWAYS_READY]), [1]);
  let turn = 0;
  const stream: InputStream = {
    read: () => Promise.resolve(turn++ < 3 ? new Uint8Array(0) : Uint8Array.of(9)),
    subscribe: () => slow,
  };
  t.deepEqual(await blockingRead(later, stream, 9), Uint8Array.of(9));
});

const out = 'io/streams';
const method = (name: string): string => `[method]output-stream.${name}`;

test('stdout and stderr are lines of the log, however they are cut into writes', (t) => {
  const { app, device } = guest();
  const [stdout, stderr] = [app.call('cli/stdout', 'get-stdout'), app.call('cli/stderr', 'get-stderr')];
  const say = (to: Value, words: string): Value => app.call(out, method('blocking-write-and-flush'), to, text(words));
  say(stdout, 'one');
  say(stderr, 'bad\r\n');
  say(stdout, ' line\ntwo\n\nthree');
  say(app.call('cli/stdout', 'get-stdout'), ' and more');
  t.deepEqual(device.log, ['bad', 'one line', 'two', '']);
  app.finish();
  t.deepEqual(device.log.slice(4), ['three and more']);
  app.finish();
  t.is(device.log.length, 5);
});

test('a line without an end is cut at what the log keeps of one, and nothing of it is lost', (t) => {
  const { app, device } = guest();
  const stdout = app.call('cli/stdout', 'get-stdout');
  for (let n = 0; n < 3; n++)
    app.call(out, method('blocking-write-and-flush'), stdout, new Uint8Array(4000).fill(0x61));
  app.call(out, method('blocking-write-and-flush'), stdout, text('\n'));
  t.deepEqual(
    device.log.map((line) => line.length),
    [4096, 4096, 12_000 - 8192],
  );
  app.call(out, method('blocking-write-and-flush'), stdout, new Uint8Array(4096).fill(0x62));
  app.call(out, method('blocking-write-and-flush'), stdout, text('\n'));
  t.is(device.log.length, 4, 'a line that is just full is one line');
});

test('writing more than check-write allowed ends the guest, also in zeroes', (t) => {
  const { app, device } = guest();
  const stdout = app.call('cli/stdout', 'get-stdout');
  t.throws(() => app.call(out, method('write'), stdout, text('x')), { code: 'write-without-permit' });
  const permit = app.ok(out, method('check-write'), stdout) as bigint;
  t.throws(() => app.call(out, method('write'), stdout, new Uint8Array(Number(permit) + 1)), {
    code: 'write-without-permit',
  });
  app.ok(out, method('write'), stdout, new Uint8Array(Number(permit)));
  t.throws(() => app.call(out, method('write'), stdout, text('x')), { code: 'write-without-permit' }, 'it is used up');
  t.throws(() => app.call(out, method('blocking-write-and-flush'), stdout, new Uint8Array(4097)), {
    code: 'write-without-permit',
  });
  t.throws(() => app.call(out, method('write-zeroes'), stdout, 2n ** 63n), { code: 'write-without-permit' });
  t.throws(() => app.call(out, method('blocking-write-zeroes-and-flush'), stdout, 4097n), {
    code: 'write-without-permit',
  });
  app.call(out, method('blocking-write-zeroes-and-flush'), stdout, 3n);
  app.call(out, method('blocking-flush'), stdout);
  app.finish();
  t.is(device.log.join('').length, Number(permit) + 3);
});

test('stdin is at its end, and there is no terminal', (t) => {
  const { app } = guest();
  const stdin = app.call('cli/stdin', 'get-stdin');
  for (const name of ['read', 'blocking-read', 'skip', 'blocking-skip']) {
    const refused = t.throws(() => app.ok(out, `[method]input-stream.${name}`, stdin, 5n), { instanceOf: Refused });
    t.deepEqual(refused.value, { index: 1, value: undefined });
    t.notThrows(() => app.ok(out, `[method]input-stream.${name}`, stdin, 0n));
  }
  for (const name of ['stdin', 'stdout', 'stderr'])
    t.is((app.call(`cli/terminal-${name}`, `get-terminal-${name}`) as Case).index, 0);
});

test('splice moves what there is, as far as there is room', (t) => {
  const device = new WasiDevice();
  const app = new WasiGuest(device, { files: new Map([['a', text('line one\nline two\n')]]) });
  const file = app.fs('open-at', app.folders().get('/') ?? 0, 0, 'a', 0, 1);
  const input = app.fs('read-via-stream', file, 0n);
  const stdout = app.call('cli/stdout', 'get-stdout');
  t.is(app.ok(out, method('splice'), stdout, input, 9n), 9n);
  t.is(app.ok(out, method('blocking-splice'), stdout, input, 2n ** 64n - 1n), 9n);
  t.throws(() => app.ok(out, method('splice'), stdout, input, 9n), { instanceOf: Refused });
  t.deepEqual(device.log, ['line one', 'line two']);
});

test('arguments and environment are the manifest’s and nothing of the host’s', (t) => {
  const { app } = guest();
  t.deepEqual(app.call('cli/environment', 'get-arguments'), ['app', '-v']);
  t.deepEqual(app.call('cli/environment', 'get-environment'), [['LANG', 'de']]);
  t.deepEqual(app.call('cli/environment', 'initial-cwd'), { index: 1, value: '/' });
});

for (const [name, arg, code] of [
  ['exit', { index: 0, value: undefined }, 0],
  ['exit', { index: 1, value: undefined }, 1],
  ['exit-with-code', 7, 7],
] as const) {
  test(`${name} with ${JSON.stringify(arg)} ends the app, and the app alone, with ${code}`, (t) => {
    const { app } = guest();
    t.is(t.throws(() => app.call('cli/exit', name, arg), { instanceOf: ExitRequest }).exitCode, code);
  });
}

test('every random byte is the device’s: the same seed gives the same, another one others', (t) => {
  const draw = (seed: number): Value[] => {
    const { app } = guest(new WasiDevice({ seed }));
    return [
      app.call('random/random', 'get-random-bytes', 40_000n),
      app.call('random/random', 'get-random-u64'),
      app.call('random/insecure', 'get-insecure-random-bytes', 5n),
      app.call('random/insecure', 'get-insecure-random-u64'),
      app.call('random/insecure-seed', 'insecure-seed'),
    ];
  };
  t.deepEqual(draw(1), draw(1));
  t.notDeepEqual(draw(1), draw(2));
  t.is((draw(1)[0] as Uint8Array).length, 40_000);
  const { app, device } = guest();
  const asked = device.broker.requests.length;
  t.throws(() => app.call('random/random', 'get-random-bytes', 2n ** 63n), { code: 'random-too-long' });
  t.throws(() => app.call('random/random', 'get-random-bytes', BigInt(RANDOM_AT_ONCE_MAX_BYTES) + 1n), {
    code: 'random-too-long',
  });
  t.is(device.broker.requests.length, asked);
});

test('the wall clock is the broker’s, in seconds and nanoseconds', (t) => {
  const { app } = guest(new WasiDevice({ wallNs: 1_700_000_000_000_000_000n }));
  t.deepEqual(app.call('clocks/wall-clock', 'now'), [1_700_000_000n, 1_000_000]);
  t.deepEqual(app.call('clocks/wall-clock', 'resolution'), [0n, 1]);
});
