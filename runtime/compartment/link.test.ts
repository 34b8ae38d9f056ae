import test from 'ava';
import fc from 'fast-check';
import { ComponentError } from '../../component/component-error.ts';
import { GuestTrap } from '../../component/abi/trap.ts';
import { hostFunction, hostResource } from '../../component/host-interface.ts';
import type { HostOffers } from '../../component/host-interface.ts';
import { TABLE_ENTRIES_MAX } from '../../contracts/core/limits.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import { BrokerPipe } from '../../host-apis/stubs/broker-pipe.ts';
import { deviceOffers } from '../../host-apis/stubs/device-offers.ts';
import { componentAround, componentFromText, dummyComponent } from '../../test/support/components.ts';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { BLINK, DEVICE_WIT, coreModule, deviceApp } from '../../test/support/device-app.ts';
import { FakeBroker } from '../../test/support/fake-broker.ts';
import { allotLimits } from './allot-limits.ts';
import type { LinkedComponent } from './link.ts';
import { linkComponent } from './link.ts';

const NOTHING: HostOffers = new Map();
const LIMITS = { memoryPages: 64 };
const { u32 } = PRIMITIVE_TYPES;

async function started(text: string, offers = NOTHING): Promise<LinkedComponent> {
  const linked = linkComponent(await componentFromText(text), offers, LIMITS);
  linked.start();
  return linked;
}

