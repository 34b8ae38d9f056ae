// `npm run bench [-- NAME [--json]]`: runs one benchmark and keeps its result, or lists them all. It must never print
// anything but the one JSON document on stdout with --json.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { basename, join } from 'node:path';
import { benchContext } from './bench/benchmark.ts';
import type { Benchmark } from './bench/benchmark.ts';
import { tableOf } from './bench/table.ts';
import { ROOT, treeFiles } from './check/tree.ts';

const SUFFIX = '.bench.ts';
const RESULTS = 'bench-results';

const json = process.argv.includes('--json');
const name = process.argv.slice(2).find((arg) => !arg.startsWith('-'));
const files = treeFiles().filter((file) => file.endsWith(SUFFIX));
const file = files.find((candidate) => basename(candidate, SUFFIX) === name);

if (name === undefined) list();
else if (file === undefined) {
  console.error(`there is no benchmark "${name}"; npm run bench lists them`);
  process.exitCode = 2;
} else await run(file);

function list(): void {
  const benchmarks = files.map((path) => ({ name: basename(path, SUFFIX), file: path }));
  if (json) console.log(JSON.stringify({ benchmarks }));
  else
    console.log(benchmarks.map((entry) => `${entry.name.padEnd(24)} ${entry.file}`).join('\n') || 'no benchmark yet');
}

async function run(path: string): Promise<void> {
  const { default: benchmark } = (await import(join(ROOT, path))) as { default: Benchmark };
  const rows = await benchmark.run(benchContext);
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() };
  const result = { name: benchmark.name, machine, rows };
  mkdirSync(join(ROOT, RESULTS), { recursive: true });
  writeFileSync(join(ROOT, RESULTS, `${basename(path, SUFFIX)}.json`), `${JSON.stringify(result, null, 2)}\n`);
  if (json) console.log(JSON.stringify(result));
  else
    console.log(
      `${benchmark.name} on ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n\n${tableOf(rows)}`,
    );
  if (rows.length === 0) throw new Error(`${path} returned no row`);
}
