import test from 'ava';
import { grantsOf } from '../../contracts/core/grants.ts';
import type { GrantList } from '../../contracts/core/grants.ts';
import { BUNDLES, BUNDLE_NAMES, bundle } from '../factory/bundle.ts';
import { compositionOf, RUNS } from './compositions.ts';
import { deriveCalls, functionsWithoutRecipe } from './derive-calls.ts';
import type { DerivedCalls } from './derive-calls.ts';
import { GUEST_CALLS } from './guest-calls.ts';
import { editsOf, mutantOf } from './mutants.ts';
import { neighbourOf } from './neighbour.ts';
import type { PartCalls } from './part-calls.ts';
import { deriveParts } from './part-calls.ts';
import { callsOf } from './play-run.ts';
import { claimedChecks } from './test-capabilities.ts';

const GRANTS: Readonly<Record<string, Omit<GrantList, 'memoryBytes'>>> = {
  nothing: {},
  'two pins': { gpioPins: [8, 12] },
  'the first and the last pin': { gpioPins: [0, 80] },
  storage: { storageBytes: 8192 },
  hosts: { hosts: ['a.example', '192.0.2.1'] },
  'server ports': { tcpServerPorts: [80], udpServerPorts: [65535] },
};

function derived(grants: Omit<GrantList, 'memoryBytes'>): DerivedCalls {
  const all = grantsOf({ memoryBytes: 65536, ...grants });
  return deriveCalls(all, neighbourOf(all));
}

test('the kit has a recipe for every function of the capability table', (t) => {
  t.deepEqual(functionsWithoutRecipe(), []);
});

test('a function that the kit does not know is named', (t) => {
  const [rule] = [{ function: 'gpio.burn' }] as never[];
  t.deepEqual(functionsWithoutRecipe([rule as never]), ['gpio.burn']);
});

for (const [what, grants] of Object.entries(GRANTS)) {
  test(`a manifest with ${what} has granted and denied calls, and no two rows are one`, (t) => {
    const { calls } = derived(grants);
    t.true(calls.some(({ granted }) => granted));
    t.true(calls.some(({ stop }) => stop !== undefined));
    const names = calls.map(({ function: name, resource, scene }) => `${name} ${resource} ${scene}`);
    t.is(new Set(names).size, names.length);
  });

  test(`a manifest with ${what}: every check that it relies on has a build without it, which changes what it says it does`, (t) => {
    for (const check of claimedChecks(derived(grants))) {
      const mutant = mutantOf(check);
      const edits = editsOf([mutant], 65_536);
      t.true(edits.length > 0, check);
      t.notThrows(() => compositionOf(mutant.run, edits), check);
    }
  });

  test(`a manifest with ${what}: a guest has words for every call that it is to make`, (t) => {
    const calls = callsOf('shipped', derived(grants));
    const said = calls.filter(({ wasi }) => wasi === undefined);
    const silent = said.flatMap(({ call, before }) => [call, ...before.map(({ request }) => request)]);
    t.deepEqual(
      silent.filter((request) => GUEST_CALLS[request.function] === undefined),
      [],
    );
  });
}

test('pins around a granted one, the chip’s first and last, and numbers beyond them are denied', (t) => {
  const { calls } = derived({ gpioPins: [8] });
  const outside = calls.filter(
    (call) => call.function === 'gpio.open-input' && !call.granted && call.scene === 'alone',
  );
  t.deepEqual(
    outside.map(({ resource }) => resource),
    ['gpio:0', 'gpio:7', 'gpio:9', 'gpio:80', 'gpio:81', 'gpio:264', 'gpio:4294967295'],
  );
});

const APP = { gpioPins: [8, 12], hosts: ['a.example', 'b.example'], tcpServerPorts: [80], storageBytes: 8192 };
const NAME = 'acme:sensor/driver@1.2.0';

