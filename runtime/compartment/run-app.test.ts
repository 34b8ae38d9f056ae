import test from 'ava';
import type { AppRequest } from '../../contracts/wire/app-call.ts';
import { componentAround, componentFromText } from '../../test/support/components.ts';
import { BLINK, appImage, coreModule, deviceApp, sha256 } from '../../test/support/device-app.ts';
import type { ImageExtras } from '../../test/support/device-app.ts';
import { FakeBroker, agreeable } from '../../test/support/fake-broker.ts';
import type { AppEnding } from './run-app.ts';
import { runApp } from './run-app.ts';

interface Ran {
  readonly ending: AppEnding;
  readonly requests: readonly AppRequest[];
}

function run(component: Uint8Array, extras: ImageExtras = {}, broker = new FakeBroker()): Ran {
  const image = appImage(component, extras);
  const ending = runApp({ readImage: () => image, broker: broker.streams(), sha256 });
  return { ending, requests: broker.requests };
}

/** Exit code, or the first word of what happened. */
function outcome({ ending }: Ran): number | string {
  if (ending.kind === 'exit') return ending.exitCode;
  return ending.kind === 'refused' ? ending.code : (/^[\w-]+/.exec(ending.detail)?.[0] ?? '');
}

const PROCESS = 'casemate:device/process@0.1.0';
const LOG = '(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))';
const EXIT = `(import "${PROCESS}" "exit" (func $exit (param i32)))`;
const TIMERS = 'casemate:device/timers@0.1.0';
const POLL = 'casemate:device/poll@0.1.0';

test('an error of the broker reaches the guest as the case of its enum', async (t) => {
  const broker = new FakeBroker(() => ({ ok: false, error: 'no-device' }));
  t.is(outcome(run(await deviceApp(BLINK.imports, BLINK.functions), {}, broker)), 2);
});

test('a resource that is dropped closes its handle, and is gone', async (t) => {
  const functions = BLINK.functions.replace(
    '(i32.const 7))',
    '(call $set (local.get $pin) (i32.const 1) (i32.const 32)) (i32.const 7))',
  );
  const ran = run(await deviceApp(BLINK.imports, functions));
  t.is(outcome(ran), 'handle-unknown');
  t.deepEqual(ran.requests.at(-1), { function: 'handle.close', handle: 1 });
});

test('a guest that makes up a handle traps before the broker is asked', async (t) => {
  const ran = run(
    await deviceApp(
      BLINK.imports,
      '(func (export "run") (result i32) (call $set (i32.const 5) (i32.const 0) (i32.const 32)) i32.const 0)',
    ),
  );
  t.is(outcome(ran), 'handle-unknown');
  t.deepEqual(ran.requests, []);
});

test('an enum that is passed as a number beyond its cases traps', async (t) => {
  const functions = BLINK.functions.replace(
    '(call $set (local.get $pin) (i32.const 0)',
    '(call $set (local.get $pin) (i32.const 2)',
  );
  t.is(outcome(run(await deviceApp(BLINK.imports, functions))), 'discriminant-invalid');
});

test('process.exit ends the guest with its code', async (t) => {
  const functions =
    '(func (export "run") (result i32) (call $exit (i32.const 41)) (call $log (i32.const 0) (i32.const 0)) i32.const 0)';
  const ran = run(await deviceApp(EXIT + LOG, functions));
  t.is(outcome(ran), 41);
  t.deepEqual(ran.requests, []);
});

test('a guest cannot catch its own end: there are no instructions for it', async (t) => {
  const functions = `
    (func (export "run") (result i32)
      (block $caught (try_table (catch_all $caught) (call $exit (i32.const 3))))
      (block $again (try_table (catch_all $again) (call $log (i32.const 0) (i32.const 0))))
      i32.const 0)`;
  const ran = run(await deviceApp(EXIT + LOG, functions));
  t.is(outcome(ran), 'core-opcode-not-allowed');
  t.deepEqual(ran.requests, []);
});

