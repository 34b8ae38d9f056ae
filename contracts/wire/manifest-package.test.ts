import test from 'ava';
import fc from 'fast-check';
import { encodeGrants } from '../core/grants.ts';
import { compileGrants, CompileGrantsError } from './compile-grants.ts';
import { resolveHardware } from './hardware-resolution.ts';
import { checkManifest } from './manifest.ts';
import type { PackagingErrorCode } from './manifest-package.ts';
import { APPLICATION_RUNTIME_VERSION, checkPackagedManifest, resolveManifest } from './manifest-package.ts';
import { grantsOf } from '../core/grants.ts';

const encoder = new TextEncoder();
const bytesOf = (value: unknown) => encoder.encode(JSON.stringify(value));
const BASE = {
  SchemaVersion: 1,
  Name: 'Blink',
  ComponentId: '25025D2C-66da-4448-bae1-ac26fcdd3627',
  EntryPoint: '/bin/app',
};
const BOARD = {
  Metadata: { Type: 'Azure Sphere Hardware Definition', Version: 1 },
  Peripherals: [
    { Name: 'LED', Type: 'Gpio', MainCoreHeaderValue: '(8)', AppManifestValue: 8 },
    { Name: 'RED', Type: 'Gpio', MainCoreHeaderValue: '(8)', AppManifestValue: 8 },
    { Name: 'BUTTON', Type: 'Gpio', MainCoreHeaderValue: '(12)', AppManifestValue: 12 },
    { Name: 'UART', Type: 'Uart', MainCoreHeaderValue: '(4)', AppManifestValue: 'ISU0' },
    { Name: 'CHANNEL', Type: 'int', MainCoreHeaderValue: '(0)' },
  ],
};

function board() {
  const verdict = resolveHardware({ file: 'board.json', bytes: bytesOf(BOARD) }, { readImport: () => undefined });
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  return verdict.hardware;
}
function manifest(Gpio: readonly unknown[], more: Record<string, unknown> = {}) {
  const verdict = checkManifest(bytesOf({ ...BASE, Capabilities: { Gpio, Uart: [] }, ...more }));
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  return verdict.manifest;
}
function packaged(Gpio: readonly unknown[], more: Record<string, unknown> = {}) {
  const verdict = resolveManifest(manifest(Gpio, more), board());
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  return verdict.packaged;
}

test('resolveManifest() writes the minified form with pin numbers and the runtime version', (t) => {
  const result = packaged(['$BUTTON', '$LED', 3], {
    CmdArgs: ['-v'],
    MallocVersion: 2,
    TargetApplicationRuntimeVersion: 12,
  });
  const text =
    '{"SchemaVersion":1,"Name":"Blink","ComponentId":"25025d2c-66da-4448-bae1-ac26fcdd3627","EntryPoint":"/bin/app","CmdArgs":["-v"],' +
    '"Capabilities":{"Gpio":[12,8,3]},"ApplicationType":"Default","MallocVersion":2,"TargetApplicationRuntimeVersion":1}';
  t.is(new TextDecoder().decode(result.bytes), text);
  t.deepEqual(result.gpioPins, [12, 8, 3]);
  t.is(APPLICATION_RUNTIME_VERSION, 1);
});

test('resolveManifest() leaves out what asks for nothing', (t) => {
  t.true(new TextDecoder().decode(packaged([]).bytes).includes('"Capabilities":{}'));
});

test('resolveManifest() needs no hardware for a manifest of numbers', (t) => {
  const verdict = resolveManifest(manifest([8]));
  t.deepEqual(verdict.ok ? verdict.packaged.gpioPins : verdict.errors, [8]);
});

test('checkPackagedManifest() reads what resolveManifest() wrote, to the same manifest', (t) => {
  const law = fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 80 })), fc.array(fc.string()), (pins, CmdArgs) => {
    const first = packaged(pins, { CmdArgs });
    const verdict = checkPackagedManifest(first.bytes);
    t.true(verdict.ok);
    if (!verdict.ok) return;
    t.deepEqual(verdict.packaged.bytes, first.bytes);
    t.deepEqual(verdict.packaged.gpioPins, pins);
    t.deepEqual(verdict.packaged.cmdArgs, CmdArgs);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('a caller who writes into the bytes of a packaged manifest changes a copy', (t) => {
  const result = packaged([8]);
  result.bytes.fill(0);
  t.true(checkPackagedManifest(result.bytes).ok);
});

const refused: readonly (readonly [code: PackagingErrorCode, Gpio: readonly unknown[], path: string, hint: RegExp])[] =
  [
    ['hardware-name-unknown', ['$LED', '$BUTON'], '$.Capabilities.Gpio[1]', /did you mean "BUTTON"\?/],
    ['hardware-type-mismatch', ['$UART'], '$.Capabilities.Gpio[0]', /Uart/],
    ['hardware-type-mismatch', ['$CHANNEL'], '$.Capabilities.Gpio[0]', /code/],
    ['pin-requested-twice', ['$LED', '$RED'], '$.Capabilities.Gpio[1]', /./],
    ['pin-requested-twice', ['$LED', 8], '$.Capabilities.Gpio[1]', /./],
  ];
for (const [code, Gpio, path, hint] of refused) {
  test(`resolveManifest() refuses ${JSON.stringify(Gpio)}: ${code}`, (t) => {
    const { errors } = resolveManifest(manifest(Gpio), board());
    t.deepEqual(
      errors.map((error) => `${error.code} ${error.path}`),
      [`${code} ${path}`],
    );
    t.regex(errors[0]?.hint ?? '', hint);
  });
}

test('resolveManifest() refuses a name without hardware: hardware-missing', (t) => {
  t.is(resolveManifest(manifest(['$LED'])).errors[0]?.code, 'hardware-missing');
});

test('checkPackagedManifest() refuses a name: hardware-name-unresolved', (t) => {
  const { errors } = checkPackagedManifest(bytesOf({ ...BASE, Capabilities: { Gpio: [3, '$LED'] } }));
  t.deepEqual(
    errors.map(({ code, path }) => `${code} ${path}`),
    ['hardware-name-unresolved $.Capabilities.Gpio[1]'],
  );
});

test('checkPackagedManifest() refuses what checkManifest() refuses', (t) => {
  t.is(checkPackagedManifest(bytesOf({})).errors[0]?.code, 'key-missing');
});

test('compileGrants() grants the pins of the manifest and the memory of the terms, the same bytes each time', (t) => {
  const grants = compileGrants(packaged(['$BUTTON', '$LED']), { memoryBytes: 262_144 });
  t.deepEqual(grants, grantsOf({ memoryBytes: 262_144, gpioPins: [8, 12] }));
  const other = compileGrants(packaged([8, 12]), { memoryBytes: 262_144 });
  t.deepEqual(encodeGrants(other), encodeGrants(grants));
});

for (const memoryBytes of [0, -1, 1.5, 2 ** 32, Number.NaN]) {
  test(`compileGrants() refuses ${memoryBytes} bytes of memory`, (t) => {
    const error = t.throws(() => compileGrants(packaged([]), { memoryBytes }), { instanceOf: CompileGrantsError });
    t.is(error?.code, 'grants-memory-out-of-range');
  });
}