function partCalls(part: Omit<GrantList, 'memoryBytes'>): PartCalls {
  const all = grantsOf({ memoryBytes: 65536, ...APP });
  const { gpioPins, ...asked } = grantsOf({ memoryBytes: 65536, ...part });
  const dependency = { import: NAME, component: 'lib/driver.wasm', sha256: '00'.repeat(32), gpioPins, asked };
  const [one] = deriveParts({ dependencies: [dependency] }, all, neighbourOf(all));
  if (one === undefined) throw new Error('no part');
  return one;
}

test('a dependency is tried with what its part has, and with what only the app has', (t) => {
  const { calls } = partCalls({ gpioPins: [12], hosts: ['b.example'] });
  const told = (name: string): readonly (readonly [string, string])[] =>
    calls
      .filter((call) => call.function === name && call.wasi?.act !== 'fetch')
      .map(
        ({ resource, stop }) => [resource, stop === undefined ? 'allowed' : `${stop.layer}: ${stop.check}`] as const,
      );
  t.deepEqual(told('gpio.open-output'), [
    ['gpio:12', 'allowed'],
    ['gpio:8', 'linker: part:gpio'],
  ]);
  t.deepEqual(told('tcp.connect'), [
    ['host:b.example:443 by WASI', 'allowed'],
    ['host:b.example:8883 by WASI', 'allowed'],
    ['host:a.example:443 by WASI', 'linker: part:names'],
    ['host:a.example:8883 by WASI', 'linker: part:names'],
  ]);
  t.deepEqual(told('tcp.listen'), [['tcp-server:80 by WASI', 'linker: part:tcp-ports']]);
  t.deepEqual(told('storage.create'), [['storage by WASI', 'linker: part:storage']]);
});

test('an interface that the app may import and the dependency may not is tried as an import', (t) => {
  const { calls, closed } = partCalls({ storageBytes: 8192 });
  t.true(closed.some(({ name }) => name === 'casemate:device/gpio@0.1.0'));
  t.true(closed.some(({ name }) => name === 'wasi:http/outgoing-handler@0.2.0'));
  t.false(calls.some(({ call }) => call.function.startsWith('gpio.') || call.function.startsWith('tcp.')));
  for (const check of claimedChecks(derived(APP), [partCalls({}), partCalls(APP)])) t.notThrows(() => mutantOf(check));
});

test('hosts one label off are denied', (t) => {
  const { calls } = derived({ hosts: ['api.a.example'] });
  const denied = calls
    .filter((call) => call.function === 'names.resolve' && !call.granted)
    .map(({ resource }) => resource);
  for (const host of ['x.api.a.example', 'a.example', 'api.a.example.example', 'api.a.example.', '127.0.0.1']) {
    t.true(denied.includes(`host:${host}`), host);
  }
});

/** What only a build of the kit holds. */
const SWITCHES = ['soundCheck', 'kit-calls.json', '.slice(0,0)', 'kit end 00', 'kitWithout'];

test('no bundle of the product has the kit’s openings: they are edits of a build, not switches', async (t) => {
  for (const name of BUNDLE_NAMES) {
    const { code, inputs } = await bundle(BUNDLES[name]);
    const text = new TextDecoder().decode(code);
    t.deepEqual(
      SWITCHES.filter((word) => text.includes(word)),
      [],
      name,
    );
    t.deepEqual(
      inputs.filter((path) => path.startsWith('toolchain/')),
      [],
      name,
    );
  }
});

test('the openings are in the builds of the kit, so that the test above can fail', async (t) => {
  const opened = compositionOf('opened').rules;
  const takenOver = compositionOf('taken-over').rules;
  const textOf = async (rule: Parameters<typeof bundle>[0]) => new TextDecoder().decode((await bundle(rule)).code);
  t.true((await textOf(opened.os)).includes('allows:()=>true'));
  t.true((await textOf(takenOver.compartment)).includes('kit-calls.json'));
  t.true((await textOf(opened.compartment)).includes('.slice(0,0)'));
});

test('shipped is the release as it is: nothing is replaced', (t) => {
  t.deepEqual([...RUNS], ['shipped', 'taken-over', 'opened', 'opened-taken-over']);
  for (const rule of Object.values(compositionOf('shipped').rules)) t.deepEqual(rule.replaced, []);
});
