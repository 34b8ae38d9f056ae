import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { FolderChanges } from '../../test/support/app-folder.ts';
import { appFolder, temporaryFolder, TEST_MAIN, TEST_MANIFEST } from '../../test/support/app-folder.ts';
import { runCModule } from '../../test/support/c-device.ts';
import { FakeBroker, agreeable } from '../../test/support/fake-broker.ts';
import { runApp } from '../../runtime/compartment/run-app.ts';
import { readAppSource } from './app-source.ts';
import { buildApp, packageComponentFile } from './build-app.ts';
import { compileC } from './compile-c.ts';
import { examineImage } from './examine-image.ts';
import { loadHardware } from './hardware.ts';
import { sha256 } from './package-app.ts';
import { grantsOf } from '../../contracts/core/grants.ts';

const APPS = join(import.meta.dirname, '../../apps');
const LIMIT = 256 * 1024;

async function refusal(t: ExecutionContext, promise: Promise<unknown>): Promise<CodedError> {
  const error = await t.throwsAsync(promise);
  if (!(error instanceof CodedError)) throw error;
  return error;
}

const manifest = (changes: object): object => ({ ...TEST_MANIFEST, ...changes });

interface Refused {
  readonly what: string;
  readonly changes: FolderChanges;
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
const REFUSED: readonly Refused[] = [
  { what: 'a C syntax error', changes: { 'main.c': 'int main(void) { return 0 }' }, code: 'compile-failed' },
  // C17 would only warn; the call would trap on the device.
  {
    what: 'a call of a function that nobody declared',
    changes: { 'main.c': 'int main(void) { return foo(); }' },
    code: 'compile-failed',
  },
  {
    what: 'a function that nobody defined',
    changes: { 'main.c': 'int foo(void); int main(void) { return foo(); }' },
    code: 'link-failed',
  },
  // The libc's own start code would link, and trap.
  { what: 'no main', changes: { 'main.c': 'int other(void) { return 0; }' }, code: 'link-failed' },
  { what: 'a folder without a manifest', changes: { 'app_manifest.json': null }, code: 'manifest-missing' },
  { what: 'a manifest that is not JSON', changes: { 'app_manifest.json': '{' }, code: 'json-syntax' },
  {
    what: 'a manifest with an unknown key',
    changes: { 'app_manifest.json': manifest({ Capabillities: {} }) },
    code: 'key-unknown',
  },
  {
    what: 'a pin name that the board does not have',
    changes: { 'app_manifest.json': manifest({ Capabilities: { Gpio: ['$SAMPLE_LEDD'] } }) },
    code: 'hardware-name-unknown',
  },
  {
    what: 'a pin interface that the manifest does not grant, with the line to add',
    changes: { 'app_manifest.json': manifest({ Capabilities: {} }) },
    code: 'import-not-granted',
    details: { interface: 'casemate:device/gpio@0.1.0', capability: 'Gpio', line: '"Gpio": ["$SAMPLE_LED"]' },
  },
  {
    what: 'static data over the memory of the board',
    changes: { 'main.c': `static volatile char big[300000];\n${TEST_MAIN.replace('return', 'big[1] = 1; return')}` },
    code: 'memory-over-limit',
    details: { neededBytes: 5 * 65_536, limitBytes: LIMIT },
  },
  {
    what: 'a listed file above the folder',
    changes: { 'casemate.json': { files: ['../secret'] } },
    code: 'value-malformed',
  },
  {
    what: 'a listed file that is not there',
    changes: { 'casemate.json': { files: ['none.txt'] } },
    code: 'file-missing',
  },
  {
    what: 'a board that nobody knows',
    changes: { 'casemate.json': { hardware: 'mt3620_rbd' } },
    code: 'hardware-unknown',
  },
  {
    what: 'a hardware definition above the folder',
    changes: { 'casemate.json': { hardware: '../board.json' } },
    code: 'hardware-unknown',
  },
  {
    what: 'a language that cannot be built',
    changes: { 'casemate.json': { language: 'cobol' } },
    code: 'language-not-supported',
  },
  { what: 'a folder without a source', changes: { 'main.c': null }, code: 'source-missing' },
  { what: 'an entry that is not there', changes: { 'casemate.json': { entry: 'src/main.c' } }, code: 'source-missing' },
];

for (const { what, changes, code, details } of REFUSED) {
  test(`buildApp() refuses ${what}`, async (t) => {
    const error = await refusal(t, buildApp({ folder: appFolder(t, changes) }));
    t.is(error.code, code, error.message);
    if (details !== undefined) t.like(error.details, details);
  });
}

test('buildApp() refuses a folder that is not there, and one with a link out of it', async (t) => {
  t.is((await refusal(t, buildApp({ folder: join(temporaryFolder(t), 'none') }))).code, 'folder-missing');
  const secret = join(temporaryFolder(t), 'id_rsa');
  writeFileSync(secret, 'secret');
  const folder = appFolder(t, { 'casemate.json': { files: ['key'] } });
  symlinkSync(secret, join(folder, 'key'));
  t.is((await refusal(t, buildApp({ folder }))).code, 'file-outside-folder');
});

test('buildApp() gives the findings of all sources as the compiler says them', async (t) => {
  const folder = appFolder(t, { 'src/a.c': 'int a = ;', 'src/b.c': 'int b(void) { return "x"; }' });
  const { code, message } = await refusal(t, buildApp({ folder }));
  t.is(code, 'compile-failed');
  t.regex(message, /^src\/a\.c:1:9: error: /m);
  t.regex(message, /^src\/b\.c:1:/m);
});

test('buildApp() makes the same bytes again, and in another folder', async (t) => {
  const folder = appFolder(t, {
    'src/more.c': 'const char *where(void) { return __FILE__ __DATE__; }',
    'casemate.json': { files: ['src'] },
  });
  const copy = temporaryFolder(t);
  cpSync(folder, copy, { recursive: true });
  const builds = [await buildApp({ folder }), await buildApp({ folder: copy }), await buildApp({ folder })];
  t.is(new Set(builds.map(({ image }) => Buffer.from(image).toString('hex'))).size, 1);
  t.is(new Set(builds.map(({ imageId }) => imageId)).size, 1);
});

test('buildApp() finds headers upwards, beside, in the folder and among the generated ones of the whole chain', async (t) => {
  const folder = appFolder(t, {
    'main.c': null,
    'casemate.json': { entry: 'src/main.c' },
    'broken/not-part-of-it.c': 'int broken = ;',
    'inc/up.h': '#include "more/deep.h"\n#define UP DEEP',
    'inc/more/deep.h': '#define DEEP 8',
    'src/main.c': `#include "../inc/up.h"
      #include <inc/up.h>
      #include <hw/mt3620.h>
      #include <hw/mt3620_rdb.h>
      #include <hw/sample_appliance.h>
      #include <applibs/gpio.h>
      _Static_assert(UP == SAMPLE_LED && MT3620_RDB_LED1_RED == MT3620_GPIO8, "one pin");
      int main(void) { return GPIO_OpenAsInput(UP); }`,
  });
  t.deepEqual((await buildApp({ folder })).imports, ['casemate:device/errors@0.1.0', 'casemate:device/gpio@0.1.0']);
});

test("buildApp() takes a hardware definition of the app's own", async (t) => {
  const folder = appFolder(t, {
    'casemate.json': { hardware: 'hw/mine.json' },
    'hw/mine.json': {
      Metadata: { Type: 'Azure Sphere Hardware Definition', Version: 1 },
      Imports: [{ Path: 'mt3620_rdb.json' }],
      Peripherals: [{ Name: 'PUMP', Type: 'Gpio', Mapping: 'MT3620_RDB_LED2_RED', Comment: '' }],
    },
    'app_manifest.json': manifest({ Capabilities: { Gpio: ['$PUMP'] } }),
    'main.c': TEST_MAIN.replace('sample_appliance', 'mine').replace('SAMPLE_LED', 'PUMP'),
  });
  const { gpioPins, hardware } = await buildApp({ folder });
  t.deepEqual([gpioPins, hardware], [[15], 'hw/mine.json']);
  const override = await refusal(t, buildApp({ folder, hardware: 'seeed_mt3620_mdb' }));
  t.is(override.code, 'hardware-name-unknown');
});

test('buildApp() packs files, version, rollback index and grants, and warns of what is granted and not used', async (t) => {
  const folder = appFolder(t, {
    'casemate.json': { files: ['data', 'notes.txt'], version: '1.2.3', rollback: 4 },
    'data/a/b.bin': 'b',
    'data/c.bin': 'c',
    'notes.txt': 'n',
    'other.txt': 'o',
    'main.c': 'int main(void) { int unused; return 0; }',
  });
  const { image, imageId, warnings, capabilities, sizes } = await buildApp({ folder });
  const decoded = decodeImage(image, sha256);
  t.is(decoded.imageId, imageId);
  t.is(decoded.rollbackIndex, 4);
  t.deepEqual([...decodeImageFiles(decoded.files).keys()], ['data/a/b.bin', 'data/c.bin', 'notes.txt']);
  t.deepEqual(decoded.grants, grantsOf({ memoryBytes: LIMIT, gpioPins: [8] }));
  t.is(warnings.length, 2);
  t.deepEqual(capabilities, []);
  t.like(sizes, { files: 3, memoryInitial: 65_536, memoryLimit: LIMIT });
  const { metadata, grantsMatch } = examineImage(image);
  t.like(metadata, { ok: true, value: { name: 'tested', version: '1.2.3', language: 'c', hardware: 'mt3620_rdb' } });
  t.true(grantsMatch.ok);
});

const DEVICE_INTERFACES = ['errors', 'gpio', 'poll', 'timers', 'log', 'image-files', 'process'];
for (const [app, pins] of [
  ['blink', [8, 12]],
  ['neighbour', [15]],
] as const) {
  test(`apps/${app} builds, and imports what it uses`, async (t) => {
    const { imports, gpioPins, warnings } = await buildApp({ folder: join(APPS, app) });
    t.deepEqual(
      imports,
      DEVICE_INTERFACES.map((name) => `casemate:device/${name}@0.1.0`),
    );
    t.deepEqual(gpioPins, pins);
    t.deepEqual(warnings, []);
  });
}

async function coreOf(app: string): Promise<{ core: Uint8Array; files: ReadonlyMap<string, Uint8Array> }> {
  const { tree, imageFiles } = readAppSource(join(APPS, app));
  const { headers } = loadHardware({ from: 'app', name: 'mt3620_rdb', tree });
  const { core } = await compileC({ tree, entry: undefined, hardwareHeaders: headers, memoryLimitBytes: LIMIT });
  return { core, files: imageFiles };
}

test('apps/blink blinks, goes to the next pace at each press, tells of the denied pin and ends on SIGTERM', async (t) => {
  const { core, files } = await coreOf('blink');
  const press = (
    atMs: number,
  ): [{ atMs: number; does: { pin: number; level: 0 } }, { atMs: number; does: { pin: number; level: 1 } }] => [
    { atMs, does: { pin: 12, level: 0 } },
    { atMs: atMs + 50, does: { pin: 12, level: 1 } },
  ];
  const script = [...press(1000), ...press(3000), ...press(6000), { atMs: 7000, does: 'terminate' as const }];
  const run = runCModule(core, { pins: [8, 12], args: ['--try-pin', '9'], files, script });
  t.is(run.exitCode, 1);
  t.is(run.open, 0);
  t.true(run.log.includes('blink: pin 9: Permission denied (errno 2, EACCES)'));
  t.true(run.log.includes('blink: press the button to change the pace'));
  const gaps = (from: number, to: number): Set<number> => {
    const times = run.edges.filter(({ ms }) => ms > from && ms < to).map(({ ms }) => ms);
    return new Set(times.slice(1).map((ms, index) => ms - (times[index] ?? 0)));
  };
  t.deepEqual(gaps(0, 1000), new Set([125]));
  t.deepEqual(gaps(1050, 3000), new Set([250]));
  t.deepEqual(gaps(3050, 6000), new Set([500]));
  t.deepEqual(gaps(6050, 6999), new Set([125]));
});

test("apps/neighbour is refused blink's pins and file, and reads and blinks its own", async (t) => {
  const { core, files } = await coreOf('neighbour');
  const run = runCModule(core, { pins: [15], files, script: [{ atMs: 2500, does: 'terminate' }] });
  t.is(run.exitCode, 1);
  t.deepEqual(run.log, [
    'neighbour: started',
    'neighbour: pin 8: EACCES',
    'neighbour: pin 12: EACCES',
    'neighbour: file files/banner.txt: ENOENT',
    'neighbour: file ../blink/files/banner.txt: EINVAL',
    'neighbour: file files/own.txt: ok',
    'neighbour: own pin 15: ok',
    'neighbour: ends',
  ]);
  t.true(run.edges.every(({ pin }) => pin === 15) && run.edges.length > 3);
});

test("a device's compartment runs what buildApp() made, from the image's own bytes, arguments and files", async (t) => {
  const { image } = await buildApp({ folder: join(APPS, 'blink') });
  let waits = 0;
  const willing = agreeable();
  const broker = new FakeBroker((request) => {
    if (request.function === 'gpio.open-output' && request.pin === 9) return { ok: false, error: 'access-denied' };
    if (request.function !== 'poll.wait') return willing(request);
    // The LED's timer and the button's, ten times; then the device wants the app to end.
    const indexes = request.handles.map((_, index) => index);
    return {
      ok: true,
      result: { kind: 'wake', value: ++waits > 10 ? { kind: 'terminating' } : { kind: 'ready', indexes } },
    };
  });
  t.deepEqual(runApp({ readImage: () => image, broker: broker.streams(), sha256 }), { kind: 'exit', exitCode: 1 });
  const log = broker.requests.flatMap((request) => (request.function === 'log.write' ? [request.message] : []));
  t.deepEqual(log.slice(0, 4), [
    'blink: started',
    'blink: press the button to change the pace',
    'blink: pin 9: Permission denied (errno 2, EACCES)',
    'blink: blinking every 125 ms',
  ]);
  t.true(broker.requests.filter((request) => request.function === 'gpio.set').length >= 5);
  t.is(broker.requests.filter((request) => request.function === 'handle.close').length, 4);
});

const WAT: Readonly<Record<string, string>> = {
  good: '(component (core module $m (func (export "run") (result i32) i32.const 0)) (core instance $i (instantiate $m)) (func (export "run") (result u8) (canon lift (core func $i "run"))))',
  foreign: '(component (import "acme:sensor/driver@1.2.0" (instance)))',
  ungranted: '(component (import "casemate:device/gpio@0.1.0" (instance)))',
  silent: '(component)',
  // A tail call, in a module that nobody instantiates, in a component inside.
  unlisted:
    '(component (component (core module (func $f return_call $f))) (core module $m (func (export "run") (result i32) i32.const 0)) (core instance $i (instantiate $m)) (func (export "run") (result u8) (canon lift (core func $i "run"))))',
  // Two modules: the memory that counts is the sum.
  large:
    '(component (core module (memory 3)) (component (core module (memory 2))) (core module $m (func (export "run") (result i32) i32.const 0)) (core instance $i (instantiate $m)) (func (export "run") (result u8) (canon lift (core func $i "run"))))',
};

for (const [name, code] of [
  ['good', undefined],
  ['foreign', 'import-not-offered'],
  ['ungranted', 'import-not-granted'],
  ['silent', 'component-invalid'],
  ['unlisted', 'component-invalid'],
  ['large', 'memory-over-limit'],
] as const) {
  test(`packageComponentFile() ${code === undefined ? 'packages' : `answers ${code} to`} a ${name} component`, async (t) => {
    const folder = appFolder(t, { 'app_manifest.json': manifest({ Capabilities: {} }) });
    const componentFile = join(folder, 'app.wasm');
    writeFileSync(componentFile, await parse(WAT[name] ?? ''));
    const packaging = packageComponentFile({ componentFile, manifestFile: join(folder, 'app_manifest.json') });
    if (code === undefined) t.is((await packaging).language, 'wasm');
    else t.is((await refusal(t, packaging)).code, code);
  });
}
