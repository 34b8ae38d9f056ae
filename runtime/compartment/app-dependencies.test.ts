import test from 'ava';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { componentAround, componentFromText } from '../../test/support/components.ts';
import { DEVICE_WIT, appImage, coreModule, sha256 } from '../../test/support/device-app.ts';
import { FakeBroker } from '../../test/support/fake-broker.ts';
import type { AppEnding } from './run-app.ts';
import { runApp } from './run-app.ts';

const GPIO = 'casemate:device/gpio@0.1.0';
const DRIVER = 'acme:sensor/driver@1.2.0';
/** Pin to open → 0 when it was opened, 1 + the error otherwise. */
const DRIVER_WIT = `package acme:sensor@1.2.0; interface driver { try-pin: func(pin: u32) -> u32; }`;

/** The device's WIT and the driver's package in one text. */
const withDriver = (world: string): string => `package kit:app; ${world}\n${nested(DRIVER_WIT)}\n${nested(DEVICE_WIT)}`;
/** A package of its own as a nested one. */
function nested(wit: string): string {
  const [, name = '', rest = ''] = /package ([^;]+);([\s\S]*)/.exec(wit) ?? [];
  return `package ${name} { ${rest} }`;
}

const OPEN = `(import "${GPIO}" "open-input" (func $open (param i32 i32)))`;
const TRY = `(call $open (local.get 0) (i32.const 16))
  (if (i32.eqz (i32.load8_u (i32.const 16))) (then (return (i32.const 0))))
  (i32.add (i32.const 1) (i32.load8_u (i32.const 20)))`;

const driver = (): Promise<Uint8Array> =>
  componentAround(
    coreModule(OPEN, `(func (export "${DRIVER}#try-pin") (param i32) (result i32) ${TRY})`),
    withDriver('world inner { import casemate:device/gpio@0.1.0; export acme:sensor/driver@1.2.0; }'),
    'inner',
  );

/** Exit code: ten times what the driver answers for its pin, and what the app itself gets for the same pin. */
const outer = (pin: number): Promise<Uint8Array> =>
  componentAround(
    coreModule(
      `${OPEN} (import "${DRIVER}" "try-pin" (func $driver (param i32) (result i32)))`,
      `(func $own (param i32) (result i32) ${TRY})
       (func (export "run") (result i32)
         (i32.add (i32.mul (i32.const 10) (call $driver (i32.const ${pin}))) (call $own (i32.const ${pin}))))`,
    ),
    withDriver(
      'world outer { import casemate:device/gpio@0.1.0; import acme:sensor/driver@1.2.0; export run: func() -> u8; }',
    ),
    'outer',
  );

interface Changes {
  readonly bytes?: Uint8Array;
  readonly pins?: readonly number[];
  readonly appPins?: readonly number[];
}

async function run(pin: number, changes: Changes = {}): Promise<{ ending: AppEnding; broker: FakeBroker }> {
  const inner = await driver();
  const { bytes = inner, pins = [9], appPins = [8, 9] } = changes;
  const dependency = {
    Import: DRIVER,
    Component: 'lib/driver.wasm',
    Sha256: bytesToHex(sha256(inner)),
    Capabilities: { Gpio: pins },
  };
  const manifest = {
    SchemaVersion: 1,
    Name: 'outer',
    ComponentId: '11111111-2222-3333-4444-555555555555',
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: { Gpio: appPins },
    ApplicationType: 'Default',
    Dependencies: [dependency],
  };
  const files = new Map([['lib/driver.wasm', bytes]]);
  const image = appImage(await outer(pin), { manifest, files, gpioPins: [8, 9] });
  const broker = new FakeBroker();
  return { ending: runApp({ readImage: () => image, broker: broker.streams(), sha256 }), broker };
}

const opens = (broker: FakeBroker): unknown[] => broker.requests.filter((each) => each.function === 'gpio.open-input');

test('a dependency gets the pin of its part, and the app its own', async (t) => {
  const { ending, broker } = await run(9);
  t.deepEqual(ending, { kind: 'exit', exitCode: 0 });
  t.is(opens(broker).length, 2);
});

test('a pin of the app that is not of the part is refused to the dependency, before the broker is asked, and told on the log', async (t) => {
  const { ending, broker } = await run(8);
  // 1 + access-denied for the driver; the app itself opens it.
  t.deepEqual(ending, { kind: 'exit', exitCode: 10 });
  t.deepEqual(opens(broker), [{ function: 'gpio.open-input', pin: 8 }]);
  const logged = broker.requests.filter((each) => each.function === 'log.write');
  t.is(logged.length, 1);
});

const refusedWith = async (changes: Changes): Promise<string> => {
  const { ending, broker } = await run(9, changes);
  if (broker.requests.length > 0) return 'the guest ran';
  return ending.kind === 'refused' ? ending.code : ending.kind;
};

test('a component with another digest is refused before anything runs', async (t) => {
  const other = await componentFromText('(component)');
  t.is(await refusedWith({ bytes: other }), 'dependency-digest-mismatch');
});

test('a dependency whose part does not open what it imports is refused as an app would be', async (t) => {
  t.is(await refusedWith({ pins: [] }), 'import-not-granted');
});

test('a part that is more than the app asks for, or is granted, is refused', async (t) => {
  t.is(await refusedWith({ pins: [10] }), 'dependency-malformed', 'more than the manifest of the app');
  t.is(await refusedWith({ pins: [10], appPins: [8, 9, 10] }), 'dependency-malformed', 'more than the verified grants');
});
