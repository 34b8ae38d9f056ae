import test from 'ava';
import type { HostItem } from '../../component/host-interface.ts';
import { hostFunction, hostResource } from '../../component/host-interface.ts';
import type { Value, ValueType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { componentAround } from '../support/components.ts';
import { coreModule } from '../support/device-app.ts';
import type { OracleHostFunction, RunJob } from './jobs.ts';
import { toJson } from './json.ts';
import { trapKind } from './trap-kinds.ts';
import { wasmtimeOracle } from './wasmtime/oracle.ts';

const { u32 } = PRIMITIVE_TYPES;
const HOST = 'a:b/host';
const WIT = `package a:b;
  interface host {
    resource thing; resource other;
    make: func(n: u32) -> thing; make-other: func() -> other;
    take: func(x: thing); peek: func(x: borrow<thing>, n: u32) -> u32;
    take-all: func(xs: list<thing>); peek-all: func(xs: list<borrow<thing>>) -> u32;
    swap: func(x: thing) -> tuple<thing, thing>;
  }
  world w { import host; export run: func() -> u32; }`;
const IMPORTS = `
  (import "${HOST}" "make" (func $make (param i32) (result i32))) (import "${HOST}" "make-other" (func $other (result i32)))
  (import "${HOST}" "take" (func $take (param i32))) (import "${HOST}" "peek" (func $peek (param i32 i32) (result i32)))
  (import "${HOST}" "take-all" (func $take-all (param i32 i32))) (import "${HOST}" "peek-all" (func $peek-all (param i32 i32) (result i32)))
  (import "${HOST}" "swap" (func $swap (param i32 i32)))
  (import "${HOST}" "[resource-drop]thing" (func $drop (param i32))) (import "${HOST}" "[resource-drop]other" (func $drop-other (param i32)))`;

/** What a guest does with handles, and what that comes to by the canonical ABI. */
const GUESTS: readonly (readonly [string, string])[] = [
  ['makes one and drops it', '(call $drop (call $make (i32.const 1))) (i32.const 7)'],
  [
    'gets numbers from the table that it may use again',
    '(call $drop (call $make (i32.const 1))) (call $make (i32.const 2))',
  ],
  ['shows one and keeps it', '(call $peek (call $make (i32.const 1)) (i32.const 0))'],
  ['gives one away', '(call $take (call $make (i32.const 1))) (call $make (i32.const 5))'],
  [
    'drops one twice',
    '(local.set 0 (call $make (i32.const 1))) (call $drop (local.get 0)) (call $drop (local.get 0)) (i32.const 0)',
  ],
  [
    'uses one that it gave away',
    '(local.set 0 (call $make (i32.const 1))) (call $take (local.get 0)) (call $peek (local.get 0) (i32.const 0))',
  ],
  ['drops one of another type', '(call $drop (call $other)) (i32.const 0)'],
  ['shows one of another type', '(call $peek (call $other) (i32.const 0))'],
  ['invents a number', '(call $peek (i32.const 4000000000) (i32.const 0))'],
  ['uses number 0', '(call $drop (i32.const 0)) (i32.const 0)'],
  [
    'gives a list of two',
    '(i32.store (i32.const 16) (call $make (i32.const 1))) (i32.store (i32.const 20) (call $make (i32.const 2))) (call $take-all (i32.const 16) (i32.const 2)) (i32.const 0)',
  ],
  [
    'gives a list with one twice',
    '(i32.store (i32.const 16) (call $make (i32.const 1))) (i32.store (i32.const 20) (i32.load (i32.const 16))) (call $take-all (i32.const 16) (i32.const 2)) (i32.const 0)',
  ],
  [
    'swaps one for two and adds up what they are called',
    '(call $swap (call $make (i32.const 1)) (i32.const 32)) (i32.add (i32.load (i32.const 32)) (i32.mul (i32.const 10) (i32.load (i32.const 36))))',
  ],
  ['mixes two types in one table', '(drop (call $other)) (drop (call $make (i32.const 1))) (call $other)'],
  [
    'drops both types',
    '(local.set 0 (call $make (i32.const 1))) (call $drop-other (call $other)) (call $drop (local.get 0)) (i32.const 9)',
  ],
];

interface Hosts {
  readonly items: ReadonlyMap<string, HostItem>;
  readonly dropped: number[];
  readonly given: Value[][];
  readonly forOracle: readonly OracleHostFunction[];
}

function hosts(): Hosts {
  const dropped: number[] = [];
  const given: Value[][] = [];
  const thing = new ResourceType('thing', (rep) => void dropped.push(rep));
  const other = new ResourceType('other', (rep) => void dropped.push(rep));
  const own: ValueType = { kind: 'own', resource: thing };
  const borrow: ValueType = { kind: 'borrow', resource: thing };
  const functions: readonly (readonly [string, readonly ValueType[], ValueType | undefined, Value])[] = [
    ['make', [u32], own, 11],
    ['make-other', [], { kind: 'own', resource: other }, 99],
    ['take', [own], undefined, undefined],
    ['peek', [borrow, u32], u32, 5],
    ['take-all', [{ kind: 'list', element: own }], undefined, undefined],
    ['peek-all', [{ kind: 'list', element: borrow }], u32, 6],
    ['swap', [own], { kind: 'tuple', elements: [own, own] }, [21, 22]],
  ];
  const NAMES: Readonly<Record<string, readonly string[]>> = {
    make: ['n'],
    peek: ['x', 'n'],
    take: ['x'],
    swap: ['x'],
  };
  const named = (name: string, types: readonly ValueType[]) =>
    types.map((type, index) => ({ name: NAMES[name]?.[index] ?? 'xs', type }));
  const items = new Map<string, HostItem>([
    ['thing', hostResource(thing)],
    ['other', hostResource(other)],
    ...functions.map(([name, types, result, answer]): [string, HostItem] => [
      name,
      hostFunction(named(name, types), result, (...args) => {
        given.push([...args]);
        return answer;
      }),
    ]),
  ]);
  const forOracle = functions.map(([name, types, result, answer]): OracleHostFunction => {
    return { instance: HOST, name, params: named(name, types), result: result ?? null, answer: { value: answer } };
  });
  return { items, dropped, given, forOracle };
}

for (const [what, body] of GUESTS) {
  test(`a guest that ${what} comes out as under wasmtime: results, traps, what the host saw and what was dropped`, async (t) => {
    const oracle = wasmtimeOracle(t);
    if (oracle === undefined) return;
    const core = coreModule(IMPORTS, `(func (export "run") (result i32) (local i32) ${body})`);
    const component = await componentAround(core, WIT, 'w');
    const { items, dropped, given, forOracle } = hosts();
    const linked = linkComponent(component, new Map([[HOST, items]]), { memoryPages: 4 });
    linked.start();
    let mine: string;
    try {
      mine = toJson({ value: linked.func('run').call(), given });
    } catch (error) {
      mine = trapKind(error);
    }
    const job: RunJob = {
      kind: 'run',
      component,
      hosts: forOracle,
      resources: [
        { instance: HOST, name: 'thing' },
        { instance: HOST, name: 'other' },
      ],
      instances: 'one',
      calls: [{ path: ['run'], args: [], params: [], result: u32 }],
    };
    const answer = await oracle.ask(job);
    if (answer.kind !== 'ran') return t.fail(toJson(answer));
    const [outcome] = answer.outcomes;
    t.is(mine, outcome !== undefined && 'trap' in outcome ? trapKind(outcome.trap) : toJson(outcome));
    t.deepEqual(dropped, answer.dropped);
  });
}

test('a guest that shows a list with one handle twice has it back whole: wasmtime 50 stops there over a bug of its own', async (t) => {
  const body = `(i32.store (i32.const 16) (call $make (i32.const 1))) (i32.store (i32.const 20) (i32.load (i32.const 16)))
    (drop (call $peek-all (i32.const 16) (i32.const 2))) (call $drop (i32.load (i32.const 16))) (i32.const 3)`;
  const core = coreModule(IMPORTS, `(func (export "run") (result i32) ${body})`);
  const { items, dropped, given } = hosts();
  const linked = linkComponent(await componentAround(core, WIT, 'w'), new Map([[HOST, items]]), { memoryPages: 4 });
  linked.start();
  t.is(linked.func('run').call(), 3);
  t.deepEqual(given, [[1], [[11, 11]]]);
  t.deepEqual(dropped, [11]);
});