async function codeOfLinking(text: string, offers = NOTHING): Promise<string> {
  try {
    linkComponent(await componentFromText(text), offers, LIMITS);
    return 'linked';
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}

/** Component text and what it is refused with; a row is one lie that a component can tell. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['imports a function that nobody offers', '(component (import "f" (func)))', 'import-not-offered'],
  [
    'has an instruction off the list, in a module of a component that nobody instantiates',
    '(component (component (core module (func $f return_call $f))))',
    'core-opcode-not-allowed',
  ],
  ['imports a component', '(component (import "c" (component)))', 'import-not-offered'],
  [
    'gives a module a function of another core type',
    `(component (core module $a (func (export "f") (param i32))) (core module $b (import "a" "f" (func (param i64))))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'gives a module a memory that is too small',
    `(component (core module $a (memory (export "x") 1)) (core module $b (import "a" "x" (memory 2)))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'gives a module a memory that may grow further than it wants',
    `(component (core module $a (memory (export "x") 1)) (core module $b (import "a" "x" (memory 1 4)))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'gives a module a table of another element type',
    `(component (core module $a (table (export "x") 1 externref)) (core module $b (import "a" "x" (table 1 funcref)))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'gives a module a table that is too small',
    `(component (core module $a (table (export "x") 1 funcref)) (core module $b (import "a" "x" (table 2 funcref)))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'gives a module a global that it may not change',
    `(component (core module $a (global (export "x") i32 (i32.const 0))) (core module $b (import "a" "x" (global (mut i32))))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'gives a module a global of another type',
    `(component (core module $a (global (export "x") i64 (i64.const 0))) (core module $b (import "a" "x" (global i32)))
      (core instance $i (instantiate $a)) (core instance (instantiate $b (with "a" (instance $i)))))`,
    'core-link-mismatch',
  ],
  [
    'leaves a module without an import',
    '(component (core module $b (import "a" "f" (func))) (core instance (instantiate $b)))',
    'core-link-mismatch',
  ],
  [
    'lifts a core function of another type',
    `(component (core module $a (func (export "f") (result i64) i64.const 0)) (core instance $i (instantiate $a))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))`,
    'canon-signature-mismatch',
  ],
  [
    'lifts a string without memory',
    `(component (core module $a (func (export "f") (result i32) i32.const 0)) (core instance $i (instantiate $a))
      (func (export "f") (result string) (canon lift (core func $i "f"))))`,
    'canon-option-missing',
  ],
  [
    'lifts parameters with pointers without realloc',
    `(component (core module $a (memory (export "m") 1) (func (export "f") (param i32 i32))) (core instance $i (instantiate $a))
      (func (export "f") (param "s" string) (canon lift (core func $i "f") (memory (core memory $i "m")))))`,
    'canon-option-missing',
  ],
  [
    'takes a function for realloc that is none',
    `(component (core module $a (memory (export "m") 1) (func (export "f") (param i32 i32))) (core instance $i (instantiate $a))
      (func (export "f") (param "s" string) (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "f")))))`,
    'canon-signature-mismatch',
  ],
  [
    'makes handles of a resource that it did not define',
    `(component (import "r" (instance $h (export "r" (type (sub resource))))) (alias export $h "r" (type $r)) (canon resource.new $r (core func)))`,
    'import-not-offered',
  ],
  [
    'exports two things under one name',
    '(component (component $c) (export "a" (component $c)) (export "a" (component $c)))',
    'name-repeated',
  ],
  [
    'has a module that the engine refuses',
    '(component (core module (func (result i32))) (core instance (instantiate 0)))',
    'engine-refused',
  ],
];

for (const [what, text, code] of REFUSED) {
  test(`a component that ${what} is refused as ${code}`, async (t) => {
    t.is(await codeOfLinking(text), code);
  });
}

test('types that double with every definition are refused by size, and nothing is built for them', async (t) => {
  const doubling = Array.from({ length: 40 }, (_, index) => `(type $t${index + 1} (tuple $t${index} $t${index}))`).join(
    ' ',
  );
  t.is(await codeOfLinking(`(component (type $t0 (tuple u64 u64)) ${doubling})`), 'type-too-large');
  const lists = Array.from({ length: 80 }, (_, index) => `(type $t${index + 1} (list $t${index}))`).join(' ');
  t.is(await codeOfLinking(`(component (type $t0 (list u64)) ${lists})`), 'type-too-deep');
});

test('components that instantiate each other twice are refused by number', async (t) => {
  const levels = Array.from(
    { length: 12 },
    (_, index) =>
      `(component $c${index + 1} (alias outer 1 $c${index} (component $x)) (instance (instantiate $x)) (instance (instantiate $x)))`,
  );
  t.is(
    await codeOfLinking(`(component (component $c0) ${levels.join(' ')} (instance (instantiate $c12)))`),
    'component-too-complex',
  );
});

test('lists that all point at the same bytes cannot be lifted into more than the budget', async (t) => {
  const wit =
    'package a:b; interface host { take: func(all: list<list<list<u8>>>); } world w { import host; export run: func(); }';
  // 4,096 lists of 4,096 lists of 4,096 bytes, all in 64 KiB: 64 GiB once they are lifted.
  const functions = `(func $fill (param $at i32) (param $to i32) (local $n i32)
      (loop (i32.store (local.get $at) (local.get $to)) (i32.store offset=4 (local.get $at) (i32.const 4096))
        (local.set $at (i32.add (local.get $at) (i32.const 8))) (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $n) (i32.const 4096)))))
    (func (export "run") (call $fill (i32.const 0) (i32.const 32768)) (call $fill (i32.const 32768) (i32.const 0))
      (call $take (i32.const 0) (i32.const 4096)))`;
  const component = await componentAround(
    coreModule('(import "a:b/host" "take" (func $take (param i32 i32)))', functions),
    wit,
    'w',
  );
  const bytes = { kind: 'list', element: PRIMITIVE_TYPES.u8 } as const;
  const all = { kind: 'list', element: { kind: 'list', element: bytes } } as const;
  const host = new Map([['take', hostFunction([{ name: 'all', type: all }], undefined, () => t.fail())]]);
  const linked = linkComponent(component, new Map([['a:b/host', host]]), LIMITS);
  linked.start();
  const error = t.throws(() => linked.func('run').call(), { instanceOf: GuestTrap });
  t.is(error?.code, 'lift-budget-spent');
});

test('after a trap every call answers with that trap, and the guest does not run', async (t) => {
  let calls = 0;
  const host = new Map([['count', hostFunction([], undefined, () => void calls++)]]);
  const linked = await started(
    `(component (import "h" (instance $h (export "count" (func)))) (core func $count (canon lower (func $h "count")))
      (core module $m (import "h" "count" (func $count)) (func (export "good") (call $count)) (func (export "bad") (call $count) unreachable))
      (core instance $i (instantiate $m (with "h" (instance (export "count" (func $count))))))
      (func (export "good") (canon lift (core func $i "good"))) (func (export "bad") (canon lift (core func $i "bad"))))`,
    new Map([['h', host]]),
  );
  linked.func('good').call();
  t.is(calls, 1);
  const trap = t.throws(() => linked.func('bad').call(), { instanceOf: WebAssembly.RuntimeError });
  t.is(
    t.throws(() => linked.func('good').call(), { any: true }),
    trap,
  );
  t.is(calls, 2);
});

test('a guest that is called back while it calls out is not entered', async (t) => {
  const again: { call: () => void } = { call: () => t.fail() };
  const host = new Map([['again', hostFunction([], undefined, () => again.call())]]);
  const linked = await started(
    `(component (import "h" (instance $h (export "again" (func)))) (core func $again (canon lower (func $h "again")))
      (core module $m (import "h" "again" (func $again)) (func (export "run") (call $again)))
      (core instance $i (instantiate $m (with "h" (instance (export "again" (func $again))))))
      (func (export "run") (canon lift (core func $i "run"))))`,
    new Map([['h', host]]),
  );
  again.call = () => void linked.func('run').call();
  const error = t.throws(() => linked.func('run').call(), { instanceOf: GuestTrap });
  t.is(error?.code, 'cannot-enter');
});

/** A host that makes things, and takes one for good with `give`. */
const THINGS = `(import "h" (instance $h (export "thing" (type $thing (sub resource)))
    (export "make" (func (result (own $thing)))) (export "give" (func (param "t" (own $thing))))))
  (alias export $h "thing" (type $thing))`;
function thingOffers(onGive: () => void): HostOffers {
  const resource = new ResourceType('thing', () => undefined, undefined);
  const own = { kind: 'own', resource } as const;
  const thing = hostResource(resource);
  const make = hostFunction([], own, () => 7);
  const give = hostFunction([{ name: 't', type: own }], undefined, onGive);
  return new Map([['h', new Map(Object.entries({ thing, make, give }))]]);
}

test('a guest cannot give away for good what it was only lent', async (t) => {
  const text = `(component ${THINGS}
    (core func $give (canon lower (func $h "give")))
    (core module $m (import "h" "give" (func $give (param i32))) (func (export "take") (param i32) (call $give (local.get 0))))
    (core instance $i (instantiate $m (with "h" (instance (export "give" (func $give))))))
    (func (export "take") (param "t" (borrow $thing)) (canon lift (core func $i "take"))))`;
  const linked = await started(
    text,
    thingOffers(() => t.fail('it was given away')),
  );
  const error = t.throws(() => linked.func('take').call(7), { instanceOf: GuestTrap });
  t.is(error?.code, 'handle-not-own');
});

for (const [kind, signature] of [
  ['resource.new', 'makes handles of'],
  ['resource.rep', 'looks into'],
] as const) {
  test(`a component that ${signature} a resource that another one defined is refused`, async (t) => {
    t.is(
      await codeOfLinking(`(component ${THINGS} (core func (canon ${kind} $thing)))`, thingOffers(t.fail)),
      'sort-mismatch',
    );
  });
}

test('a guest that calls out while it allocates traps', async (t) => {
  const wit = 'package a:b; interface host { ping: func(); } world w { import host; export run: func(s: string); }';
  const core = `(module (import "a:b/host" "ping" (func $ping)) (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $ping) (i32.const 64))
    (func (export "run") (param i32 i32)))`;
  const host = new Map([['ping', hostFunction([], undefined, () => t.fail())]]);
  const linked = linkComponent(await componentAround(core, wit, 'w'), new Map([['a:b/host', host]]), LIMITS);
  linked.start();
  const error = t.throws(() => linked.func('run').call('text'), { instanceOf: GuestTrap });
  t.is(error?.code, 'cannot-leave');
});

/** Initial and maximum pages of each memory, pages granted, the maximum that each gets. */
const ALLOTTED: readonly (readonly [
  readonly (readonly [number, number | undefined])[],
  number,
  readonly number[] | undefined,
])[] = [
  [[[2, undefined]], 10, [10]],
  [[[2, 4]], 10, [4]],
  // The modest one takes its 1, the other all that is left.
  [
    [
      [1, undefined],
      [1, 2],
    ],
    10,
    [8, 2],
  ],
  [
    [
      [1, undefined],
      [1, undefined],
    ],
    11,
    [5, 6],
  ],
  [
    [
      [3, 3],
      [4, undefined],
    ],
    7,
    [3, 4],
  ],
  [
    [
      [5, undefined],
      [6, undefined],
    ],
    10,
    undefined,
  ],
  [[], 10, []],
];
test('allotLimits() shares a grant among several memories and never gives more', (t) => {
  for (const [memories, pages, maxima] of ALLOTTED) {
    const limits = memories.map(([initial, maximum]) => ({ initial, maximum }));
    if (maxima !== undefined) t.deepEqual(allotLimits(limits, pages, 'memory-over-limit'), maxima);
    else {
      const refused = (): unknown => allotLimits(limits, pages, 'memory-over-limit');
      t.is(t.throws(refused, { instanceOf: ComponentError })?.code, 'memory-over-limit');
    }
  }
});

/** A component of one core module that is instantiated so often; each instance grows its memories and tables as far as it can. */
function greedy(instances: number, declared: string): string {
  const grown = (what: string): string => `(loop (br_if 0 (i32.ne (${what}) (i32.const -1))))`;
  return `(component (core module $m ${declared}
      (func (export "pages") (result i32) ${grown('memory.grow (i32.const 1)')} (memory.size))
      (func (export "entries") (result i32) ${grown('table.grow $t (ref.null func) (i32.const 1)')} (table.size $t)))
    ${Array.from(
      { length: instances },
      (_, index) => `(core instance $i${index} (instantiate $m))
        (func (export "pages-${index}") (result u32) (canon lift (core func $i${index} "pages")))
        (func (export "entries-${index}") (result u32) (canon lift (core func $i${index} "entries")))`,
    ).join(' ')})`;
}

test('memories and tables of several instances share one grant, however they grow', async (t) => {
  const linked = await started(greedy(3, '(memory 1) (table $t 1 funcref) (table 100 externref)'));
  const reached = (what: string): number =>
    [0, 1, 2].reduce((sum, index) => sum + Number(linked.func(`${what}-${index}`).call()), 0);
  t.is(reached('pages'), LIMITS.memoryPages);
  t.true(reached('entries') + 3 * 100 <= TABLE_ENTRIES_MAX, 'the tables that did not grow keep a share');
});

for (const [what, instances, tables] of [
  ['one table', 1, '(table $t 65537 funcref)'],
  ['two tables of one module', 1, '(table $t 40000 40000 funcref) (table 40000 40000 externref)'],
  ['the tables of many instances', 100, '(table $t 1000 1000 funcref)'],
] as const) {
  test(`more table entries at the start than an app may have are refused before anything runs: ${what}`, async (t) => {
    t.is(await codeOfLinking(greedy(instances, `(memory 0) ${tables}`)), 'table-over-limit');
  });
}

test('linkComponent() answers hostile components with its own errors alone', async (t) => {
  const pipe = new BrokerPipe(new FakeBroker().streams());
  const offers = deviceOffers({ broker: pipe, files: new Map(), args: [] });
  const seeds = [await deviceApp(BLINK.imports, BLINK.functions), await dummyComponent(DEVICE_WIT, 'app')];
  const codes = [
    'component-not-a-component',
    'component-too-large',
    'component-truncated',
    'component-malformed',
    'component-too-complex',
    'async-not-supported',
    'feature-not-supported',
    'index-out-of-range',
    'sort-mismatch',
    'type-too-deep',
    'type-too-large',
    'core-module-malformed',
    'core-feature-not-supported',
    'core-opcode-not-allowed',
    'core-type-not-allowed',
    'memory-over-limit',
    'memory-shared',
    'memory-64',
    'memories-too-many',
    'table-over-limit',
    'name-repeated',
    'import-not-offered',
    'import-type-mismatch',
    'export-missing',
    'core-link-mismatch',
    'canon-option-missing',
    'canon-signature-mismatch',
    'engine-refused',
  ];
  codedErrorsOnly(t, (bytes) => linkComponent(bytes, offers, LIMITS), seeds, codes);
});

test('whatever core values a guest passes, the border answers with a call or a trap', async (t) => {
  const wit = `package a:b; interface host {
      variant deep { text(string), many(list<tuple<u8, string>>), maybe(option<f64>), code(char) }
      take: func(value: deep, flag: bool, more: list<deep>) -> result<deep, string>; }
    world w { import host; export run: func(a: s32, b: s32, c: s64, d: s32, e: s32, f: s32, g: s32) -> u32; }`;
  const functions = `(func (export "run") (param i32 i32 i64 i32 i32 i32 i32) (result i32)
    (call $take (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)) i32.const 0)`;
  const imports = '(import "a:b/host" "take" (func $take (param i32 i32 i64 i32 i32 i32 i32)))';
  const component = await componentAround(coreModule(imports, functions), wit, 'w');
  const { f64, char, string, u8, bool } = PRIMITIVE_TYPES;
  const deep = {
    kind: 'variant',
    cases: [
      { name: 'text', type: string },
      { name: 'many', type: { kind: 'list', element: { kind: 'tuple', elements: [u8, string] } } },
      { name: 'maybe', type: { kind: 'option', some: f64 } },
      { name: 'code', type: char },
    ],
  } as const;
  const params = [
    { name: 'value', type: deep },
    { name: 'flag', type: bool },
    { name: 'more', type: { kind: 'list', element: deep } },
  ] as const;
  let taken = 0;
  const take = hostFunction(params, { kind: 'result', ok: deep, error: string }, (value) => {
    taken++;
    return { index: 0, value };
  });
  const host = new Map([
    ['take', take],
    ['deep', { sort: 'type', type: { kind: 'value', type: deep } } as const],
  ]);
  const offers = new Map([['a:b/host', host]]);
  const word = fc.oneof({ arbitrary: fc.constantFrom(0, 1, 64), weight: 5 }, fc.nat(8), fc.integer(), fc.nat(140_000));
  let linked: LinkedComponent | undefined;
  let trapped = 0;
  fc.assert(
    fc.property(fc.nat(4), word, word, word, word, word, word, (a, b, c, d, e, f, g) => {
      linked ??= linkComponent(component, offers, LIMITS);
      linked.start();
      try {
        linked.func('run').call(a, b, BigInt(c), d, e, f, g);
      } catch (error) {
        if (!(error instanceof GuestTrap)) throw error;
        trapped++;
      }
      linked = undefined;
    }),
    { numRuns: 300 },
  );
  t.true(taken > 10 && trapped > 10, `${taken} calls, ${trapped} traps`);
});

test('an import is handed over by its exact version', async (t) => {
  const now = hostFunction([], u32, () => 5);
  const text = '(component (import "a:b/c@1.0.0" (instance (export "now" (func (result u32))))))';
  t.is(await codeOfLinking(text, new Map([['a:b/c@1.0.0', new Map([['now', now]])]])), 'linked');
  t.is(await codeOfLinking(text, new Map([['a:b/c@1.0.1', new Map([['now', now]])]])), 'import-not-offered');
});
