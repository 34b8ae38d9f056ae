import test from 'ava';
import { readComponent } from '../../component/binary/read-component.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { dummyComponent } from '../../test/support/components.ts';
import { DEVICE_WIT } from '../../test/support/device-app.ts';
import { FakeBroker } from '../../test/support/fake-broker.ts';
import { BrokerPipe } from './broker-pipe.ts';
import { deviceOffers } from './device-offers.ts';

const offers = deviceOffers({ broker: new BrokerPipe(new FakeBroker().streams()), files: new Map(), args: [] });
const LIMITS = { memoryPages: 16 };

function refusalOf(component: Uint8Array): string {
  try {
    linkComponent(component, offers, LIMITS);
    return 'linked';
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    return `${error.code} ${String(error.details['interface'])} ${String(error.details['function'])}`;
  }
}

/** Interface → the names that a component imports from it. */
function importedNames({ definitions }: ComponentDefinition): Record<string, string[]> {
  // The type space: type definitions, type aliases and type imports, in their order.
  const types = definitions.flatMap((definition) => {
    if (definition.kind === 'type') return [definition.type];
    return definition.kind === 'alias' && definition.alias.sort === 'type' ? [undefined] : [];
  });
  const names: Record<string, string[]> = {};
  for (const definition of definitions) {
    if (definition.kind !== 'import' || definition.described.kind !== 'instance') continue;
    const type = types[definition.described.type];
    if (type?.kind !== 'instance') continue;
    names[definition.name] = type.declarations.flatMap((declaration) =>
      declaration.kind === 'export' ? [declaration.name] : [],
    );
  }
  return names;
}

test('the stubs offer every import of the device world, with its type', async (t) => {
  t.is(refusalOf(await dummyComponent(DEVICE_WIT, 'app')), 'linked');
});

test('the stubs offer nothing that device.wit does not have', async (t) => {
  const imported = importedNames(readComponent(await dummyComponent(DEVICE_WIT, 'app')));
  t.deepEqual(Object.keys(imported).sort(), [...offers.keys()].sort());
  for (const [name, items] of offers) t.deepEqual([...items.keys()].sort(), imported[name]?.sort(), name);
});

/** A change of device.wit that an app could have been built against, and the refusal that names it. */
const PLANTED: readonly (readonly [string, string, string, string])[] = [
  [
    'an argument of another width',
    'func(pin: u32) -> result<input',
    'func(pin: u16) -> result<input',
    'import-type-mismatch casemate:device/gpio@0.1.0 open-input',
  ],
  [
    'an argument of another name',
    'set: func(level: level)',
    'set: func(to: level)',
    'import-type-mismatch casemate:device/gpio@0.1.0 [method]output.set',
  ],
  [
    'a result more',
    'write: func(message: string);',
    'write: func(message: string) -> u32;',
    'import-type-mismatch casemate:device/log@0.1.0 write',
  ],
  [
    'a case of an enum more',
    'enum level { low, high }',
    'enum level { low, high, floating }',
    'import-type-mismatch casemate:device/gpio@0.1.0 level',
  ],
  [
    'two cases of an enum exchanged',
    'enum level { low, high }',
    'enum level { high, low }',
    'import-type-mismatch casemate:device/gpio@0.1.0 level',
  ],
  [
    'one resource for another',
    'result<output, error-code>',
    'result<input, error-code>',
    'import-type-mismatch casemate:device/gpio@0.1.0 open-output',
  ],
  [
    'a borrow as an own',
    'on: list<borrow<pollable>>',
    'on: list<pollable>',
    'import-type-mismatch casemate:device/poll@0.1.0 wait',
  ],
  [
    'an option left out',
    'timeout-ns: option<u64>',
    'timeout-ns: u64',
    'import-type-mismatch casemate:device/poll@0.1.0 wait',
  ],
  ['a payload left out', 'ready(list<u32>)', 'ready', 'import-type-mismatch casemate:device/poll@0.1.0 wake'],
  [
    'a function more',
    'now: func() -> u64;',
    'now: func() -> u64; set-clock: func(to: u64);',
    'import-not-offered casemate:device/timers@0.1.0 set-clock',
  ],
  [
    'another version',
    'casemate:device@0.1.0',
    'casemate:device@0.1.1',
    'import-not-offered casemate:device/errors@0.1.1 undefined',
  ],
];

for (const [what, from, to, refusal] of PLANTED) {
  test(`a component built against a device.wit with ${what} is refused by name`, async (t) => {
    const planted = DEVICE_WIT.replace(from, to);
    t.not(planted, DEVICE_WIT);
    t.is(refusalOf(await dummyComponent(planted, 'app')), refusal);
  });
}
