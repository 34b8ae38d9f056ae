// The part of the WebAssembly JavaScript API that a layer whose tsconfig lists this file may name; it must never declare
// streaming compilation or `instantiate(bytes)`, so that a module is always compiled from bytes that were checked first.

declare namespace WebAssembly {
  type ImportExportKind = 'function' | 'global' | 'memory' | 'table' | 'tag';
  type ValueType = 'anyfunc' | 'externref' | 'f32' | 'f64' | 'i32' | 'i64' | 'v128';
  type ExportValue = Function | Global | Memory | Table | Tag;
  type ImportValue = ExportValue | Suspending | number | bigint;
  type Imports = Record<string, Record<string, ImportValue>>;
  type Exports = Record<string, ExportValue>;

  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer);
    static exports(module: Module): { name: string; kind: ImportExportKind }[];
    static imports(module: Module): { module: string; name: string; kind: ImportExportKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
    private readonly module: never;
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }

  class Memory {
    constructor(limits: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Table {
    constructor(limits: { element: 'anyfunc' | 'externref'; initial: number; maximum?: number }, value?: unknown);
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value?: unknown): void;
    grow(entries: number, value?: unknown): number;
  }

  class Global<T = number | bigint> {
    constructor(type: { value: ValueType; mutable?: boolean }, value?: T);
    value: T;
    valueOf(): T;
  }

  class Tag {
    constructor(type: { parameters: ValueType[] });
    private readonly tag: never;
  }

  class Exception extends Error {
    constructor(tag: Tag, payload: unknown[]);
    is(tag: Tag): boolean;
    getArg(tag: Tag, index: number): unknown;
  }

  /** JavaScript Promise Integration: a call of the import suspends the wasm stack until the promise settles. */
  class Suspending {
    constructor(fn: (...args: never[]) => unknown);
    private readonly suspending: never;
  }

  /** JavaScript Promise Integration: makes the export return a promise, so that it may suspend. */
  function promising(exported: Function): (...args: unknown[]) => Promise<unknown>;

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  class SuspendError extends Error {}

  function validate(bytes: ArrayBufferView | ArrayBuffer): boolean;
}
