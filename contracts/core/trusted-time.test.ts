import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { CodedError } from './coded-error.ts';
import { bytesToHex } from './ids.ts';
import { LATEST_TIME, decodeBuildTime, encodeBuildTime, timeSigningBytes } from './trusted-time.ts';

test('what the time key signs has a context, the nonce and the time, each in its place', (t) => {
  const context = new TextEncoder().encode('casemate time v1\0');
  const signed = timeSigningBytes(new Uint8Array(32).fill(0xab), 0x0102030405n);
  t.is(bytesToHex(signed), `${bytesToHex(context)}${'ab'.repeat(32)}0504030201000000`);
});

test('a build time comes back as it was, up to the last second of the year 9999', (t) => {
  t.is(LATEST_TIME, BigInt(Date.UTC(9999, 11, 31, 23, 59, 59)) / 1000n);
  for (const seconds of [0n, 1_790_000_000n, LATEST_TIME]) t.is(decodeBuildTime(encodeBuildTime(seconds)), seconds);
  for (const work of [() => encodeBuildTime(LATEST_TIME + 1n), () => decodeBuildTime(new Uint8Array(8).fill(255))])
    t.is(t.throws(work, { instanceOf: CodedError })?.code, 'time-out-of-range');
});

test('decodeBuildTime() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes = ['time-out-of-range', 'layout-truncated', 'layout-trailing-bytes'];
  codedErrorsOnly(t, decodeBuildTime, [encodeBuildTime(1n)], codes);
});
