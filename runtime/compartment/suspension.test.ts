import test from 'ava';
import { GuestTrap } from '../../component/abi/trap.ts';
import { ComponentError } from '../../component/component-error.ts';
import { blockingHostFunction, hostFunction, hostResource } from '../../component/host-interface.ts';
import type { HostItem, HostOffers } from '../../component/host-interface.ts';
import type { Value } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import { componentFromText } from '../../test/support/components.ts';
import type { LinkedComponent } from './link.ts';
import { linkComponent } from './link.ts';
import { Meter } from './meter.ts';

const { u32, string } = PRIMITIVE_TYPES;

/** A host that answers when the test says so. */
class Sleeper {
  readonly asked: Value[] = [];
  #wake: ((value: number) => void) | undefined;
  readonly sleep = blockingHostFunction([{ name: 'for', type: u32 }], u32, (time) => {
    this.asked.push(time);
    return new Promise<number>((resolve) => {
      this.#wake = resolve;
    });
  });
  /** Not one of those that wait. */
  readonly note = hostFunction([{ name: 'what', type: u32 }], undefined, (what) => void this.asked.push(what));

  wake(value = 0): void {
    this.#wake?.(value);
  }

  offers(more: readonly (readonly [string, HostItem])[] = []): HostOffers {
    return new Map([['host', new Map([['sleep', this.sleep], ['note', this.note], ...more])]]);
  }
}

/** The host's instance as text imports it, lowered in a component of its own. */
const HOST = `(import "host" (instance $host (export "sleep" (func (param "for" u32) (result u32))) (export "note" (func (param "what" u32)))))
  (core func $sleep (canon lower (func $host "sleep"))) (core func $note (canon lower (func $host "note")))
  (core instance $given (export "sleep" (func $sleep)) (export "note" (func $note)))`;
const IMPORTS =
  '(import "h" "sleep" (func $sleep (param i32) (result i32))) (import "h" "note" (func $note (param i32)))';

function link(
  bytes: Uint8Array,
  offers: HostOffers,
  meter = new Meter({ fuel: 1n << 40n, suspends: true }),
): LinkedComponent {
  return linkComponent(bytes, offers, { memoryPages: 16, suspends: true, meter });
}

async function started(text: string, offers: HostOffers): Promise<LinkedComponent> {
  const linked = link(await componentFromText(text), offers);
  linked.start();
  return linked;
}

async function codeOf(work: Promise<unknown> | undefined): Promise<string> {
  try {
    return `done ${JSON.stringify(await work)}`;
  } catch (error) {
    if (error instanceof GuestTrap || error instanceof ComponentError) return error.code;
    throw error;
  }
}

