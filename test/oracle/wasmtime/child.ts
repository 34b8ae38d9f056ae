// The program of the oracle's process: one job a line on standard input, one answer a line on standard output. A mistake at the
// native border kills it, which is why it must never run in a test's own process.

import ffi from 'node:ffi';
import { createInterface } from 'node:readline';
import { fromJson, toJson } from '../json.ts';
import { runComponent } from './component-job.ts';
import { runCore } from './core-job.ts';
import type { OracleAnswer, OracleJob } from '../jobs.ts';
import { Arena, loadWasmtime, takeError } from './native.ts';

const [library = ''] = process.argv.slice(2);
const { functions: wasmtime } = loadWasmtime(library);
const config = wasmtime.wasm_config_new();
// V8 has handlers of its own for the same signals.
wasmtime.wasmtime_config_signals_based_traps_set(config, 0);
const engine = wasmtime.wasm_engine_new_with_config(config);

function answer(job: OracleJob): OracleAnswer {
  const arena = new Arena();
  if (job.kind === 'run') return runComponent(wasmtime, engine, job);
  if (job.kind === 'core') return runCore(wasmtime, engine, job);
  const out = arena.room(8);
  const error = wasmtime.wasmtime_component_new(engine, arena.bytes(job.binary), BigInt(job.binary.length), out);
  if (error !== 0n) return { kind: 'validated', invalid: takeError(wasmtime, arena, error) };
  wasmtime.wasmtime_component_delete(ffi.getUint64(out, 0));
  return { kind: 'validated', invalid: null };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${toJson(answer(fromJson(line) as OracleJob))}\n`);
}