test('the arguments are the CmdArgs of the manifest', async (t) => {
  const imports = `(import "${PROCESS}" "arguments" (func $arguments (param i32)))${LOG}`;
  const functions = `(func (export "run") (result i32) (local $at i32)
    (call $arguments (i32.const 16))
    (local.set $at (i32.load (i32.const 16)))
    (call $log (i32.load (i32.add (local.get $at) (i32.const 8))) (i32.load (i32.add (local.get $at) (i32.const 12))))
    (i32.load (i32.const 20)))`;
  const component = await deviceApp(imports, functions);
  const ran = run(component);
  t.is(outcome(ran), 2);
  t.deepEqual(ran.requests, [{ function: 'log.write', message: 'zwei' }]);
  t.is(outcome(run(component, { manifest: { CmdArgs: [1] } })), 'manifest-arguments-malformed');
  t.is(outcome(run(component, { manifest: { CmdArgs: ['\ud800'] } })), 'manifest-arguments-malformed');
  t.is(outcome(run(component, { manifest: [] })), 'manifest-unreadable');
});

test('a timer is waited for through its pollable', async (t) => {
  const imports = `
    (import "${TIMERS}" "create" (func $create (param i32)))
    (import "${TIMERS}" "[method]timer.set" (func $set (param i32 i64 i64 i32)))
    (import "${TIMERS}" "[method]timer.subscribe" (func $subscribe (param i32) (result i32)))
    (import "${POLL}" "[resource-drop]pollable" (func $drop (param i32)))
    (import "${POLL}" "wait" (func $wait (param i32 i32 i32 i64 i32)))`;
  const functions = `(func (export "run") (result i32) (local $timer i32)
    (call $create (i32.const 16))
    (local.set $timer (i32.load (i32.const 20)))
    (call $set (local.get $timer) (i64.const 10) (i64.const -1) (i32.const 32))
    (i32.store (i32.const 64) (call $subscribe (local.get $timer)))
    (call $wait (i32.const 64) (i32.const 1) (i32.const 1) (i64.const 99) (i32.const 80))
    (call $drop (i32.load (i32.const 64)))
    ;; ok, ready, one index, and that index is 0
    (i32.or (i32.load8_u (i32.const 80)) (i32.or (i32.load8_u (i32.const 84)) (i32.or
      (i32.load (i32.load (i32.const 88))) (i32.eq (i32.load (i32.const 92)) (i32.const 0))))))`;
  const usual = agreeable();
  const broker = new FakeBroker((request) =>
    request.function === 'poll.wait'
      ? { ok: true, result: { kind: 'wake', value: { kind: 'ready', indexes: [0] } } }
      : usual(request),
  );
  const ran = run(await deviceApp(imports, functions), {}, broker);
  t.is(outcome(ran), 0);
  t.deepEqual(ran.requests, [
    { function: 'timers.create' },
    { function: 'timers.set', handle: 1, initialNs: 10n, intervalNs: 0xffff_ffff_ffff_ffffn },
    { function: 'poll.wait', handles: [1], timeoutNs: 99n },
  ]);
});

test('files come from the image, in pieces, and no path leaves it', async (t) => {
  const imports = '(import "casemate:device/image-files@0.1.0" "read" (func $read (param i32 i32 i64 i32 i32)))' + LOG;
  const read = (path: string, offset: string, length: number) => `(data (i32.const 64) "${path}")
    (func (export "run") (result i32)
      (call $read (i32.const 64) (i32.const ${path.length}) (i64.const ${offset}) (i32.const ${length}) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.load8_u (i32.const 20)))))
      (call $log (i32.load (i32.const 20)) (i32.load (i32.const 24)))
      (i32.const 100))`;
  const files = new Map([['data/greeting.txt', new TextEncoder().encode('hello world')]]);
  const reading = async (path: string, offset: string, length: number): Promise<Ran> =>
    run(await deviceApp(imports, read(path, offset, length)), { files });
  t.deepEqual((await reading('data/greeting.txt', '6', 100)).requests, [{ function: 'log.write', message: 'world' }]);
  t.deepEqual((await reading('data/greeting.txt', '0', 5)).requests, [{ function: 'log.write', message: 'hello' }]);
  t.deepEqual((await reading('data/greeting.txt', '-1', 5)).requests, [{ function: 'log.write', message: '' }]);
  t.is(outcome(await reading('data/other.txt', '0', 5)), 4, 'no-entry');
  t.is(outcome(await reading('../greeting.txt', '0', 5)), 3, 'invalid-argument');
  t.is(outcome(await reading('/data/greeting.txt', '0', 5)), 3, 'invalid-argument');
});

