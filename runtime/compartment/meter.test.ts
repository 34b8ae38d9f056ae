import test from 'ava';
import { GuestTrap } from '../../component/abi/trap.ts';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { METER_MODULE } from '../../component/core/rewrite/meter-cell.ts';
import { rewriteModule } from '../../component/core/rewrite-module.ts';
import { componentFromText } from '../../test/support/components.ts';
import { linkComponent } from './link.ts';
import { Meter } from './meter.ts';

type Exports = Record<string, (...args: number[]) => number>;

async function instance(text: string, meter: Meter): Promise<Exports> {
  const module = readCoreModule(await componentFromText(`(module ${text})`));
  const tableEntries = module.tables.map(() => 100);
  const bytes = Uint8Array.from(rewriteModule(module, { memoryPages: 64, tableEntries, meter: true }));
  const made = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [METER_MODULE]: meter.imports });
  return made.exports as unknown as Exports;
}

function codeOf(work: () => unknown): string {
  try {
    return `done ${String(work())}`;
  } catch (error) {
    if (error instanceof GuestTrap) return error.code;
    throw error;
  }
}

const FOREVER = '(func (export "run") (loop (br 0)))';
const SUM = `(func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "run") (param i32) (result i32) (local $sum i32)
    (loop (local.set $sum (call $add (local.get $sum) (local.get 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get $sum))`;

/** What would run for ever, and so ends when its fuel does. */
const ENDLESS: readonly (readonly [string, string])[] = [
  ['a loop', FOREVER],
  [
    'a loop that only its first turn leaves by a branch table',
    '(func (export "run") (loop (br_table 0 0 (i32.const 1))))',
  ],
  [
    'a loop with operands of its own',
    '(func (export "run") (i32.const 1) (i64.const 2) (loop (param i32 i64) (br 0)))',
  ],
  ['loops in a loop', '(func (export "run") (loop (loop (br 1))))'],
  [
    'calls without end, never deep',
    '(func $leaf) (func (export "run") (loop (call $leaf) (call $leaf) (br_if 0 (i32.const 1))))',
  ],
  [
    'a recursion that branches',
    `(func $tree (export "run") (param i32) (if (local.get 0)
      (then (call $tree (i32.sub (local.get 0) (i32.const 1))) (call $tree (i32.sub (local.get 0) (i32.const 1))))))`,
  ],
];
for (const [what, text] of ENDLESS) {
  test(`${what} ends when the fuel does, close to where it was to end`, async (t) => {
    const meter = new Meter({ fuel: 1_000_000n });
    const { run } = await instance(text, meter);
    t.is(
      codeOf(() => run?.(60)),
      'fuel-exhausted',
    );
    t.true(meter.used >= 1_000_000n && meter.used < 1_020_000n, `${meter.used} used`);
  });
}

test('the same run uses the same fuel, as often as it is done and however hot it is', async (t) => {
  const meter = new Meter({ fuel: 1n << 60n });
  const { run } = await instance(SUM, meter);
  const used = new Set<bigint>();
  for (let round = 0; round < 2000; round++) {
    const before = meter.used;
    run?.(100);
    used.add(meter.used - before);
  }
  t.is(used.size, 1);
});

test('all fuel that was given can be used, also what does not fit the cell', async (t) => {
  const meter = new Meter({ fuel: 2n ** 41n + 500n });
  t.is(meter.left, 2n ** 41n + 500n);
  const cell = meter.imports['cell'] as WebAssembly.Global<bigint>;
  cell.value -= (2n ** 41n - 100n) << 21n;
  const { run } = await instance(SUM, meter);
  t.is(
    codeOf(() => run?.(20)),
    'done 210',
  );
  t.is(
    codeOf(() => run?.(1000)),
    'fuel-exhausted',
  );
});

test('a refill is asked for as often as it is needed, and one of nothing ends the guest', async (t) => {
  let refills = 0;
  const meter = new Meter({ fuel: 0n, refill: () => (refills++ < 10 ? 1000n : 0n) });
  const { run } = await instance(FOREVER, meter);
  t.is(
    codeOf(() => run?.()),
    'fuel-exhausted',
  );
  t.is(refills, 11);
});

test('a guest that is suspended for want of fuel goes on with what it gets, and with the same result', async (t) => {
  let refills = 0;
  const refill = async (): Promise<bigint> => {
    refills++;
    await Promise.resolve();
    return 100n;
  };
  const meter = new Meter({ fuel: 0n, refill, suspends: true });
  const { run } = await instance(SUM, meter);
  t.is(await WebAssembly.promising(run as Exports[string])(200), 20_100);
  t.true(refills > 20, `${refills} refills`);
  const whole = new Meter({ fuel: 1n << 40n });
  (await instance(SUM, whole))['run']?.(200);
  t.is(meter.used, whole.used);
});

