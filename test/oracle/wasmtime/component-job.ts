// Runs a component under wasmtime: hosts defined as the job says, calls in their order, traps by their words. It must never keep a
// store past its job.

import ffi from 'node:ffi';
import type { Value } from '../../../component/value-types.ts';
import type { OracleAnswer, OracleCall, OracleHostFunction, OracleOutcome, RunJob } from '../jobs.ts';
import type { Wasmtime } from './native.ts';
import { Arena, takeError } from './native.ts';
import { NativeValues, VAL_BYTES } from './values.ts';

/** sizeof(wasmtime_component_instance_t), and of wasmtime_component_func_t. */
const INSTANCE_BYTES = 16;
const FUNC_BYTES = 32;
/** Addresses as plain numbers: a pointer of a closure may come in other forms too, as far as its type tells. */
const CALLBACK = {
  arguments: ['uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64'],
  return: 'uint64',
} as const;
const DESTRUCTOR = { arguments: ['uint64', 'uint64', 'uint32'], return: 'uint64' } as const;

/** Closures for native code come from a library handle; this is the process itself. */
const closures = new ffi.DynamicLibrary(null);

export function runComponent(wasmtime: Wasmtime, engine: bigint, job: RunJob): OracleAnswer {
  const arena = new Arena();
  const out = arena.room(8);
  const invalid = wasmtime.wasmtime_component_new(
    engine,
    arena.bytes(job.component),
    BigInt(job.component.length),
    out,
  );
  if (invalid !== 0n) return { kind: 'refused', why: takeError(wasmtime, arena, invalid) };
  const component = ffi.getUint64(out, 0);
  const run = new ComponentRun(wasmtime, engine, component, job);
  try {
    const outcomes: OracleOutcome[] = [];
    let refused = run.instantiate();
    for (const call of job.calls) {
      if (refused !== undefined) break;
      outcomes.push(run.call(call));
      if (job.instances === 'each') refused = run.instantiate();
    }
    return refused === undefined ? { kind: 'ran', outcomes, dropped: run.dropped } : { kind: 'refused', why: refused };
  } finally {
    run.end();
    wasmtime.wasmtime_component_delete(component);
  }
}

class ComponentRun {
  readonly #wasmtime: Wasmtime;
  readonly #engine: bigint;
  readonly #component: bigint;
  readonly #job: RunJob;
  readonly #arena = new Arena();
  readonly #values: NativeValues;
  readonly #callbacks: bigint[] = [];
  readonly dropped: number[] = [];
  #store = 0n;
  #context = 0n;
  #linker = 0n;
  #instance = 0n;
  #given: Value[][] = [];

  constructor(wasmtime: Wasmtime, engine: bigint, component: bigint, job: RunJob) {
    this.#wasmtime = wasmtime;
    this.#engine = engine;
    this.#component = component;
    this.#job = job;
    this.#values = new NativeValues(wasmtime, this.#arena, () => this.#context);
    this.#linker = this.#defineHosts();
  }

