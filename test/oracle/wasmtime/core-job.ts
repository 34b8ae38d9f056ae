// Runs one export of a core module under wasmtime, with globals of the host as imports: the fuel of rewritten modules. It must never
// give a module a function that does anything.

import ffi from 'node:ffi';
import type { CoreJob, OracleAnswer } from '../jobs.ts';
import type { Wasmtime } from './native.ts';
import { Arena, readText, takeError } from './native.ts';

/** sizeof(wasmtime_extern_t) and sizeof(wasmtime_val_t): a kind, then a union at the second word. */
const EXTERN_BYTES = 32;
const VAL_BYTES = 32;
const FUNC = 0;
const GLOBAL = 1;
const I64 = 1;
const MUTABLE = 1;

export function runCore(wasmtime: Wasmtime, engine: bigint, job: CoreJob): OracleAnswer {
  const arena = new Arena();
  const out = arena.room(8);
  const must = (error: bigint): void => {
    if (error !== 0n) throw new Error(takeError(wasmtime, arena, error));
  };
  const invalid = wasmtime.wasmtime_module_new(engine, arena.bytes(job.module), BigInt(job.module.length), out);
  if (invalid !== 0n) return { kind: 'refused', why: takeError(wasmtime, arena, invalid) };
  const module = ffi.getUint64(out, 0);
  const store = wasmtime.wasmtime_store_new(engine, 0n, 0n);
  const context = wasmtime.wasmtime_store_context(store);
  const linker = wasmtime.wasmtime_linker_new(engine);
  const globals = new Map<string, bigint>();
  for (const { module: from, name, global } of job.given) {
    const type = wasmtime.wasm_globaltype_new(wasmtime.wasm_valtype_new(I64), MUTABLE);
    const initial = arena.room(VAL_BYTES);
    ffi.setUint8(initial, 0, I64);
    ffi.setInt64(initial, 8, global);
    const item = arena.room(EXTERN_BYTES);
    ffi.setUint8(item, 0, GLOBAL);
    must(wasmtime.wasmtime_global_new(context, type, initial, item + 8n));
    globals.set(name, item + 8n);
    must(wasmtime.wasmtime_linker_define(linker, context, ...arena.text(from), ...arena.text(name), item));
  }
  must(wasmtime.wasmtime_linker_define_unknown_imports_as_traps(linker, module));
  const instance = arena.room(16);
  const trap = arena.room(8);
  const words = (error: bigint): string | null => {
    if (error !== 0n) return takeError(wasmtime, arena, error);
    const raised = ffi.getUint64(trap, 0);
    if (raised === 0n) return null;
    const message = arena.room(16);
    wasmtime.wasm_trap_message(raised, message);
    return readText(message);
  };
  const unlinked = words(wasmtime.wasmtime_linker_instantiate(linker, context, module, instance, trap));
  if (unlinked !== null) return { kind: 'refused', why: unlinked };
  const item = (name: string, kind: number): bigint => {
    const found = arena.room(EXTERN_BYTES);
    if (wasmtime.wasmtime_instance_export_get(context, instance, ...arena.text(name), found) === 0)
      throw new Error(`no export ${name}`);
    if (ffi.getUint8(found, 0) !== kind) throw new Error(`${name} is of kind ${ffi.getUint8(found, 0)}`);
    return found + 8n;
  };
  const args = arena.room(job.args.length * VAL_BYTES);
  job.args.forEach((value, at) => ffi.setInt32(args, at * VAL_BYTES + 8, value));
  const result = arena.room(VAL_BYTES);
  const call = item(job.call, FUNC);
  const failed = words(wasmtime.wasmtime_func_call(context, call, args, BigInt(job.args.length), result, 1n, trap));
  const read = job.read === null ? undefined : (globals.get(job.read) ?? item(job.read, GLOBAL));
  const value = arena.room(VAL_BYTES);
  if (read !== undefined) wasmtime.wasmtime_global_get(context, read, value);
  const answer = {
    kind: 'core-ran',
    trap: failed,
    result: failed === null ? String(ffi.getInt32(result, 8)) : null,
    global: read === undefined ? null : ffi.getInt64(value, 8),
  } as const;
  wasmtime.wasmtime_linker_delete(linker);
  wasmtime.wasmtime_store_delete(store);
  wasmtime.wasmtime_module_delete(module);
  return answer;
}
