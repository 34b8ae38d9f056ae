// What one call of a guest to a function of its host costs through the canonical ABI, the guest's loop included: against a bare import of
// the same core module, against jco's generated glue of the same component and, where bytes cross, against a bare copy of as many.
// The bars: scalars within 2 times of the bare import, 100 times faster than jco's glue, 1 KiB within 2 times of the copy.

import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { hostFunction } from '../../component/host-interface.ts';
import type { HostItem } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import type { ValueType } from '../../component/value-types.ts';
import { componentAround, componentFromText } from '../../test/support/components.ts';
import { coreModule } from '../../test/support/device-app.ts';
import type { Benchmark, Row } from '../../toolchain/repo/bench/benchmark.ts';
import { linkComponent } from './link.ts';

const CALLS = 100_000;
/** jco takes microseconds a call: a sample of as many would take the minute. */
const JCO_CALLS = 2000;
const KIB = 1024;
const { u32, u64, string, u8 } = PRIMITIVE_TYPES;
const bytesType: ValueType = { kind: 'list', element: u8 };

interface Shape {
  readonly name: string;
  readonly wit: string;
  /** Of the core import. */
  readonly params: string;
  readonly result?: string;
  readonly args: string;
  readonly host: HostItem;
  /** The same function for jco. */
  readonly theirs: (...args: unknown[]) => unknown;
  /** The bytes that cross are copied once at the least: what that alone costs. */
  readonly copies?: true;
}

class TheirPin {
  set(): void {
    // Nothing is wired to it.
  }
}

const pin = new ResourceType('pin');
const nothing = (): undefined => undefined;
const answerBytes = new Uint8Array(KIB).fill(7);
const pair = [
  { name: 'a', type: u32 },
  { name: 'b', type: u32 },
] as const;
const SHAPES: readonly Shape[] = [
  {
    name: 'write(u32, u32)',
    wit: 'call: func(a: u32, b: u32);',
    params: 'i32 i32',
    args: '(local.get 0) (i32.const 1)',
    host: hostFunction(pair, undefined, nothing),
    theirs: nothing,
  },
  {
    name: 'now() -> u64',
    wit: 'call: func() -> u64;',
    params: '',
    result: 'i64',
    args: '',
    host: hostFunction([], u64, () => 5n),
    theirs: () => 5n,
  },
  {
    name: 'a method on a handle',
    wit: 'resource pin { set: func(level: u32); } make: func() -> pin;',
    params: 'i32 i32',
    args: '(global.get $pin) (i32.const 1)',
    host: hostFunction(
      [
        { name: 'self', type: { kind: 'borrow', resource: pin } },
        { name: 'level', type: u32 },
      ],
      undefined,
      nothing,
    ),
    theirs: nothing,
  },
  {
    name: 'a result in memory',
    wit: 'call: func(a: u32) -> result<u32, string>;',
    params: 'i32 i32',
    args: '(local.get 0) (i32.const 64)',
    host: hostFunction([{ name: 'a', type: u32 }], { kind: 'result', ok: u32, error: string }, (a) => ({
      index: 0,
      value: a,
    })),
    theirs: (a) => a,
  },
  {
    name: 'a string of 21 bytes',
    wit: 'call: func(a: string);',
    params: 'i32 i32',
    args: '(i32.const 64) (i32.const 21)',
    host: hostFunction([{ name: 'a', type: string }], undefined, nothing),
    theirs: nothing,
  },
  {
    name: 'a list of 1 KiB in',
    wit: 'call: func(a: list<u8>);',
    params: 'i32 i32',
    args: '(i32.const 64) (i32.const 1024)',
    host: hostFunction([{ name: 'a', type: bytesType }], undefined, nothing),
    theirs: nothing,
    copies: true,
  },
  {
    name: 'a list of 1 KiB out',
    wit: 'call: func() -> list<u8>;',
    params: 'i32',
    args: '(i32.const 16)',
    host: hostFunction([], bytesType, () => answerBytes),
    theirs: () => answerBytes,
    copies: true,
  },
];

