// The program of the jco oracle's process: components under jco's generated glue, one job a line on standard input, one answer a line on
// standard output. One hostile component can spoil the process for every later one, which is why it must never run in a test's own.

import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { createInterface } from 'node:readline';
import type { Case, Value, ValueType } from '../../../component/value-types.ts';
import { fromJson, toJson } from '../json.ts';
import type { OracleAnswer, OracleCall, OracleHostFunction, OracleOutcome, RunJob } from '../jobs.ts';

type Instance = Record<string, unknown>;
type Instantiate = (core: (path: string) => WebAssembly.Module, imports: unknown) => Instance;
type Callable = (...args: unknown[]) => unknown;

async function answer(job: RunJob): Promise<OracleAnswer> {
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    ({ files } = await transpileBytes(job.component, { name: 'probe', instantiation: 'sync', base64Cutoff: 0 }));
  } catch (error) {
    // A trap is the tool's own death: this process serves nobody after it.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return { kind: 'refused', why: String(error) };
  }
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of Object.entries(files)) {
    if (path.endsWith('.wasm')) modules.set(path, new WebAssembly.Module(Uint8Array.from(bytes)));
  }
  const source = Buffer.from(files['probe.js'] ?? new Uint8Array()).toString('base64');
  const { instantiate } = (await import(`data:text/javascript;base64,${source}`)) as { instantiate: Instantiate };
  const given: Value[][] = [];
  const imports = importsOf(job.hosts, given);
  const start = (): Instance => instantiate((path) => modules.get(path) ?? raise(`no module ${path}`), imports);
  let instance: Instance;
  try {
    instance = start();
  } catch (error) {
    return { kind: 'refused', why: String(error) };
  }
  const outcomes = job.calls.map((call) => {
    const outcome = outcomeOf(instance, call, given);
    if (job.instances === 'each') instance = start();
    return outcome;
  });
  return { kind: 'ran', outcomes, dropped: [] };
}

/** By instance: each host's functions under jco's names. Types need nothing from the host. */
function importsOf(hosts: readonly OracleHostFunction[], given: Value[][]): Record<string, Record<string, Callable>> {
  const imports: Record<string, Record<string, Callable>> = {};
  for (const { instance, name, params, result, answer } of hosts) {
    (imports[instance] ??= {})[camel(name)] = (...args) => {
      const values = params.map(({ type }, index) => fromJco(args[index], type));
      given.push(values);
      return result === null ? undefined : toJco(answer === 'echo' ? values[0] : answer.value, result);
    };
  }
  return imports;
}

function outcomeOf(instance: Instance, call: OracleCall, given: Value[][]): OracleOutcome {
  given.length = 0;
  try {
    const func = call.path.reduce<unknown>(
      (at, name) => (at as Instance)[name] ?? (at as Instance)[camel(name)],
      instance,
    );
    const returned = (func as Callable)(...call.params.map(({ type }, index) => toJco(call.args[index], type)));
    return { value: call.result === null ? undefined : fromJco(returned, call.result), given: [...given] };
  } catch (error) {
    return { trap: String(error), given: [...given] };
  }
}

function raise(message: string): never {
  throw new Error(message);
}

function camel(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function toJco(value: Value, type: ValueType): unknown {
  switch (type.kind) {
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }, index) => [camel(name), toJco((value as Value[])[index], field)]),
      );
    case 'tuple':
      return type.elements.map((element, index) => toJco((value as Value[])[index], element));
    case 'list':
      return value instanceof Uint8Array ? value : (value as Value[]).map((part) => toJco(part, type.element));
    case 'enum':
      return type.names[value as number];
    case 'flags':
      return Object.fromEntries(type.names.map((name, bit) => [camel(name), ((value as number) & (1 << bit)) !== 0]));
    case 'option': {
      const chosen = value as Case;
      return chosen.index === 0 ? undefined : toJco(chosen.value, type.some);
    }
    case 'result':
    case 'variant': {
      const chosen = value as Case;
      const { name, payload } = caseOf(type, chosen.index);
      return payload === undefined ? { tag: name } : { tag: name, val: toJco(chosen.value, payload) };
    }
    default:
      return value;
  }
}

function fromJco(value: unknown, type: ValueType): Value {
  switch (type.kind) {
    case 'record':
      return type.fields.map(({ name, type: field }) =>
        fromJco((value as Record<string, unknown>)[camel(name)], field),
      );
    case 'tuple':
      return type.elements.map((element, index) => fromJco((value as unknown[])[index], element));
    case 'list':
      return type.element.kind === 'u8'
        ? Uint8Array.from(value as Uint8Array)
        : Array.from(value as unknown[], (part) => fromJco(part, type.element));
    case 'enum':
      return type.names.indexOf(value as string);
    case 'flags':
      return (
        type.names.reduce(
          (bits, name, bit) => bits | ((value as Record<string, boolean>)[camel(name)] === true ? 1 << bit : 0),
          0,
        ) >>> 0
      );
    case 'option':
      return value === undefined ? { index: 0, value: undefined } : { index: 1, value: fromJco(value, type.some) };
    case 'result':
    case 'variant': {
      const { tag, val } = value as { tag: string; val: unknown };
      const count = type.kind === 'result' ? 2 : type.cases.length;
      const index = Array.from({ length: count }, (_, at) => caseOf(type, at).name).indexOf(tag);
      const { payload } = caseOf(type, index);
      return { index, value: payload === undefined ? undefined : fromJco(val, payload) };
    }
    default:
      return value as Value;
  }
}

function caseOf(
  type: Extract<ValueType, { kind: 'result' | 'variant' }>,
  index: number,
): { name: string; payload: ValueType | undefined } {
  if (type.kind === 'variant') return { name: type.cases[index]?.name ?? '', payload: type.cases[index]?.type };
  return index === 0 ? { name: 'ok', payload: type.ok } : { name: 'err', payload: type.error };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${toJson(await answer(fromJson(line) as RunJob))}\n`);
}