test('text that is not UTF-8 traps, and text of 1 MiB reaches the broker cut', async (t) => {
  const logging = (pages: number, functions: string) =>
    deviceApp(LOG, functions).then((component) => run(component, { memoryBytes: pages * 65_536 }));
  const invalid = await logging(
    2,
    '(data (i32.const 64) "\\ff") (func (export "run") (result i32) (call $log (i32.const 64) (i32.const 1)) i32.const 0)',
  );
  t.is(outcome(invalid), 'string-invalid');
  const long = await logging(
    32,
    '(func (export "run") (result i32) (drop (memory.grow (i32.const 20))) (call $log (i32.const 64) (i32.const 0x100000)) i32.const 0)',
  );
  t.is(outcome(long), 0);
  const [request] = long.requests;
  t.is(request?.function === 'log.write' ? request.message.length : 0, 4097);
  t.is(
    outcome(
      await logging(2, '(func (export "run") (result i32) (call $log (i32.const 0x1fffe) (i32.const 3)) i32.const 0)'),
    ),
    'pointer-out-of-bounds',
  );
});

test('memory.grow fails at the grant', async (t) => {
  const component = await deviceApp(
    '',
    '(func (export "run") (result i32) (local $n i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size))',
  );
  t.is(outcome(run(component, { memoryBytes: 5 * 65_536 })), 5);
  t.is(outcome(run(component, { memoryBytes: 65_536 })), 'memory-over-limit');
});

test('recursion without end is a trap', async (t) => {
  const component = await deviceApp('', '(func $deep (export "run") (result i32) (call $deep))');
  t.is(run(component).ending.kind, 'trap');
});

test('an image without run, or with another run, is refused', async (t) => {
  t.is(outcome(run(await componentFromText('(component)'))), 'export-missing');
  const wit = 'package a:b; world app { export run: func() -> u32; }';
  t.is(
    outcome(run(await componentAround(coreModule('', '(func (export "run") (result i32) i32.const 0)'), wit, 'app'))),
    'export-type-mismatch',
  );
});

test('an import that is not offered is refused before the start function runs', async (t) => {
  const wit =
    'package a:b; interface files { open: func(path: string) -> u32; } world app { import files; export run: func() -> u8; }';
  const imports = '(import "a:b/files" "open" (func $open (param i32 i32) (result i32)))';
  const functions =
    '(func $start unreachable) (start $start) (func (export "run") (result i32) (call $open (i32.const 0) (i32.const 0)))';
  const { ending } = run(await componentAround(coreModule(imports, functions), wit, 'app'));
  t.deepEqual(ending, {
    kind: 'refused',
    code: 'import-not-offered',
    detail: 'the app imports a:b/files, which no device offers',
  });
});

test('bytes that are no image, no application or no component are refused by their codes', (t) => {
  const image = (bytes: Uint8Array) => runApp({ readImage: () => bytes, broker: new FakeBroker().streams(), sha256 });
  const codeOf = (ending: AppEnding): string => (ending.kind === 'refused' ? ending.code : ending.kind);
  t.is(codeOf(image(new Uint8Array(3))), 'image-truncated');
  t.is(codeOf(image(appImage(new Uint8Array(3)))), 'component-not-a-component');
  t.is(codeOf(image(appImage(new Uint8Array(0)))), 'component-not-a-component');
  t.is(codeOf(image(appImage(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)))), 'component-not-a-component');
});

test('what the guest has grown to is told before its next call, once for each change', async (t) => {
  const broker = new FakeBroker();
  const functions = `
    (data (i32.const 64) "grown")
    (func (export "run") (result i32)
      (call $log (i32.const 64) (i32.const 5)) (call $log (i32.const 64) (i32.const 5))
      (drop (memory.grow (i32.const 1)))
      (call $log (i32.const 64) (i32.const 5))
      (i32.const 0))`;
  t.is(outcome(run(await deviceApp(LOG, functions), {}, broker)), 0);
  t.deepEqual(
    broker.told.map((request) => (request.function === 'usage.tell' ? request.memoryBytes : undefined)),
    [131_072, 196_608],
  );
});
