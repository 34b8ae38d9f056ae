// A JavaScript engine as a guest: eleven core modules, among them shims and fix-ups that place each other by arithmetic in constants, in
// some twenty nested components.

import test from 'ava';
import { componentize } from 'componentize-qjs';
import { writeFile } from 'node:fs/promises';
import { readComponent } from '../../component/binary/read-component.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import { hostFunction } from '../../component/host-interface.ts';
import type { Value, ValueType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { sharedFolder } from '../support/casemate.ts';
import { jcoOracle } from './jco/oracle.ts';
import type { RunJob } from './jobs.ts';
import { toJson } from './json.ts';
import { wasmtimeOracle } from './wasmtime/oracle.ts';

const { u8, u32, string } = PRIMITIVE_TYPES;
const folder = sharedFolder(test);
const LIMITS = { memoryPages: 512 };
const WIT = `package guest:js;
  interface host { record place { x: u32, y: u32 } say: func(text: string, bytes: list<u8>, at: place) -> result<u32, string>; }
  world guest { import host; export greet: func(name: string) -> string; export sum: func(xs: list<u32>) -> u32; }`;
const SOURCE = `import { say } from 'guest:js/host';
  export function greet(name) { return name + '! ' + say('hi ' + name, new Uint8Array([1, 2, 255]), { x: 3, y: 4 }); }
  export function sum(xs) { return xs.reduce((a, b) => a + b, 0); }`;

const place: ValueType = {
  kind: 'record',
  fields: [
    { name: 'x', type: u32 },
    { name: 'y', type: u32 },
  ],
};
const SAY_PARAMS = [
  { name: 'text', type: string },
  { name: 'bytes', type: { kind: 'list', element: u8 } },
  { name: 'at', type: place },
] as const;
const SAY_RESULT: ValueType = { kind: 'result', ok: u32, error: string };
const ANSWER: Value = { index: 0, value: 7 };

async function guest(options: { readonly sync?: boolean; readonly optSize?: boolean }): Promise<Uint8Array> {
  const witPath = folder.path(`guest-${JSON.stringify(options).length}.wit`);
  await writeFile(witPath, WIT);
  const { component } = await componentize({ witPath, world: 'guest', jsSource: SOURCE, stubWasi: true, ...options });
  return new Uint8Array(component);
}

function countCoreModules({ definitions }: ComponentDefinition): number {
  return definitions.reduce((sum, definition) => {
    if (definition.kind === 'component') return sum + countCoreModules(definition.component);
    return definition.kind === 'core-module' ? sum + 1 : sum;
  }, 0);
}

test('a QuickJS component runs here as it does under wasmtime and under jco', async (t) => {
  const component = await guest({ sync: true });
  t.true(countCoreModules(readComponent(component)) >= 8);
  const given: Value[][] = [];
  const say = hostFunction(SAY_PARAMS, SAY_RESULT, (...args) => {
    given.push([...args]);
    return ANSWER;
  });
  const types = { sort: 'type', type: { kind: 'value', type: place } } as const;
  const host = new Map([
    ['say', say],
    ['place', types],
  ]);
  const linked = linkComponent(component, new Map([['guest:js/host', host]]), LIMITS);
  linked.start();
  const greeting = linked.func('greet').call('Zoë \u{1f600}');
  t.is(greeting, 'Zoë \u{1f600}! 7');
  t.deepEqual(given, [['hi Zoë \u{1f600}', Uint8Array.of(1, 2, 255), [3, 4]]]);
  t.is(linked.func('sum').call([1, 2, 3]), 6);

  const job: RunJob = {
    kind: 'run',
    component,
    hosts: [
      {
        instance: 'guest:js/host',
        name: 'say',
        params: SAY_PARAMS,
        result: SAY_RESULT,
        answer: { value: ANSWER },
      },
    ],
    resources: [],
    instances: 'one',
    calls: [
      { path: ['greet'], args: ['Zoë \u{1f600}'], params: [{ name: 'name', type: string }], result: string },
      {
        path: ['sum'],
        args: [[1, 2, 3]],
        params: [{ name: 'xs', type: { kind: 'list', element: u32 } }],
        result: u32,
      },
    ],
  };
  const expected = toJson({
    kind: 'ran',
    outcomes: [
      { value: greeting, given },
      { value: 6, given: [] },
    ],
    dropped: [],
  });
  const oracle = wasmtimeOracle(t);
  if (oracle !== undefined) t.is(toJson(await oracle.ask(job)), expected);
  // jco gives a result's value or throws: what its host function answers is the value alone.
  const theirs = { ...job, hosts: job.hosts.map((each) => ({ ...each, result: u32, answer: { value: 7 } })) };
  t.is(toJson(await jcoOracle(t).ask(theirs)), expected);
});

/** Engines that componentize-qjs has besides, and why they do not run here. */
for (const [what, options, code] of [
  ['the asynchronous engine', {}, 'async-not-supported'],
  ['the engine made small, which makes tail calls', { sync: true, optSize: true }, 'core-opcode-not-allowed'],
] as const) {
  test(`a QuickJS component with ${what} is refused by a code that says so`, async (t) => {
    const component = await guest(options);
    const error = t.throws(() => readComponent(component), { instanceOf: ComponentError });
    t.is(error?.code, code);
  });
}
