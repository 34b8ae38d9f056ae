import test from 'ava';
import { decodeLastWords, RUNNER_EXIT } from '../../../contracts/core/last-words.ts';
import { runCompartment } from '../../../test/support/compartment-process.ts';
import { BLINK, appImage, deviceApp } from '../../../test/support/device-app.ts';
import { FakeBroker } from '../../../test/support/fake-broker.ts';

test('a compartment process runs an app from its descriptors and ends with its exit code', async (t) => {
  const broker = new FakeBroker();
  const ended = await runCompartment(appImage(await deviceApp(BLINK.imports, BLINK.functions)), broker);
  t.deepEqual(ended, { exitCode: 7, stderr: '' });
  t.deepEqual(broker.requests, [
    { function: 'gpio.open-output', pin: 9, mode: 0, level: 1 },
    { function: 'gpio.set', handle: 1, level: 0 },
    { function: 'log.write', message: 'blink' },
    { function: 'handle.close', handle: 1 },
  ]);
});

test('a compartment process tells a trap by its last words', async (t) => {
  const component = await deviceApp('', '(func (export "run") (result i32) unreachable)');
  const ended = await runCompartment(appImage(component), new FakeBroker());
  t.is(ended.exitCode, RUNNER_EXIT.trap);
  const words = decodeLastWords(ended.stderr);
  t.is(words?.kind, 'trap');
  t.regex(words?.detail ?? '', /unreachable.*wasm/);
});

test('a compartment process refuses a component whose memory does not fit the grant, before it runs', async (t) => {
  const component = await deviceApp(BLINK.imports, BLINK.functions);
  const broker = new FakeBroker();
  const ended = await runCompartment(appImage(component, { memoryBytes: 65_536 }), broker);
  t.is(ended.exitCode, RUNNER_EXIT.refused);
  const words = decodeLastWords(ended.stderr);
  t.is(words?.kind === 'refused' ? words.code : words?.kind, 'memory-over-limit');
  t.deepEqual(broker.requests, []);
});

test('a compartment process that is never told to start ends when the pipe closes', async (t) => {
  const image = appImage(await deviceApp(BLINK.imports, BLINK.functions));
  const broker = new FakeBroker();
  const ended = await runCompartment(image, broker, true);
  t.is(ended.exitCode, RUNNER_EXIT.refused);
  const words = decodeLastWords(ended.stderr);
  t.is(words?.kind === 'refused' ? words.code : words?.kind, 'descriptor-closed');
  t.deepEqual(broker.requests, []);
});