  /** A new store with a new instance; the words of a failure. */
  instantiate(): string | undefined {
    if (this.#store !== 0n) this.#wasmtime.wasmtime_store_delete(this.#store);
    this.#store = this.#wasmtime.wasmtime_store_new(this.#engine, 0n, 0n);
    this.#context = this.#wasmtime.wasmtime_store_context(this.#store);
    this.#instance = this.#arena.room(INSTANCE_BYTES);
    const error = this.#wasmtime.wasmtime_component_linker_instantiate(
      this.#linker,
      this.#context,
      this.#component,
      this.#instance,
    );
    return error === 0n ? undefined : takeError(this.#wasmtime, this.#arena, error);
  }

  call({ path, args, params, result }: OracleCall): OracleOutcome {
    const wasmtime = this.#wasmtime;
    this.#given = [];
    let index = 0n;
    for (const name of path) {
      const [address, length] = this.#arena.text(name);
      index = wasmtime.wasmtime_component_get_export_index(this.#component, index, address, length);
      if (index === 0n) throw new Error(`no export ${path.join(' ')}`);
    }
    const func = this.#arena.room(FUNC_BYTES);
    if (wasmtime.wasmtime_component_instance_get_func(this.#instance, this.#context, index, func) === 0)
      throw new Error(`${path.join(' ')} is no function`);
    const given = this.#arena.room(args.length * VAL_BYTES);
    params.forEach(({ type }, at) => this.#values.write(args[at], type, given + BigInt(at * VAL_BYTES)));
    const room = this.#arena.room(VAL_BYTES);
    const results = result === null ? 0n : 1n;
    const error = wasmtime.wasmtime_component_func_call(func, this.#context, given, BigInt(args.length), room, results);
    if (error !== 0n) return { trap: takeError(wasmtime, this.#arena, error), given: this.#given };
    if (result === null) return { value: undefined, given: this.#given };
    const value = this.#values.read(result, room);
    wasmtime.wasmtime_component_val_delete(room);
    return { value, given: this.#given };
  }

  end(): void {
    if (this.#store !== 0n) this.#wasmtime.wasmtime_store_delete(this.#store);
    this.#wasmtime.wasmtime_component_linker_delete(this.#linker);
    for (const callback of this.#callbacks) closures.unregisterCallback(callback);
  }

  #defineHosts(): bigint {
    const wasmtime = this.#wasmtime;
    const { hosts, resources } = this.#job;
    const linker = wasmtime.wasmtime_component_linker_new(this.#engine);
    const root = wasmtime.wasmtime_component_linker_root(linker);
    for (const name of new Set([...resources, ...hosts].map(({ instance }) => instance))) {
      const out = this.#arena.room(8);
      this.#must(wasmtime.wasmtime_component_linker_instance_add_instance(root, ...this.#arena.text(name), out));
      const instance = ffi.getUint64(out, 0);
      for (const resource of resources) if (resource.instance === name) this.#defineResource(instance, resource.name);
      for (const host of hosts) if (host.instance === name) this.#defineFunction(instance, host);
      wasmtime.wasmtime_component_linker_instance_delete(instance);
    }
    wasmtime.wasmtime_component_linker_instance_delete(root);
    return linker;
  }

  #defineResource(instance: bigint, name: string): void {
    const type = this.#wasmtime.wasmtime_component_resource_type_new_host(this.#values.resourceNumber(name));
    const dropped = closures.registerCallback(DESTRUCTOR, (_data: bigint, _context: bigint, rep: number): bigint => {
      this.dropped.push(rep);
      return 0n;
    });
    this.#callbacks.push(dropped);
    const [address, length] = this.#arena.text(name);
    this.#must(
      this.#wasmtime.wasmtime_component_linker_instance_add_resource(instance, address, length, type, dropped, 0n, 0n),
    );
  }

  #defineFunction(instance: bigint, host: OracleHostFunction): void {
    const called = (_data: bigint, context: bigint, _type: bigint, args: bigint, _count: bigint, results: bigint) => {
      try {
        this.#context = context;
        const given = host.params.map(({ type }, at) => this.#values.read(type, args + BigInt(at * VAL_BYTES)));
        this.#given.push(given);
        const answer = host.answer === 'echo' ? given[0] : host.answer.value;
        if (host.result !== null) this.#values.write(answer, host.result, results);
        return 0n;
      } catch (error) {
        return this.#wasmtime.wasmtime_error_new(this.#arena.text(`the oracle itself: ${String(error)}\0`)[0]);
      }
    };
    const callback = closures.registerCallback(CALLBACK, called);
    this.#callbacks.push(callback);
    const [address, length] = this.#arena.text(host.name);
    this.#must(this.#wasmtime.wasmtime_component_linker_instance_add_func(instance, address, length, callback, 0n, 0n));
  }

  #must(error: bigint): void {
    if (error !== 0n) throw new Error(takeError(this.#wasmtime, this.#arena, error));
  }
}
