import test from 'ava';
import { GuestTrap } from '../../component/abi/trap.ts';
import { ComponentError } from '../../component/component-error.ts';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { METER_MODULE } from '../../component/core/rewrite/meter-cell.ts';
import { rewriteModule } from '../../component/core/rewrite-module.ts';
import { blockingHostFunction, hostFunction } from '../../component/host-interface.ts';
import type { HostItem, HostOffers } from '../../component/host-interface.ts';
import { MAX_LIFTED_BYTES } from '../../component/limits.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { Value } from '../../component/value-types.ts';
import { componentFromText } from '../../test/support/components.ts';
import { linkComponent } from './link.ts';
import { Meter } from './meter.ts';

const { u32, string } = PRIMITIVE_TYPES;
const NOTHING: HostOffers = new Map();
const offering = (items: readonly (readonly [string, HostItem])[]): HostOffers => new Map([['h', new Map(items)]]);

/** What becomes of a component in a thread that it shares: its `run`, or the code that it ended with. */
async function outcome(
  text: string,
  offers = NOTHING,
  meter = new Meter({ fuel: 1n << 40n, suspends: true }),
): Promise<Value> {
  const bytes = await componentFromText(text);
  try {
    const linked = linkComponent(bytes, offers, { memoryPages: 1024, suspends: true, meter });
    linked.start();
    return await linked.func('run').enter?.();
  } catch (error) {
    if (error instanceof GuestTrap || error instanceof ComponentError) return error.code;
    throw error;
  }
}

/** A component of one module, with `run` of this body. */
const running = (fields: string, body: string): string => `(component (core module $m ${fields}
  (func (export "run") (result i32) ${body} (i32.const 1))) (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`;

