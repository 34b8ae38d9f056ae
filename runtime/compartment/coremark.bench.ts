// What our rewriting costs programs at full speed: a kernel of lists, matrices and text, and three real programs, as the engine runs them bare, under
// our caps, and on fuel; and natively, where a C compiler is at hand. Pairs: each round runs all of them. The bar: fuel within 1.10 times bare.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { METER_MODULE } from '../../component/core/rewrite/meter-cell.ts';
import type { Rewriting } from '../../component/core/rewrite-module.ts';
import { rewriteModule } from '../../component/core/rewrite-module.ts';
import { runCompiler, runLinker } from '../../toolchain/build/clang.ts';
import type { Benchmark, Row } from '../../toolchain/repo/bench/benchmark.ts';
import { Meter } from './meter.ts';

const FOLDER = join(import.meta.dirname, 'bench-programs');
const NATIVE = { command: 'gcc', args: ['-O2', '-std=gnu17'], install: 'apt install gcc' };
const SAMPLES = 25;
/** Milliseconds for each form before anything is measured, several times, with a pause in which the engine's compiler can finish. */
const WARMUP_MS = 250;
const WARMUPS = 4;

/** Program, rounds of one sample. */
const PROGRAMS: readonly (readonly [string, number])[] = [
  ['kernel', 200],
  ['sha256', 40],
  ['json', 60],
  ['compress', 8],
];

type Run = (rounds: number) => number;

const FORMS: readonly (readonly [string, Pick<Rewriting, 'meter' | 'canonicalNan'>])[] = [
  ['ours', {}],
  ['ours with fuel', { meter: true }],
  ['ours with fuel and canonical NaNs', { meter: true, canonicalNan: true }],
];

async function compile(name: string): Promise<Uint8Array> {
  const source = new Uint8Array(readFileSync(join(FOLDER, `${name}.c`)));
  const flags = ['--target=wasm32-wasip1', '-O2', '-c', '/app/program.c'];
  const object = await runCompiler(flags, { app: { 'program.c': source } });
  if (!object.ok) throw new Error(object.text);
  const link = ['-m', 'wasm32', '--no-entry', '--export=run', '--gc-sections', '--strip-all', '--stack-first'];
  const linked = await runLinker([...link, '-z', 'stack-size=16384', 'program.o', '-L/usr/lib/wasm32-wasip1', '-lc'], {
    'program.o': object.output,
  });
  if (!linked.ok) throw new Error(linked.text);
  return linked.output;
}

function instantiate(bytes: Uint8Array, imports: WebAssembly.Imports = {}): Run {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), imports);
  return exports['run'] as Run;
}

/** By name, the bare module first. */
function formsOf(bytes: Uint8Array): Map<string, Run> {
  const module = readCoreModule(bytes);
  const limits = { memoryPages: 64, tableEntries: module.tables.map(() => 1000) };
  const imports = { [METER_MODULE]: new Meter({ fuel: 1n << 60n }).imports };
  const rewritten = FORMS.map(([name, mode]): [string, Run] => [
    name,
    instantiate(rewriteModule(module, { ...limits, ...mode }), imports),
  ]);
  return new Map([['bare', instantiate(bytes)], ...rewritten]);
}

/** Nanoseconds of each sample, by form: each round runs every form once, so that what disturbs one disturbs all. */
async function measure(forms: ReadonlyMap<string, Run>, rounds: number): Promise<Map<string, number[]>> {
  const answers = new Set([...forms.values()].map((run) => run(rounds)));
  if (answers.size !== 1) throw new Error(`different answers: ${[...answers].join()}`);
  for (let turn = 0; turn < WARMUPS; turn++) {
    for (const run of forms.values()) for (const start = Date.now(); Date.now() - start < WARMUP_MS;) run(rounds);
    await sleep(WARMUP_MS);
  }
  const samples = new Map([...forms.keys()].map((name): [string, number[]] => [name, []]));
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (const [name, run] of forms) {
      const start = process.hrtime.bigint();
      run(rounds);
      samples.get(name)?.push(Number(process.hrtime.bigint() - start));
    }
  }
  return samples;
}

/** Samples of the program natively, or `undefined` without a compiler. */
function native(name: string, rounds: number, answer: number): number[] | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-native-'));
  try {
    const program = join(folder, 'program');
    const sources = [join(FOLDER, `${name}.c`), join(FOLDER, 'native-main.c')];
    const compiled = spawnSync(NATIVE.command, [...NATIVE.args, '-o', program, ...sources], { encoding: 'utf8' });
    if (compiled.error !== undefined) return undefined;
    if (compiled.status !== 0) throw new Error(compiled.stderr);
    const lines = spawnSync(program, [String(SAMPLES), String(rounds)], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    if (Number(lines[0]) >>> 0 !== answer >>> 0)
      throw new Error(`${name} answers ${lines[0]} natively, ${answer} here`);
    return lines.slice(1).map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const benchmark: Benchmark = {
  name: 'coremark',
  run: async ({ row, say }) => {
    const rows: Row[] = [];
    for (const [name, rounds] of PROGRAMS) {
      say(`${name}: compiling and running`);
      const bytes = await compile(name);
      const samples = await measure(formsOf(bytes), rounds);
      const bare = (samples.get('bare') ?? []).map((ns) => ns / rounds);
      const natively = native(name, rounds, instantiate(bytes)(rounds));
      if (natively === undefined)
        say(`${name}: not measured natively, there is no ${NATIVE.command} (${NATIVE.install})`);
      const unit = 'ns a round';
      const asNative = { what: `${NATIVE.command} -O2`, samples: (natively ?? []).map((ns) => ns / rounds) };
      rows.push(row({ case: `${name}, bare`, unit, samples: bare, ...(natively && { against: asNative }) }));
      for (const [form] of FORMS) {
        const ours = (samples.get(form) ?? []).map((ns) => ns / rounds);
        rows.push(row({ case: `${name}, ${form}`, unit, samples: ours, against: { what: 'bare', samples: bare } }));
      }
    }
    return rows;
  },
};

export default benchmark;