test('what cannot be suspended overdraws by the reserve and no more, and the next refill makes it good', async (t) => {
  const meter = new Meter({ fuel: 0n, reserve: 5000n, refill: () => 10_000n });
  const { run } = await instance(SUM, meter);
  t.is(
    meter.withReserve(() => codeOf(() => run?.(20))),
    'done 210',
  );
  const overdrawn = -meter.left;
  t.true(overdrawn > 0n && overdrawn < 5000n);
  // Again: what is overdrawn already counts.
  t.is(
    codeOf(() => meter.withReserve(() => meter.withReserve(() => run?.(100_000)))),
    'fuel-exhausted',
  );
  t.true(-meter.left >= 5000n && -meter.left < 6000n);
  t.is(
    codeOf(() => run?.(20)),
    'done 210',
  );
  t.true(meter.left > 0n);
});

/** A component whose allocator never answers. */
const GREEDY = `(component
  (core module $m (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) (unreachable))
    (func (export "take") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func (export "take") (param "text" string)
    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`;

test('out of fuel in realloc is a trap, and ends the component', async (t) => {
  const meter = new Meter({ fuel: 100_000n });
  const linked = linkComponent(await componentFromText(GREEDY), new Map(), { memoryPages: 1, meter });
  linked.start();
  const take = linked.func('take');
  t.is(
    codeOf(() => take.call('text')),
    'fuel-exhausted',
  );
  const { used } = meter;
  t.is(
    codeOf(() => take.call('text')),
    'fuel-exhausted',
  );
  t.is(meter.used, used);
});

test('in a thread that is shared, realloc runs on the reserve, and nobody is asked to wait', async (t) => {
  let refills = 0;
  const meter = new Meter({
    fuel: 0n,
    reserve: 50_000n,
    suspends: true,
    refill: () => {
      refills++;
      return Promise.resolve(1000n);
    },
  });
  const linked = linkComponent(await componentFromText(GREEDY), new Map(), { memoryPages: 1, meter, suspends: true });
  linked.start();
  const error = await t.throwsAsync(linked.func('take').enter?.('text') ?? Promise.resolve(), {
    instanceOf: GuestTrap,
  });
  t.is(error?.code, 'fuel-exhausted');
  t.is(refills, 0);
  t.true(meter.used >= 50_000n && meter.used < 60_000n);
});

test('modules of one component share one stock of fuel', async (t) => {
  const meter = new Meter({ fuel: 1n << 40n });
  const two = `(component
    (core module $a (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))
    (core module $b (import "a" "f" (func $f (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (call $f (call $f (local.get 0)))))
    (core instance $a (instantiate $a)) (core instance $b (instantiate $b (with "a" (instance $a))))
    (func (export "run") (param "x" u32) (result u32) (canon lift (core func $b "run"))))`;
  const linked = linkComponent(await componentFromText(two), new Map(), { memoryPages: 0, meter });
  linked.start();
  t.is(linked.func('run').call(5), 45);
  // Two calls (8 each) and what the three functions do.
  t.true(meter.used >= 18n && meter.used < 40n, `${meter.used} used`);
});

test('recursion ends at a depth that the size of frames decides, as stack-exhausted', async (t) => {
  const deep = (locals: string): string => `(global $depth (export "depth") (mut i32) (i32.const 0))
    (func $f (export "run") ${locals} (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $f))`;
  const depthOf = async (text: string, stackBytes: number): Promise<number> => {
    const exports = await instance(text, new Meter({ fuel: 1n << 40n, stackBytes }));
    t.is(
      codeOf(() => exports['run']?.()),
      'stack-exhausted',
    );
    return Number((exports['depth'] as unknown as WebAssembly.Global).value);
  };
  const small = await depthOf(deep(''), 64 * 1024);
  const large = await depthOf(
    deep('(local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)'),
    64 * 1024,
  );
  t.deepEqual([small, large], [585, 273]);
  t.is(await depthOf(deep(''), 128 * 1024), 1170);
});

test('a function gives its stack back however it is left', async (t) => {
  const meter = new Meter({ fuel: 1n << 40n, stackBytes: 64 * 1024 });
  const { run } = await instance(
    `(func $g)
     (func (export "run") (param i32) (result i32)
      (br_if 0 (i32.const 5) (i32.eqz (local.get 0))) (drop) (call $g)
      (if (i32.eq (local.get 0) (i32.const 3)) (then (return (i32.const 1))))
      (loop (call $g) (br_if 1 (i32.const 7) (i32.eq (local.get 0) (i32.const 4))) (drop)) (i32.const 2))`,
    meter,
  );
  for (let round = 0; round < 10_000; round++) t.is(run?.(round % 6), [5, 2, 2, 1, 7, 2][round % 6]);
});