/** Until everything that can go on without the host has gone on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const SLEEPS_ONCE = `(component ${HOST}
  (core module $m ${IMPORTS} (func (export "run") (param i32) (result i32)
    (call $note (i32.const 1)) (local.set 0 (call $sleep (local.get 0))) (call $note (i32.const 2)) (local.get 0)))
  (core instance $i (instantiate $m (with "h" (instance $given))))
  (func (export "run") (param "for" u32) (result u32) (canon lift (core func $i "run"))))`;

test('a guest that waits is suspended, and goes on with the answer', async (t) => {
  const sleeper = new Sleeper();
  const run = (await started(SLEEPS_ONCE, sleeper.offers())).func('run').enter?.(7);
  await settle();
  t.deepEqual(sleeper.asked, [1, 7]);
  sleeper.wake(42);
  t.is(await run, 42);
  t.deepEqual(sleeper.asked, [1, 7, 2]);
});

test('a suspended instance cannot be entered: its one stack in linear memory is in use', async (t) => {
  const sleeper = new Sleeper();
  const linked = await started(SLEEPS_ONCE, sleeper.offers());
  const first = codeOf(linked.func('run').enter?.(7));
  await settle();
  t.is(await codeOf(linked.func('run').enter?.(8)), 'cannot-enter');
  sleeper.wake();
  t.is(await first, 'cannot-enter', 'the first one is not resumed after that');
  t.deepEqual(sleeper.asked, [1, 7]);
});

test('a guest that is ended while it is suspended is never resumed', async (t) => {
  const sleeper = new Sleeper();
  const linked = await started(SLEEPS_ONCE, sleeper.offers());
  const run = codeOf(linked.func('run').enter?.(7));
  await settle();
  linked.end(new GuestTrap('instance-poisoned', 'ended by the test'));
  sleeper.wake(42);
  t.is(await run, 'instance-poisoned');
  t.deepEqual(sleeper.asked, [1, 7]);
  t.is(await codeOf(linked.func('run').enter?.(7)), 'instance-poisoned');
});

test('a host that fails later ends the guest as one that fails at once does', async (t) => {
  const failing = blockingHostFunction([{ name: 'for', type: u32 }], u32, () =>
    Promise.reject(new GuestTrap('handle-unknown', 'said by the host')),
  );
  const linked = await started(SLEEPS_ONCE, new Sleeper().offers([['sleep', failing]]));
  t.is(await codeOf(linked.func('run').enter?.(7)), 'handle-unknown');
  t.is(await codeOf(linked.func('run').enter?.(7)), 'handle-unknown');
});

/** `run` of the outer component calls `nap` of the inner one through the glue, twice, and the inner one sleeps. */
const COMPOSED = `(component
  (import "host" (instance $host (export "sleep" (func (param "for" u32) (result u32))) (export "note" (func (param "what" u32)))))
  (component $inner ${HOST}
    (core module $m ${IMPORTS} (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "nap") (param i32 i32) (result i32) (call $note (local.get 1)) (call $sleep (i32.load8_u (local.get 0))))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m (with "h" (instance $given))))
    (func (export "nap") (param "name" string) (result u32)
      (canon lift (core func $i "nap") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (instance $napper (instantiate $inner (with "host" (instance $host))))
  (core module $libc (memory (export "memory") 1) (data (i32.const 8) "\\07\\09"))
  (core instance $l (instantiate $libc))
  (core func $nap (canon lower (func $napper "nap") (memory (core memory $l "memory"))))
  (core module $m (import "h" "nap" (func $nap (param i32 i32) (result i32)))
    (func (export "run") (result i32) (i32.add (call $nap (i32.const 8) (i32.const 1)) (call $nap (i32.const 9) (i32.const 1)))))
  (core instance $given (export "nap" (func $nap)))
  (core instance $i (instantiate $m (with "h" (instance $given))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`;

test('a component that is called by another one can sleep, and both go on', async (t) => {
  const sleeper = new Sleeper();
  const linked = await started(COMPOSED, sleeper.offers());
  const run = linked.func('run').enter?.();
  await settle();
  t.deepEqual(sleeper.asked, [1, 7]);
  sleeper.wake(30);
  await settle();
  t.deepEqual(sleeper.asked, [1, 7, 1, 9]);
  sleeper.wake(12);
  t.is(await run, 42);
});