/** A global of the guest's under the name of the meter's cell, given to a module that has no code and is not rewritten. */
test('a module without code cannot put a cell of its own in the place of the meter for those that come after it', async (t) => {
  const text = `(component
    (core module $g (global (export "cell") (mut i64) (i64.const 0x3fffffffff000000)))
    (core instance $own (instantiate $g))
    (core module $planted (import "${METER_MODULE}" "cell" (global (mut i64))))
    (core instance (instantiate $planted (with "${METER_MODULE}" (instance $own))))
    (core module $m (func (export "run") (result i32) (loop (br 0)) (i32.const 5)))
    (core instance $i (instantiate $m)) (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
  t.is(await outcome(text, NOTHING, new Meter({ fuel: 1000n, suspends: true })), 'name-repeated');
});

const FOUR = '(param "a" u32) (param "b" u32) (param "c" u32) (param "d" u32)';
const WAITS = `(import "h" (instance $h (export "four" (func ${FOUR} (result u32))) (export "one" (func (param "a" u32))) (export "name" (func (result string)))))
  (core func $four (canon lower (func $h "four"))) (core func $one (canon lower (func $h "one")))
  (core module $libc (memory (export "memory") 1)) (core instance $l (instantiate $libc))`;
/** A function that waits in the place of one of the guest's: it would be refused by a promise, and nobody awaits that. */
const IN_PLACE: readonly (readonly [string, string])[] = [
  [
    'realloc',
    `(component ${WAITS} (core func $name (canon lower (func $h "name") (memory (core memory $l "memory")) (realloc $four)))
      (core module $m (import "h" "name" (func $name (param i32))) (func (export "run") (result i32) (call $name (i32.const 16)) (i32.const 1)))
      (core instance $i (instantiate $m (with "h" (instance (export "name" (func $name))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))`,
  ],
  [
    'post-return',
    `(component ${WAITS} (core module $m (func (export "run") (result i32) (i32.const 1)))
      (core instance $i (instantiate $m)) (func (export "run") (result u32) (canon lift (core func $i "run") (post-return (core func $one)))))`,
  ],
];
for (const [place, text] of IN_PLACE) {
  test.serial(
    `a function that waits, as ${place}, is a trap and leaves no promise behind that would end the process`,
    async (t) => {
      const unhandled: unknown[] = [];
      const note = (cause: unknown): void => void unhandled.push(cause);
      process.on('unhandledRejection', note);
      const params = ['a', 'b', 'c', 'd'].map((name) => ({ name, type: u32 }));
      const never = (): Promise<never> => new Promise(() => undefined);
      const offers = offering([
        ['four', blockingHostFunction(params, u32, never)],
        ['one', blockingHostFunction([{ name: 'a', type: u32 }], undefined, never)],
        ['name', hostFunction([], string, () => 'Ada')],
      ]);
      t.is(await outcome(text, offers), 'cannot-leave');
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', note);
      t.deepEqual(unhandled, []);
    },
  );
}

/** The fuel that one module's `run` takes. */
async function fuelOf(text: string): Promise<number> {
  const module = readCoreModule(await componentFromText(`(module ${text})`));
  const bytes = rewriteModule(module, { memoryPages: 1, tableEntries: module.tables.map(() => 10_000), meter: true });
  const meter = new Meter({ fuel: 1n << 40n });
  const made = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), {
    [METER_MODULE]: meter.imports,
  });
  (made.exports['run'] as () => void)();
  return Number(meter.used);
}

const ones = (count: number): string => '(i32.const 1) '.repeat(count);
const drops = (count: number): string => '(drop) '.repeat(count);
/** Few instructions that are much work for the engine, as often as `times` says; and the least that each of them has to cost. */
const HEAVY: readonly (readonly [string, (times: number) => string, number])[] = [
  [
    'a call that clears 30,000 locals',
    (times) => `(func $f (local ${'i64 '.repeat(30_000)})) (func (export "run") ${'(call $f) '.repeat(times)})`,
    3000,
  ],
  [
    'a branch that carries 900 values past another',
    (times) => `(func (export "run") (local i32) (local.set 0 (i32.const ${times})) ${ones(900)}
      (loop (param ${'i32 '.repeat(900)}) (result ${'i32 '.repeat(900)}) (i32.const 7)
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))) (drop)) ${drops(900)})`,
    900,
  ],
  [
    'a call that only hands on 900 results',
    (times) => `(func $g (result ${'i32 '.repeat(900)}) ${ones(900)}) (func $f (result ${'i32 '.repeat(900)}) (call $g))
      (func (export "run") ${`(block (call $f) (br 0)) `.repeat(times)})`,
    1800,
  ],
  [
    'filling a table',
    (times) =>
      `(table 5000 funcref) (func (export "run") ${'(table.fill (i32.const 0) (ref.null func) (i32.const 5000)) '.repeat(times)})`,
    100_000,
  ],
  [
    'copying a table',
    (times) =>
      `(table 5000 funcref) (func (export "run") ${'(table.copy (i32.const 0) (i32.const 1) (i32.const 4999)) '.repeat(times)})`,
    100_000,
  ],
  [
    'initialising a table',
    (times) => `(table 5000 funcref) (func $g) (elem $e func ${'$g '.repeat(5000)})
      (func (export "run") ${'(table.init $e (i32.const 0) (i32.const 0) (i32.const 5000)) '.repeat(times)})`,
    100_000,
  ],
];
for (const [what, text, least] of HEAVY) {
  test(`${what} is paid for by what it makes the engine do`, async (t) => {
    const [once, thrice] = [await fuelOf(text(1)), await fuelOf(text(3))];
    t.true((thrice - once) / 2 >= least, `${(thrice - once) / 2} units, at least ${least} wanted`);
  });
}

test('an operation that owes thousands of refills takes them one after another', async (t) => {
  const module = readCoreModule(
    await componentFromText(
      '(module (table 1 funcref) (func (export "run") (table.fill (i32.const 0) (ref.null func) (i32.const -1))))',
    ),
  );
  const bytes = Uint8Array.from(rewriteModule(module, { memoryPages: 0, tableEntries: [1], meter: true }));
  for (const suspends of [false, true]) {
    let refills = 0;
    const refill = (): bigint => (refills++, 1_000_000n);
    const meter = new Meter({ fuel: 0n, refill, ...(suspends && { suspends }) });
    const made = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [METER_MODULE]: meter.imports });
    const run = made.exports['run'] as () => void;
    // Paid for to the last entry, and then out of bounds.
    const failure = suspends
      ? await t.throwsAsync(WebAssembly.promising(run)(), { instanceOf: WebAssembly.RuntimeError })
      : t.throws(run, { instanceOf: WebAssembly.RuntimeError });
    t.regex(String(failure?.message), /out of bounds/);
    t.true(refills > 100_000);
  }
});

/** A loop over a function of the host that answers at once. */
const calling = (name: string): string => `(component (import "h" (instance $h (export "${name}" (func (result u32)))))
  (core func $f (canon lower (func $h "${name}")))
  (core module $m (import "h" "f" (func $f (result i32))) (func (export "run") (result i32) (loop (drop (call $f)) (br 0)) (i32.const 1)))
  (core instance $i (instantiate $m (with "h" (instance (export "f" (func $f))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`;

test('calls of the host are paid for: a loop of them ends its quantum sooner than one of instructions', async (t) => {
  for (const make of [hostFunction, blockingHostFunction]) {
    let calls = 0;
    const offers = offering([['f', make([], u32, () => ++calls)]]);
    t.is(await outcome(calling('f'), offers, new Meter({ fuel: 100_000n, suspends: true })), 'fuel-exhausted');
    t.true(calls > 10 && calls < 2500, `${calls} calls`);
  }
});

test('bytes that the host moves for a guest are paid for by their number', async (t) => {
  const take = hostFunction(
    [{ name: 'x', type: { kind: 'list', element: PRIMITIVE_TYPES.u8 } }],
    undefined,
    () => undefined,
  );
  const text = (
    bytes: number,
  ): string => `(component (import "h" (instance $h (export "take" (func (param "x" (list u8))))))
    (core module $libc (memory (export "memory") 17)) (core instance $l (instantiate $libc))
    (core func $f (canon lower (func $h "take") (memory (core memory $l "memory"))))
    (core module $m (import "h" "f" (func $f (param i32 i32))) (func (export "run") (result i32) (call $f (i32.const 0) (i32.const ${bytes})) (i32.const 1)))
    (core instance $i (instantiate $m (with "h" (instance (export "f" (func $f))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
  const used = async (bytes: number): Promise<bigint> => {
    const meter = new Meter({ fuel: 1n << 30n, suspends: true });
    t.is(await outcome(text(bytes), offering([['take', take]]), meter), 1);
    return meter.used;
  };
  t.is((await used(1024 * 1024)) - (await used(0)), 65_536n);
});

test('a destructor that drops what has the same destructor ends with the stack that the guest has, at the same depth each time', async (t) => {
  const text = `(component
    (core module $t (table (export "t") 1 funcref) (type $v (func (param i32)))
      (func (export "dtor") (param i32) (call_indirect (type $v) (local.get 0) (i32.const 0))))
    (core instance $ti (instantiate $t))
    (type $r (resource (rep i32) (dtor (core func $ti "dtor"))))
    (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
    (import "h" (instance $h (export "note" (func (result u32))))) (core func $note (canon lower (func $h "note")))
    (core module $m (import "h" "new" (func $new (param i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
      (import "h" "note" (func $note (result i32))) (import "h" "t" (table 1 funcref))
      (func $again (param i32) (drop (call $note)) (call $drop (call $new (local.get 0)))) (elem (i32.const 0) func $again)
      (func (export "run") (result i32) (call $drop (call $new (i32.const 0))) (i32.const 1)))
    (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new)) (export "drop" (func $drop)) (export "note" (func $note)) (export "t" (table $ti "t"))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
  const depths = new Set<number>();
  for (let round = 0; round < 3; round++) {
    let depth = 0;
    t.is(await outcome(text, offering([['note', hostFunction([], u32, () => ++depth)]])), 'stack-exhausted');
    depths.add(depth);
  }
  t.is(depths.size, 1);
});

const repeated = (times: number, text: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => text(index)).join(' ');
/** A few hundred kilobytes that instantiate one definition again and again. */
const BOMBS: readonly (readonly [string, string])[] = [
  [
    'exports',
    `(component (core module $m (func $f) ${repeated(20_000, (index) => `(export "${index}" (func $f))`)}) ${repeated(50, () => '(core instance (instantiate $m))')})`,
  ],
  [
    'globals',
    `(component (core module $m ${repeated(50_000, () => '(global i32 (i32.const 0))')}) ${repeated(50, () => '(core instance (instantiate $m))')})`,
  ],
  [
    'entries of element segments',
    `(component (core module $t (table (export "t") 5000 funcref)) (core instance $t (instantiate $t))
      (core module $m (import "t" "t" (table 1 funcref)) (func $f) ${repeated(10, () => `(elem (i32.const 0) func ${'$f '.repeat(5000)})`)})
      ${repeated(50, () => '(core instance (instantiate $m (with "t" (instance $t))))')})`,
  ],
  [
    'bytes of data',
    `(component (core module $l (memory (export "m") 16)) (core instance $l (instantiate $l))
      (core module $m (import "l" "m" (memory 1)) (data (i32.const 0) "${'0123456789abcdef'.repeat(40_000)}"))
      ${repeated(240, () => '(core instance (instantiate $m (with "l" (instance $l))))')})`,
  ],
  [
    'fields of types',
    `(component (component $c ${repeated(2, () => `(type (record ${repeated(5000, (index) => `(field "f${index}" u8)`)}))`)}) ${repeated(100, () => '(instance (instantiate $c))')})`,
  ],
];
for (const [what, text] of BOMBS) {
  test(`one definition that is instantiated often does not multiply its ${what} without bound`, async (t) => {
    t.is(await outcome(text), 'component-too-complex');
  });
}

/** `run` passes a list of 16 elements of `type`, which is of one byte each a thousand times over, to a component inside. */
test('a byte of the guest that is an object of the host counts as one', async (t) => {
  const types = `(type $r (result)) (type $t (tuple ${'$r '.repeat(1000)})) (type $l (list $t))`;
  const text = (count: number): string => `(component ${types}
    (component $in ${types} (core module $m (memory (export "memory") 32)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)) (func (export "f") (param i32 i32)))
      (core instance $i (instantiate $m))
      (func (export "f") (param "x" $l) (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
    (instance $n (instantiate $in)) (core module $libc (memory (export "memory") 32)) (core instance $l (instantiate $libc))
    (core func $f (canon lower (func $n "f") (memory (core memory $l "memory"))))
    (core module $m (import "h" "f" (func $f (param i32 i32))) (func (export "run") (result i32) (call $f (i32.const 0) (i32.const ${count})) (i32.const 7)))
    (core instance $i (instantiate $m (with "h" (instance (export "f" (func $f))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
  t.is(await outcome(text(16)), 7);
  // 1,000,000 bytes in the guest.
  t.is(await outcome(text(1000)), 'lift-budget-spent');
});

test('calls within calls lift out of one budget, and what a call has lifted is there again after it', async (t) => {
  const bytes = MAX_LIFTED_BYTES / 2 + 1;
  const list = '(param "x" (list u8))';
  const libc =
    '(core module $libc (memory (export "memory") 256) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))) (core instance $l (instantiate $libc))';
  const lower = (from: string): string =>
    `(core func $f (canon lower (func ${from}) (memory (core memory $l "memory"))))`;
  const module = (fields: string): string => `(core module $m (import "h" "f" (func $f (param i32 i32))) ${fields})
    (core instance $i (instantiate $m (with "h" (instance (export "f" (func $f))))))`;
  const text = (
    inner: string,
    times: number,
  ): string => `(component (import "h" (instance $h (export "take" (func ${list}))))
    (component $in (import "h" (instance $h (export "take" (func ${list})))) ${libc} ${lower('$h "take"')}
      ${module(`(func (export "f") (param i32 i32) ${inner})`)}
      (func (export "f") ${list} (canon lift (core func $i "f") (memory (core memory $l "memory")) (realloc (core func $l "realloc")))))
    (instance $n (instantiate $in (with "h" (instance $h)))) ${libc} ${lower('$n "f"')}
    ${module(`(func (export "run") (result i32) ${`(call $f (i32.const 0) (i32.const ${bytes}))`.repeat(times)} (i32.const 7))`)}
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
  const take = hostFunction(
    [{ name: 'x', type: { kind: 'list', element: PRIMITIVE_TYPES.u8 } }],
    undefined,
    () => undefined,
  );
  const offers = offering([['take', take]]);
  t.is(await outcome(text('', 5), offers), 7);
  t.is(await outcome(text('(call $f (local.get 0) (local.get 1))', 1), offers), 'lift-budget-spent');
});

test('handles are counted over all component instances of an app', async (t) => {
  // Each of the inner ones makes 40,000 of its own and gives none away.
  const text = (
    inner: number,
  ): string => `(component (component $c (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
      (core module $m (import "h" "new" (func $new (param i32) (result i32))) (func (export "f") (result i32) (local i32)
        (loop (drop (call $new (i32.const 1))) (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 40000)))) (local.get 0)))
      (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new))))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    ${repeated(inner, (index) => `(instance $x${index} (instantiate $c)) (core func $f${index} (canon lower (func $x${index} "f")))`)}
    (core module $m ${repeated(inner, (index) => `(import "h" "f${index}" (func $f${index} (result i32)))`)}
      (func (export "run") (result i32) ${repeated(inner, (index) => `(drop (call $f${index}))`)} (i32.const 4)))
    (core instance $i (instantiate $m (with "h" (instance ${repeated(inner, (index) => `(export "f${index}" (func $f${index}))`)}))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
  t.is(await outcome(text(1)), 4);
  t.is(await outcome(text(2)), 'handles-too-many');
});

test('a guest cannot keep names of the prototype: they are names as any other', async (t) => {
  const text = `(component (core module $p (func (export "__proto__") (result i32) (i32.const 9))) (core instance $p (instantiate $p))
    (core module $m (import "__proto__" "__proto__" (func $f (result i32))) (export "constructor" (func $f)))
    (core instance $i (instantiate $m (with "__proto__" (instance $p))))
    (func (export "run") (result u32) (canon lift (core func $i "constructor"))))`;
  t.is(await outcome(text), 9);
});

test('memory and entries of tables that nobody exports count, as often as a module is instantiated', async (t) => {
  const module = '(core module $m (memory 300) (func (export "run") (result i32) (memory.grow (i32.const 1000))))';
  const instances = (count: number): string =>
    repeated(count, (index) => `(core instance $i${index} (instantiate $m))`);
  const run = '(func (export "run") (result u32) (canon lift (core func $i0 "run")))';
  t.is(await outcome(`(component ${module} ${instances(3)} ${run})`), 0xffff_ffff);
  t.is(await outcome(`(component ${module} ${instances(4)} ${run})`), 'memory-over-limit');
  const tables = '(core module $m (table 40000 externref) (func (export "run") (result i32) (i32.const 1)))';
  t.is(await outcome(`(component ${tables} ${instances(250)} ${run})`), 'table-over-limit');
});

test("an endless loop of an exported meter is the guest's own function", async (t) => {
  const named = running(
    '(func (export "spent") (param i64) (result i64) (i64.const 1)) (global (export "cell") (mut i64) (i64.const 1))',
    '(loop (br 0))',
  );
  t.is(await outcome(named, NOTHING, new Meter({ fuel: 1000n, suspends: true })), 'fuel-exhausted');
});

/** What only a component of its own may say. */
const NOT_ITS_OWN: readonly (readonly [string, string, string])[] = [
  [
    'an alias of a resource type of the component around',
    '(component (type $r (resource (rep i32))) (component (alias outer 1 $r (type $s))) (instance (instantiate 0)))',
    'component-malformed',
  ],
  [
    'an alias of a type with such a resource in it',
    '(component (type $r (resource (rep i32))) (type $o (own $r)) (type $l (list $o)) (component (alias outer 1 $l (type $s))) (instance (instantiate 0)))',
    'component-malformed',
  ],
  [
    'such an alias out of an instance type of the component inside',
    '(component (type $r (resource (rep i32))) (component (type (instance (alias outer 2 $r (type $s)) (export "x" (type (eq $s))))) (import "i" (instance (type 0)))) (instance $i (export "x" (type $r))) (instance (instantiate 0 (with "i" (instance $i)))))',
    'component-malformed',
  ],
  [
    'a function that is exported as one of another type',
    '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (type $u (func (param "x" u32))) (func $f (canon lift (core func $i "f"))) (export "g" (func $f) (func (type $u))))',
    'export-type-mismatch',
  ],
  [
    'a type that is exported as another',
    '(component (type $a u32) (type $b u8) (export "t" (type $a) (type (eq $b))))',
    'export-type-mismatch',
  ],
];
for (const [what, text, code] of NOT_ITS_OWN) {
  test(`${what} is refused`, async (t) => {
    t.is(await outcome(text), code);
  });
}

test('what an export does not say of its instance is not seen', async (t) => {
  const text = (
    from: string,
  ): string => `(component (component $c (core module $m (func (export "f") (result i32) (i32.const 3))) (core instance $i (instantiate $m))
      (func $f (result u32) (canon lift (core func $i "f"))) (instance $two (export "a" (func $f)) (export "b" (func $f)))
      (export "two" (instance $two) (instance (export "a" (func (result u32))))))
    (instance $x (instantiate $c)) (alias export $x "two" (instance $two)) (alias export $two "${from}" (func $f)) (export "run" (func $f)))`;
  t.is(await outcome(text('a')), 3);
  t.is(await outcome(text('b')), 'export-missing');
});
