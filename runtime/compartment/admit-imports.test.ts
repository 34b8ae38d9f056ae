import test from 'ava';
import { readComponent } from '../../component/binary/read-component.ts';
import type { ComponentError } from '../../component/component-error.ts';
import { importedFunctions } from '../../component/imported-functions.ts';
import { BLINK, appImage, deviceApp, sha256 } from '../../test/support/device-app.ts';
import { FakeBroker } from '../../test/support/fake-broker.ts';
import { componentFromText } from '../../test/support/components.ts';
import { admitImports } from './admit-imports.ts';
import { runApp } from './run-app.ts';

const LOG = '(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))';

test('importedFunctions() names the functions that a component wants of each interface, and no others', async (t) => {
  const wanted = importedFunctions(readComponent(await deviceApp(BLINK.imports, BLINK.functions)));
  t.deepEqual(Object.fromEntries(wanted.map(({ name, functions }) => [name, [...functions].sort()])), {
    'casemate:device/errors@0.1.0': [],
    'casemate:device/gpio@0.1.0': ['[method]output.set', 'open-output'],
    'casemate:device/log@0.1.0': ['write'],
  });
});

test('an app without the grant is refused before its first instruction, with the function and the manifest line to add', async (t) => {
  // A start function that calls the log: any instruction of the guest would be seen by the broker.
  const component = await deviceApp(
    `${BLINK.imports}`,
    `${BLINK.functions} (func $s (call $log (i32.const 64) (i32.const 5))) (start $s)`,
  );
  const broker = new FakeBroker();
  const image = appImage(component, { gpioPins: [] });
  const ending = runApp({ readImage: () => image, broker: broker.streams(), sha256 });
  t.is(ending.kind === 'refused' ? ending.code : ending.kind, 'import-not-granted');
  t.deepEqual(broker.requests, []);
  const error = t.throws<ComponentError>(() => admitImports(readComponent(component), {}));
  t.is(error.details['interface'], 'casemate:device/gpio@0.1.0');
  t.regex(String(error.details['function']), /^(?:open-output|\[method\]output\.set)$/);
  t.is(error.details['line'], '"Gpio": ["$NAME_OF_THE_PERIPHERAL"]');
});

test('admitImports() admits what is granted, what needs no grant, and what a dependency supplies', async (t) => {
  const free = readComponent(await deviceApp(LOG, '(func (export "run") (result i32) i32.const 0)'));
  t.notThrows(() => admitImports(free, {}));
  const blink = readComponent(await deviceApp(BLINK.imports, BLINK.functions));
  t.notThrows(() => admitImports(blink, { gpioPins: [9] }));
  const foreign = readComponent(await componentFromText('(component (import "acme:sensor/driver" (instance)))'));
  t.is(t.throws<ComponentError>(() => admitImports(foreign, {})).code, 'import-not-offered');
  t.notThrows(() => admitImports(foreign, {}, new Set(['acme:sensor/driver'])));
});