/** Where the inner component calls the host from, and what becomes of it when that call would have to wait. */
const CANNOT_WAIT: readonly (readonly [where: string, text: string, code: string])[] = [
  [
    'a start function',
    `(component ${HOST} (core module $m ${IMPORTS} (func $start (drop (call $sleep (i32.const 1)))) (start $start) (func (export "run") (result i32) i32.const 0))
      (core instance $i (instantiate $m (with "h" (instance $given)))) (func (export "run") (result u32) (canon lift (core func $i "run"))))`,
    'cannot-block',
  ],
  [
    'post-return',
    `(component ${HOST} (core module $m ${IMPORTS} (func (export "run") (result i32) i32.const 0) (func (export "tidy") (param i32) (drop (call $sleep (i32.const 1)))))
      (core instance $i (instantiate $m (with "h" (instance $given))))
      (func (export "run") (result u32) (canon lift (core func $i "run") (post-return (core func $i "tidy")))))`,
    'cannot-block',
  ],
  [
    'realloc',
    `(component ${HOST} (import "names" (instance $names (export "name" (func (result string))))) (alias export $names "name" (func $name))
      (core module $libc ${IMPORTS} (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $sleep (i32.const 1))))
      (core instance $l (instantiate $libc (with "h" (instance $given))))
      (core func $name (canon lower (func $name) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
      (core module $m (import "h" "name" (func $name (param i32))) (func (export "run") (result i32) (call $name (i32.const 16)) (i32.const 0)))
      (core instance $i (instantiate $m (with "h" (instance (export "name" (func $name))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))`,
    'cannot-block',
  ],
  [
    'a destructor',
    `(component
      (import "host" (instance $host (export "sleep" (func (param "for" u32) (result u32))) (export "note" (func (param "what" u32)))))
      (component $inner ${HOST}
        (core module $d ${IMPORTS} (func (export "drop") (param i32) (drop (call $sleep (local.get 0)))))
        (core instance $di (instantiate $d (with "h" (instance $given))))
        (type $r (resource (rep i32) (dtor (core func $di "drop"))))
        (core func $new (canon resource.new $r))
        (core module $m (import "h" "new" (func $new (param i32) (result i32))) (func (export "make") (result i32) (call $new (i32.const 5))))
        (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new))))))
        (export $out "thing" (type $r))
        (func (export "make") (result (own $out)) (canon lift (core func $i "make"))))
      (instance $maker (instantiate $inner (with "host" (instance $host))))
      (alias export $maker "thing" (type $thing))
      (core func $make (canon lower (func $maker "make")))
      (core func $drop (canon resource.drop $thing))
      (core module $m (import "h" "make" (func $make (result i32))) (import "h" "drop" (func $drop (param i32)))
        (func (export "run") (result i32) (call $drop (call $make)) (i32.const 0)))
      (core instance $i (instantiate $m (with "h" (instance (export "make" (func $make)) (export "drop" (func $drop))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))`,
    'cannot-block',
  ],
];

for (const [where, text, code] of CANNOT_WAIT) {
  test(`a call that waits, in ${where}, is a trap, and the host is never asked`, async (t) => {
    const sleeper = new Sleeper();
    const name = { sort: 'func', func: { type: { params: [], result: string }, call: () => 'Ada' } } as const;
    const offers: HostOffers = new Map([...sleeper.offers(), ['names', new Map([['name', name]])]]);
    const linked = link(await componentFromText(text), offers);
    const run = async (): Promise<Value> => {
      linked.start();
      return linked.func('run').enter?.();
    };
    t.is(await codeOf(run()), code);
    t.deepEqual(sleeper.asked, []);
  });
}

test('what was lent to a call that waited can be dropped after it', async (t) => {
  const thing = new ResourceType('thing');
  let answer: (() => void) | undefined;
  const use = blockingHostFunction(
    [{ name: 'self', type: { kind: 'borrow', resource: thing } }],
    undefined,
    () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
  );
  const offers: HostOffers = new Map([
    [
      'things',
      new Map<string, HostItem>([
        ['thing', hostResource(thing)],
        ['make', hostFunction([], { kind: 'own', resource: thing }, () => 5)],
        ['use', use],
      ]),
    ],
  ]);
  const linked = await started(
    `(component (import "things" (instance $t (export "thing" (type $r (sub resource))) (export "make" (func (result (own $r)))) (export "use" (func (param "self" (borrow $r))))))
      (alias export $t "thing" (type $r))
      (core func $make (canon lower (func $t "make"))) (core func $use (canon lower (func $t "use"))) (core func $drop (canon resource.drop $r))
      (core module $m (import "h" "make" (func $make (result i32))) (import "h" "use" (func $use (param i32))) (import "h" "drop" (func $drop (param i32)))
        (func (export "run") (result i32) (local i32) (call $use (local.tee 0 (call $make))) (call $drop (local.get 0)) (local.get 0)))
      (core instance $i (instantiate $m (with "h" (instance (export "make" (func $make)) (export "use" (func $use)) (export "drop" (func $drop))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))`,
    offers,
  );
  const run = linked.func('run').enter?.();
  await settle();
  answer?.();
  t.is(await run, 1, 'the handle could be dropped after the call');
});

