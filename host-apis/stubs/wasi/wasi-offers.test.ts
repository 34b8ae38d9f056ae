import test from 'ava';
import { ComponentError } from '../../../component/component-error.ts';
import { linkComponent } from '../../../runtime/compartment/link.ts';
import { wasiParts } from '../../../test/oracle/wasi/install.ts';
import { dummyComponent } from '../../../test/support/components.ts';
import { FakeBroker } from '../../../test/support/fake-broker.ts';
import { OFFERED_INTERFACES } from '../../capabilities.ts';
import { BrokerPipe } from '../broker-pipe.ts';
import { wasiWorld } from './wasi-offers.ts';

const { offers, packages } = wasiWorld({
  broker: new BrokerPipe(new FakeBroker().streams()),
  files: new Map(),
  args: [],
  environment: [],
  hasStorage: false,
});

const OFFERED = Object.values(packages).flatMap((make) => [...make().keys()]);

/** A package of its own, as WIT nests them in one text. */
function nested(text: string): string {
  return text.replace(/^package ([^;]+);/, (_, name: string) => `package ${name} {`).concat('\n}');
}

/** A world with these imports, in the WIT of the newest release as it was published. */
function world(wit: (name: string) => string, imports: readonly string[]): string {
  const packages = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'].map((name) => nested(wit(name)));
  return `package test:all;\n${packages.join('\n')}\nworld all { ${imports.map((name) => `import ${name};`).join(' ')} }`;
}

function refusalOf(component: Uint8Array): string {
  try {
    linkComponent(component, offers, { memoryPages: 16 });
    return 'linked';
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    return `${error.code} ${String(error.details['interface'])} ${String(error.details['function'])}`;
  }
}

test('every function of every interface that is offered links with the type that WASI 0.2 publishes', async (t) => {
  const parts = wasiParts(t);
  if (parts === undefined) return;
  const version = /@(0\.2\.\d+);/.exec(parts.wit('cli'))?.[1] ?? '';
  const names = OFFERED.map((name) => name.replace('@0.2.0', `@${version}`));
  t.true(names.length >= 20);
  t.is(refusalOf(await dummyComponent(world(parts.wit, names), 'all')), 'linked');
});

test('every patch of 0.2 is the same offer, and no other version is one', async (t) => {
  const parts = wasiParts(t);
  if (parts === undefined) return;
  for (const [version, outcome] of [
    ['0.2.0', 'linked'],
    ['0.2.3', 'linked'],
    ['0.2.99', 'linked'],
    ['0.3.0', 'import-not-offered wasi:io/error@0.3.0 undefined'],
    ['1.0.0', 'import-not-offered wasi:io/error@1.0.0 undefined'],
  ] as const) {
    const wit = (name: string) => parts.wit(name).replaceAll(/@0\.2\.\d+/g, `@${version}`);
    const imports = [`wasi:io/streams@${version}`, `wasi:clocks/wall-clock@${version}`];
    t.is(refusalOf(await dummyComponent(world(wit, imports), 'all')), outcome, version);
  }
});

/** A change of the published WIT that a component could have been built against, and the refusal that names it. */
const PLANTED: readonly (readonly [string, string, string, string, string])[] = [
  ['a case fewer in an error', 'filesystem', '        cross-device,', '', 'filesystem/types error-code'],
  [
    'an argument of another width',
    'random',
    'get-random-bytes: func(len: u64)',
    'get-random-bytes: func(len: u32)',
    'random/random get-random-bytes',
  ],
  ['a result more', 'io', 'block: func();', 'block: func() -> bool;', 'io/poll [method]pollable.block'],
  ['a field of a record exchanged', 'clocks', 'nanoseconds: u32', 'nanoseconds: u64', 'clocks/wall-clock datetime'],
];

for (const [what, name, from, to, refusal] of PLANTED) {
  test(`a component built against WASI with ${what} is refused by name`, async (t) => {
    const parts = wasiParts(t);
    if (parts === undefined) return;
    const version = /@(0\.2\.\d+);/.exec(parts.wit('cli'))?.[1] ?? '';
    const wit = (of: string) => (of === name ? planted(parts.wit(of), from, to) : parts.wit(of));
    const [iface = '', item = ''] = refusal.split(' ');
    const component = await dummyComponent(world(wit, [`wasi:${iface}@${version}`]), 'all');
    t.is(refusalOf(component), `import-type-mismatch wasi:${iface}@${version} ${item}`);
  });
}

function planted(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the WIT has no ${from}`);
  return text.replace(from, to);
}

test('the table of capabilities lists exactly what the stubs offer of WASI', (t) => {
  const own = OFFERED_INTERFACES.filter((name) => name.startsWith('wasi:'));
  t.deepEqual(OFFERED.toSorted(), own.sort());
});

test('a package is made when one of its interfaces is asked for, once, and gives no other one’s', (t) => {
  for (const [name, make] of Object.entries(packages)) {
    for (const offered of make().keys()) t.true(offered.startsWith(`${name}/`), offered);
  }
  for (const name of OFFERED) t.is(offers.get(name), offers.get(name));
  t.is(offers.get('wasi:io/none@0.2.0'), undefined);
  t.is(offers.get('constructor'), undefined);
});
