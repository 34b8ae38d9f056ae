// What one call of a guest to a function of its host costs through the canonical ABI, against a bare import of the same core module.
// The bar: scalars within 2 times of the bare import.

import { hostFunction } from '../../component/host-interface.ts';
import type { HostItem } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import { componentAround, componentFromText } from '../../test/support/components.ts';
import { coreModule } from '../../test/support/device-app.ts';
import type { Benchmark } from '../../toolchain/repo/bench/benchmark.ts';
import { linkComponent } from './link.ts';

const CALLS = 100_000;
const { u32, u64, string, u8 } = PRIMITIVE_TYPES;

interface Shape {
  readonly name: string;
  readonly wit: string;
  /** Of the core import. */
  readonly params: string;
  readonly result?: string;
  readonly args: string;
  readonly host: HostItem;
}

const pin = new ResourceType('pin');
const SHAPES: readonly Shape[] = [
  {
    name: 'write(u32, u32)',
    wit: 'call: func(a: u32, b: u32);',
    params: 'i32 i32',
    args: '(local.get 0) (i32.const 1)',
    host: hostFunction(
      [
        { name: 'a', type: u32 },
        { name: 'b', type: u32 },
      ],
      undefined,
      () => undefined,
    ),
  },
  {
    name: 'now() -> u64',
    wit: 'call: func() -> u64;',
    params: '',
    result: 'i64',
    args: '',
    host: hostFunction([], u64, () => 5n),
  },
  {
    name: 'a string of 21 bytes',
    wit: 'call: func(a: string);',
    params: 'i32 i32',
    args: '(i32.const 64) (i32.const 21)',
    host: hostFunction([{ name: 'a', type: string }], undefined, () => undefined),
  },
  {
    name: 'a list of 1 KiB',
    wit: 'call: func(a: list<u8>);',
    params: 'i32 i32',
    args: '(i32.const 64) (i32.const 1024)',
    host: hostFunction([{ name: 'a', type: { kind: 'list', element: u8 } }], undefined, () => undefined),
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
  },
  {
    name: 'a method on a borrow',
    wit: 'resource pin { set: func(level: u32); } make: func() -> pin;',
    params: 'i32 i32',
    args: '(global.get $pin) (i32.const 1)',
    host: hostFunction(
      [
        { name: 'self', type: { kind: 'borrow', resource: pin } },
        { name: 'level', type: u32 },
      ],
      undefined,
      () => undefined,
    ),
  },
];

/** A function that makes the guest call its import `CALLS` times, linked by us and bare. */
async function loops({
  wit,
  params,
  result,
  args,
  host,
}: Shape): Promise<{ ours: () => unknown; bare: () => unknown }> {
  const method = wit.startsWith('resource');
  const type = `${params === '' ? '' : `(param ${params})`} ${result === undefined ? '' : `(result ${result})`}`;
  const call = result === undefined ? `(call $f ${args})` : `(drop (call $f ${args}))`;
  const imports = `(import "bench:call/host" "${method ? '[method]pin.set' : 'call'}" (func $f ${type}))
    ${method ? '(import "bench:call/host" "make" (func $make (result i32)))' : ''}`;
  const functions = `(global $pin (mut i32) (i32.const 0))
    (func (export "run") (param i32) ${method ? '(global.set $pin (call $make))' : ''}
      (loop ${call} (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`;
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
  const answer = result === 'i64' ? () => 5n : () => undefined;
  const module = new WebAssembly.Module(Uint8Array.from(await componentFromText(core)));
  const bare = new WebAssembly.Instance(module, {
    'bench:call/host': { call: answer, '[method]pin.set': answer, make: () => 1 },
  });
  return { ours: () => run.call(CALLS), bare: () => (bare.exports['run'] as (times: number) => void)(CALLS) };
}

const benchmark: Benchmark = {
  name: 'host-call',
  run: async ({ row, sampleNs }) => {
    const rows = [];
    for (const shape of SHAPES) {
      const { ours, bare } = await loops(shape);
      const perCall = (work: () => unknown): number[] =>
        sampleNs(work, { n: 15, calls: 1, warmup: 5 }).map((ns) => ns / CALLS);
      const against = { what: 'a bare import of the core module', samples: perCall(bare) };
      rows.push(row({ case: shape.name, unit: 'ns', samples: perCall(ours), against }));
    }
    return rows;
  },
};

export default benchmark;