test('what shares a thread has a meter, or is not linked', async (t) => {
  const bytes = await componentFromText(SLEEPS_ONCE);
  const error = t.throws(() => linkComponent(bytes, new Sleeper().offers(), { memoryPages: 16, suspends: true }), {
    instanceOf: ComponentError,
  });
  t.is(error?.code, 'fuel-required');
});

/** Runs for so many rounds, some ten units of fuel each. */
const WORK = (rounds: number): string =>
  `(local.set $n (i32.const ${rounds})) (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`;

/** The host gives a name, for which the guest makes room in a realloc that works for this long. */
const reallocs = (rounds: number): string =>
  `(component (import "names" (instance $names (export "name" (func (result string))))) (alias export $names "name" (func $name))
    (core module $libc (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $n i32) ${WORK(rounds)} (i32.const 64)))
    (core instance $l (instantiate $libc))
    (core func $name (canon lower (func $name) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (core module $m (import "h" "name" (func $name (param i32)))
      (func (export "run") (result i32) (local $n i32) (call $name (i32.const 16)) ${WORK(1000)} (i32.const 5)))
    (core instance $i (instantiate $m (with "h" (instance (export "name" (func $name))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;

const NAMES: HostOffers = new Map([['names', new Map([['name', hostFunction([], string, () => 'Ada')]])]]);

/** A meter that is out almost at once, and counts how often it was asked for more. */
function shortMeter(reserve: bigint): { readonly meter: Meter; readonly asked: () => number } {
  let times = 0;
  const refill = async (): Promise<bigint> => {
    times++;
    await settle();
    return 100_000n;
  };
  return { meter: new Meter({ fuel: 50n, reserve, refill, suspends: true }), asked: () => times };
}

test('fuel that is out inside realloc comes from the reserve, and the guest is suspended only after it', async (t) => {
  const { meter, asked } = shortMeter(1_000_000n);
  const linked = link(await componentFromText(reallocs(10_000)), NAMES, meter);
  linked.start();
  t.is(await linked.func('run').enter?.(), 5);
  t.true(asked() > 0);
});

test('a realloc that uses up the reserve is a trap, and is never suspended', async (t) => {
  const { meter, asked } = shortMeter(1000n);
  const linked = link(await componentFromText(reallocs(10_000)), NAMES, meter);
  linked.start();
  t.is(await codeOf(linked.func('run').enter?.()), 'fuel-exhausted');
  t.is(asked(), 0);
});

/** The inner component never waits, so the outer one calls it above a frame of the glue. */
const composedWork = (rounds: number): string => `(component
  (component $inner
    (core module $m (func (export "work") (param i32) (result i32) (local $n i32) ${WORK(rounds)} (local.get 0)))
    (core instance $i (instantiate $m))
    (func (export "work") (param "x" u32) (result u32) (canon lift (core func $i "work"))))
  (instance $worker (instantiate $inner))
  (core func $work (canon lower (func $worker "work")))
  (core module $m (import "h" "work" (func $work (param i32) (result i32)))
    (func (export "run") (result i32) (local $n i32) ${WORK(10)} (call $work (i32.const 7))))
  (core instance $i (instantiate $m (with "h" (instance (export "work" (func $work))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`;

test('a composed component that never waits runs on the reserve while fuel is out, and not beyond it', async (t) => {
  const short = shortMeter(1_000_000n);
  const modest = link(await componentFromText(composedWork(1000)), NAMES, short.meter);
  modest.start();
  t.is(await modest.func('run').enter?.(), 7);
  const long = shortMeter(1000n);
  const greedy = link(await componentFromText(composedWork(100_000)), NAMES, long.meter);
  greedy.start();
  t.is(await codeOf(greedy.func('run').enter?.()), 'fuel-exhausted');
});

test('a start function that never ends uses up the reserve', async (t) => {
  const { meter } = shortMeter(1000n);
  const text = `(component (core module $m (func $start (loop (br 0))) (start $start)) (core instance (instantiate $m)))`;
  const linked = link(await componentFromText(text), NAMES, meter);
  t.is(await codeOf((async () => linked.start())()), 'fuel-exhausted');
});
