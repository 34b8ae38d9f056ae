import test from 'ava';
import fc from 'fast-check';
import { p256 } from '@noble/curves/nist.js';
import { timeSignedBytes } from '../../contracts/core/signed-time.ts';
import {
  BUILD_TIME,
  BenchKey,
  BootBench,
  benchKeys,
  osFiles,
  signedImage,
  signedStages,
  stageParts,
} from '../../test/support/boot-bench.ts';
import { TIME_MAX_SECONDS, TIME_NONCE_LIFE_SECONDS, parseBuildTime } from './trusted-time.ts';

const keys = benchKeys();
const parts = stageParts(keys);
const stages = signedStages(parts, keys.platform);
const NOW = BUILD_TIME + 1_000_000;

async function booted(): Promise<BootBench> {
  const bench = new BootBench(keys, stages);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  return bench;
}

function asked(bench: BootBench): Uint8Array {
  const nonce = bench.call({ call: 'timeNonce' });
  if (typeof nonce === 'string') throw new Error(nonce);
  return nonce;
}

const answer = (nonce: Uint8Array, seconds: number) =>
  ({ call: 'setTime', nonce, seconds, signature: keys.time.sign(timeSignedBytes(nonce, seconds)) }) as const;

test('before the first answer the time is the build’s; then it is the service’s, carried on by the chip’s clock', async (t) => {
  const bench = await booted();
  t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: false, seconds: BUILD_TIME });
  bench.advance(86_400);
  t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: false, seconds: BUILD_TIME }, 'a floor does not run');
  t.is(bench.setTime(NOW), undefined);
  t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: true, seconds: NOW });
  bench.advance(3600);
  t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: true, seconds: NOW + 3600 });
});

test('after a power cut the device knows what the service once said, and that it was then', async (t) => {
  const bench = await booted();
  bench.setTime(NOW);
  await bench.boot();
  t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: false, seconds: NOW });
  t.is(bench.setTime(NOW - 1), 'time-out-of-range', 'nobody sets it back, signed or not');
  t.is(bench.setTime(NOW), undefined);
});

test('an answer counts once, for the open question, in the boot that asked it', async (t) => {
  const bench = await booted();
  const nonce = asked(bench);
  t.is(bench.call(answer(new Uint8Array(32), NOW)), 'time-not-trusted', 'to a question that nobody asked');
  t.is(bench.call(answer(nonce, NOW)), undefined);
  t.is(bench.call(answer(nonce, NOW)), 'time-not-trusted', 'twice: later it would set the clock back');
  const first = asked(bench);
  const second = asked(bench);
  t.notDeepEqual(first, second);
  t.is(bench.call(answer(first, NOW)), 'time-not-trusted', 'one question is open at a time');
  const kept = answer(second, NOW);
  await bench.boot();
  t.is(bench.call(kept), 'time-not-trusted', 'of another boot');
  asked(bench);
  t.is(bench.call(kept), 'time-not-trusted', 'also when this one has asked');
});

test('an answer that was held back does not count, and its question is closed', async (t) => {
  const bench = await booted();
  const late = answer(asked(bench), NOW);
  bench.advance(TIME_NONCE_LIFE_SECONDS + 1);
  t.is(bench.call(late), 'time-not-trusted');
  t.is(bench.call(late), 'time-not-trusted');
  const justInTime = answer(asked(bench), NOW);
  bench.advance(TIME_NONCE_LIFE_SECONDS - 1);
  t.is(bench.call(justInTime), undefined);
});

test('only the time key’s word is taken, for these seconds and this nonce', async (t) => {
  const bench = await booted();
  for (const key of [new BenchKey(), keys.service, keys.claim, keys.platform])
    t.is(bench.setTime(NOW, key), 'time-not-trusted');
  const nonce = asked(bench);
  const { signature } = answer(nonce, NOW);
  t.is(bench.call({ call: 'setTime', nonce, seconds: NOW + 1, signature }), 'time-not-trusted', 'other seconds');
  const { r, s } = p256.Signature.fromBytes(signature, 'compact');
  const highS = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('compact');
  t.is(bench.call({ call: 'setTime', nonce, seconds: NOW, signature: highS }), 'time-not-trusted', 'the higher s');
  t.is(bench.call({ call: 'setTime', nonce, seconds: NOW, signature }), undefined, 'noise does not close a question');
  bench.bank.programmer.revokePlatformKey(keys.time.keyId);
  t.is(bench.setTime(NOW), 'time-not-trusted', 'a revoked key');
});

test('a time before the floor or absurdly late is refused', async (t) => {
  const bench = await booted();
  t.is(bench.setTime(BUILD_TIME - 1), 'time-out-of-range');
  t.is(bench.setTime(TIME_MAX_SECONDS + 1), 'time-out-of-range');
  t.is(bench.setTime(Number.MAX_SAFE_INTEGER), 'time-out-of-range');
  t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: false, seconds: BUILD_TIME });
  t.is(bench.setTime(BUILD_TIME), undefined);
});

test('the counter wears only when the sealed floor is more than an hour behind', async (t) => {
  const bench = await booted();
  const wear = (seconds: number): bigint => {
    const before = bench.parts.counter.value();
    t.is(bench.setTime(seconds), undefined);
    return bench.parts.counter.value() - before;
  };
  t.is(wear(NOW), 1n);
  t.is(wear(NOW), 0n);
  t.is(wear(NOW + 3600), 0n);
  t.is(wear(NOW + 3601), 1n);
});

test('a newer OS image raises the floor, an older one does not lower it', async (t) => {
  const bench = await booted();
  bench.setTime(NOW);
  const later = signedImage({ ...parts.os, files: osFiles(String(NOW + 7)) }, 'platform', keys.platform);
  for (const [os, seconds] of [
    [later, NOW + 7],
    [stages.os, NOW],
  ] as const) {
    bench.writeStage('os', os);
    await bench.boot();
    t.deepEqual(bench.call({ call: 'trustedTime' }), { isSet: false, seconds });
  }
});

test('parseBuildTime() reads decimal seconds and nothing else', (t) => {
  const parse = (text: string): number | undefined => parseBuildTime(new TextEncoder().encode(text));
  t.is(parse('1767225600'), 1_767_225_600);
  t.is(parse(String(TIME_MAX_SECONDS)), TIME_MAX_SECONDS);
  for (const bad of [
    '',
    '0',
    '-1',
    '01',
    '1.5',
    '1e9',
    '0x10',
    ' 1',
    '1\n',
    '1767225600\n',
    '7258118401',
    '99999999999',
  ])
    t.is(parse(bad), undefined, JSON.stringify(bad));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const seconds = parseBuildTime(bytes);
      return seconds === undefined || new TextDecoder().decode(bytes) === String(seconds);
    }),
  );
});
