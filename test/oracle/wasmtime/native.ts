// wasmtime's C API (wasm.h, wasmtime.h, wasmtime/component.h of release 50) through node:ffi. A wrong signature here is memory
// corruption, so it must never be loaded but in a process that lives for the oracle alone.

import ffi from 'node:ffi';

const P = 'pointer';
const none = (...args: ('pointer' | 'uint8' | 'uint32' | 'uint64')[]) => ({ arguments: args, return: 'void' }) as const;
const pointer = (...args: ('pointer' | 'uint8' | 'uint32' | 'uint64')[]) => ({ arguments: args, return: P }) as const;
const bool = (...args: ('pointer' | 'uint64')[]) => ({ arguments: args, return: 'uint8' }) as const;

const SIGNATURES = {
  wasm_config_new: pointer(),
  wasm_engine_new_with_config: pointer(P),
  wasmtime_config_signals_based_traps_set: none(P, 'uint8'),
  wasmtime_config_wasm_component_model_async_set: none(P, 'uint8'),
  wasmtime_store_new: pointer(P, P, P),
  wasmtime_store_context: pointer(P),
  wasmtime_store_delete: none(P),
  wasmtime_error_new: pointer(P),
  wasmtime_error_message: none(P, P),
  wasmtime_error_delete: none(P),
  wasm_trap_message: none(P, P),
  wasm_trap_delete: none(P),
  wasm_byte_vec_new: none(P, 'uint64', P),
  wasm_byte_vec_delete: none(P),
  wasmtime_component_new: pointer(P, P, 'uint64', P),
  wasmtime_component_delete: none(P),
  wasmtime_component_get_export_index: pointer(P, P, P, 'uint64'),
  wasmtime_component_linker_new: pointer(P),
  wasmtime_component_linker_delete: none(P),
  wasmtime_component_linker_root: pointer(P),
  wasmtime_component_linker_instantiate: pointer(P, P, P, P),
  wasmtime_component_linker_instance_add_instance: pointer(P, P, 'uint64', P),
  wasmtime_component_linker_instance_add_func: pointer(P, P, 'uint64', P, P, P),
  wasmtime_component_linker_instance_add_resource: pointer(P, P, 'uint64', P, P, P, P),
  wasmtime_component_linker_instance_delete: none(P),
  wasmtime_component_instance_get_func: bool(P, P, P, P),
  wasmtime_component_func_call: pointer(P, P, P, 'uint64', P, 'uint64'),
  wasmtime_component_val_new: pointer(P),
  wasmtime_component_val_delete: none(P),
  wasmtime_component_vallist_new_uninit: none(P, 'uint64'),
  wasmtime_component_valrecord_new_uninit: none(P, 'uint64'),
  wasmtime_component_valtuple_new_uninit: none(P, 'uint64'),
  wasmtime_component_valflags_new_uninit: none(P, 'uint64'),
  wasmtime_component_resource_type_new_host: pointer('uint32'),
  wasmtime_component_resource_host_new: pointer('uint8', 'uint32', 'uint32'),
  wasmtime_component_resource_host_to_any: pointer(P, P, P),
  wasmtime_component_resource_any_to_host: pointer(P, P, P),
  wasmtime_component_resource_host_rep: { arguments: [P], return: 'uint32' },
  wasmtime_module_new: pointer(P, P, 'uint64', P),
  wasmtime_module_delete: none(P),
  wasmtime_linker_new: pointer(P),
  wasmtime_linker_delete: none(P),
  wasmtime_linker_define: pointer(P, P, P, 'uint64', P, 'uint64', P),
  wasmtime_linker_define_unknown_imports_as_traps: pointer(P, P),
  wasmtime_linker_instantiate: pointer(P, P, P, P, P),
  wasmtime_instance_export_get: bool(P, P, P, 'uint64', P),
  wasmtime_func_call: pointer(P, P, P, 'uint64', P, 'uint64', P),
  wasm_valtype_new: pointer('uint8'),
  wasm_globaltype_new: pointer(P, 'uint8'),
  wasmtime_global_new: pointer(P, P, P, P),
  wasmtime_global_get: none(P, P, P),
} as const;

export function loadWasmtime(path: string) {
  return ffi.dlopen(path, SIGNATURES);
}

export type Wasmtime = ReturnType<typeof loadWasmtime>['functions'];

/** Memory that native code is pointed at: kept for the life of one job, since only its address is known there. */
export class Arena {
  readonly #kept: ArrayBuffer[] = [];

  /** The address of `size` zeroed bytes. */
  room(size: number): bigint {
    const buffer = new ArrayBuffer(Math.max(size, 8));
    this.#kept.push(buffer);
    return ffi.getRawPointer(buffer);
  }

  bytes(bytes: Uint8Array): bigint {
    const buffer = new ArrayBuffer(Math.max(bytes.length, 8));
    new Uint8Array(buffer).set(bytes);
    this.#kept.push(buffer);
    return ffi.getRawPointer(buffer);
  }

  /** Address and length of a name. */
  text(text: string): readonly [bigint, bigint] {
    const bytes = new TextEncoder().encode(text);
    return [this.bytes(bytes), BigInt(bytes.length)];
  }
}

/** A `wasm_byte_vec_t`: size, then address. */
export function readVector(at: bigint): Uint8Array {
  const size = Number(ffi.getUint64(at, 0));
  return size === 0 ? new Uint8Array(0) : new Uint8Array(ffi.toBuffer(ffi.getUint64(at, 8), size));
}

export function readText(at: bigint): string {
  return new TextDecoder().decode(readVector(at));
}

/** The words of an error, which is deleted. */
export function takeError(wasmtime: Wasmtime, arena: Arena, error: bigint): string {
  const message = arena.room(16);
  wasmtime.wasmtime_error_message(error, message);
  const text = readText(message);
  wasmtime.wasm_byte_vec_delete(message);
  wasmtime.wasmtime_error_delete(error);
  return text;
}
