// Runs calls of a probe component under jco's generated glue, as a program of its own: one hostile component can poison jco's process.
// Standard input: one JSON job; standard output: one JSON list of outcomes. It must never run in a test's own process.

import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { text } from 'node:stream/consumers';
import type { Case, Value, ValueType } from '../../component/value-types.ts';

export interface ProbeCall {
  readonly export: string;
  readonly type: ValueType;
  readonly arg: Value;
  readonly argType: ValueType;
  readonly resultType: ValueType | null;
}

export interface OracleJob {
  /** Base64. */
  readonly component: string;
  readonly calls: readonly ProbeCall[];
}

/** What came back, or what the sink was given; `trap` when the guest was stopped. */
export type Outcome = { readonly value: Value } | { readonly trap: true };

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return { $big: String(part) };
    if (part instanceof Uint8Array) return { $bytes: [...part] };
    if (typeof part === 'number' && (!Number.isFinite(part) || Object.is(part, -0)))
      return { $num: Object.is(part, -0) ? '-0' : String(part) };
    return part;
  });
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, part: unknown) => {
    const tagged = part as { $big?: string; $bytes?: number[]; $num?: string } | null;
    if (typeof tagged !== 'object' || tagged === null) return part;
    if (tagged.$big !== undefined) return BigInt(tagged.$big);
    if (tagged.$bytes !== undefined) return Uint8Array.from(tagged.$bytes);
    return tagged.$num === undefined ? part : Number(tagged.$num);
  });
}

type Instance = Record<string, (...args: unknown[]) => unknown>;
type Instantiate = (core: (path: string) => WebAssembly.Module, imports: unknown) => Instance;

async function runJob({ component, calls }: OracleJob): Promise<Outcome[]> {
  const { files } = await transpileBytes(Buffer.from(component, 'base64'), {
    name: 'probe',
    instantiation: 'sync',
    base64Cutoff: 0,
  });
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of Object.entries(files)) {
    if (path.endsWith('.wasm')) modules.set(path, new WebAssembly.Module(Uint8Array.from(bytes)));
  }
  const source = Buffer.from(files['probe.js'] ?? new Uint8Array()).toString('base64');
  const { instantiate } = (await import(`data:text/javascript;base64,${source}`)) as { instantiate: Instantiate };
  let sunk: unknown;
  const sink = (given: unknown): void => void (sunk = given);
  const anyName = { get: () => sink, getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }) };
  const imports = { 'probe:abi/host': new Proxy({}, anyName) };
  let instance: Instance | undefined;
  return calls.map((call) => {
    instance ??= instantiate((path) => modules.get(path) ?? raise(`no module ${path}`), imports);
    try {
      const result = instance[camel(call.export)]?.(toJco(call.arg, call.argType));
      if (call.export.startsWith('feed')) return { value: fromJco(sunk, call.type) };
      return { value: call.resultType === null ? undefined : fromJco(result, call.resultType) };
    } catch {
      // After a trap its instance is of no use.
      instance = undefined;
      return { trap: true };
    }
  });
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

if (import.meta.main) {
  process.stdout.write(toJson(await runJob(fromJson(await text(process.stdin)) as OracleJob)));
}