/** Functions that make the guest call its import so many times: linked by us, by jco, and bare. */
interface Loops {
  readonly ours: (times: number) => unknown;
  readonly theirs: (times: number) => unknown;
  readonly bare: (times: number) => unknown;
}

async function loops({ wit, params, result, args, host, theirs }: Shape): Promise<Loops> {
  const method = wit.startsWith('resource');
  const type = `${params === '' ? '' : `(param ${params})`} ${result === undefined ? '' : `(result ${result})`}`;
  const call = result === undefined ? `(call $f ${args})` : `(drop (call $f ${args}))`;
  const imports = `(import "bench:call/host" "${method ? '[method]pin.set' : 'call'}" (func $f ${type}))
    ${method ? '(import "bench:call/host" "make" (func $make (result i32)))' : ''}`;
  // What the host was given room for is given back after each call, as a guest with an allocator does.
  const functions = `(global $pin (mut i32) (i32.const 0))
    (func (export "run") (param i32) ${method ? '(global.set $pin (call $make))' : ''}
      (loop ${call} (global.set $next (i32.const 4096))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`;
  const core = coreModule(imports, functions);
  const source = `package bench:call; interface host { ${wit} } world bench { import host; export run: func(times: u32); }`;
  const items = new Map<string, HostItem>([
    [method ? '[method]pin.set' : 'call', host],
    ['pin', { sort: 'type', type: { kind: 'resource', type: pin } }],
    ['make', hostFunction([], { kind: 'own', resource: pin }, () => 1)],
  ]);
  const component = await componentAround(core, source, 'bench');
  const linked = linkComponent(component, new Map([['bench:call/host', items]]), { memoryPages: 16 });
  linked.start();
  const run = linked.func('run');
  const answer = result === 'i64' ? () => 5n : nothing;
  const module = new WebAssembly.Module(Uint8Array.from(await componentFromText(core)));
  const bare = new WebAssembly.Instance(module, {
    'bench:call/host': { call: answer, '[method]pin.set': answer, make: () => 1 },
  });
  return {
    ours: (times) => run.call(times),
    theirs: await underJco(component, theirs),
    bare: (times) => (bare.exports['run'] as (times: number) => void)(times),
  };
}

type Instantiate = (
  core: (path: string) => WebAssembly.Module,
  imports: unknown,
) => { readonly run: (times: number) => void };

async function underJco(component: Uint8Array, call: Shape['theirs']): Promise<Loops['theirs']> {
  const { files } = await transpileBytes(component, { name: 'bench', instantiation: 'sync', base64Cutoff: 0 });
  const source = Buffer.from(files['bench.js'] ?? new Uint8Array()).toString('base64');
  const { instantiate } = (await import(`data:text/javascript;base64,${source}`)) as { instantiate: Instantiate };
  const instance = instantiate((path) => new WebAssembly.Module(Uint8Array.from(files[path] ?? [])), {
    'bench:call/host': { call, Pin: TheirPin, make: () => new TheirPin() },
  });
  return (times) => instance.run(times);
}

/** A guest's memory, of which so many bytes are copied out. */
function copying(times: number): void {
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 2 }).buffer);
  for (let left = times; left > 0; left--) memory.slice(64, 64 + KIB);
}

const benchmark: Benchmark = {
  name: 'host-call',
  run: async ({ row, sampleNs, say }) => {
    const rows: Row[] = [];
    for (const shape of SHAPES) {
      say(shape.name);
      const { ours, theirs, bare } = await loops(shape);
      const perCall = (work: (times: number) => unknown, calls = CALLS): number[] =>
        sampleNs(() => work(calls), { n: 15, calls: 1, warmup: 5 }).map((ns) => ns / calls);
      const samples = perCall(ours);
      const compare = (what: string, against: number[]): void => {
        rows.push(row({ case: shape.name, unit: 'ns', samples, against: { what, samples: against } }));
      };
      compare('a bare import of the core module', perCall(bare));
      compare('jco’s glue', perCall(theirs, JCO_CALLS));
      if (shape.copies === true) compare('a bare slice of 1 KiB', perCall(copying));
    }
    return rows;
  },
};

export default benchmark;
