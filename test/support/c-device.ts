// A device for one C app in a test: the interfaces of casemate:device for its core module, in virtual time. It must never answer
// more kindly than the real one: a call that the device would refuse is refused, and bytes that are not UTF-8 end the app.

/** In the order of `error-code` in device.wit. */
const ERRORS = [
  'access-denied',
  'busy',
  'no-device',
  'invalid-argument',
  'no-entry',
  'too-many-handles',
  'io',
] as const;
type ErrorName = (typeof ERRORS)[number];
const PINS = 81;
const READ_MAX = 32_768;
const POLL_MAX = 64;

export interface CDeviceOptions {
  readonly pins?: readonly number[];
  readonly args?: readonly string[];
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** What happens from outside, by time. */
  readonly script?: readonly ScriptStep[];
}
export interface ScriptStep {
  readonly atMs: number;
  /** `terminate`: the device wants the app to end. A pin's level changes otherwise. */
  readonly does: 'terminate' | { readonly pin: number; readonly level: 0 | 1 };
}
export interface Edge {
  readonly ms: number;
  readonly pin: number;
  readonly level: number;
}
export interface CRun {
  readonly exitCode: number;
  readonly log: readonly string[];
  readonly edges: readonly Edge[];
  /** Handles that the app left open. */
  readonly open: number;
}

interface Timer {
  next: bigint | undefined;
  interval: bigint;
  expirations: bigint;
}
type Handle =
  | { readonly kind: 'input' | 'output'; readonly pin: number }
  | { readonly kind: 'timer'; readonly timer: Timer }
  | { readonly kind: 'pollable'; readonly timer: Timer };

/** `exit` of the app, which does not return. */
class Exited extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Runs a core module that was built with the C SDK to its end. Throws for a trap, and when nothing can ever wake the app. */
export function runCModule(core: Uint8Array, options: CDeviceOptions = {}): CRun {
  return new CDevice(options).run(new Uint8Array(core));
}

class CDevice {
  readonly #options: CDeviceOptions;
  readonly #log: string[] = [];
  readonly #edges: Edge[] = [];
  readonly #handles = new Map<number, Handle>();
  readonly #levels = new Map<number, 0 | 1>();
  readonly #script: ScriptStep[];
  #nextHandle = 1;
  #now = 1_000_000n;
  #exports: Record<string, unknown> = {};

  constructor(options: CDeviceOptions) {
    this.#options = options;
    this.#script = [...(options.script ?? [])].sort((a, b) => a.atMs - b.atMs);
  }

  run(core: Uint8Array<ArrayBuffer>): CRun {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(core), this.#imports());
    this.#exports = exports;
    const exitCode = this.#call();
    return { exitCode, log: this.#log, edges: this.#edges, open: this.#handles.size };
  }

  #call(): number {
    try {
      return (this.#exports['run'] as () => number)();
    } catch (error) {
      if (error instanceof Exited) return error.code;
      throw error;
    }
  }

  #imports(): WebAssembly.Imports {
    const device = (name: string): string => `casemate:device/${name}@0.1.0`;
    const drop = (handle: number): void => {
      if (!this.#handles.delete(handle)) throw new Error(`drop of handle ${handle}, which is not there`);
    };
    return {
      [device('gpio')]: {
        'open-input': (pin: number, at: number) => this.#openPin(pin >>> 0, 'input', at),
        'open-output': (pin: number, mode: number, level: number, at: number) => {
          if (mode > 2 || level > 1) throw new Error('an enum out of range');
          if (this.#openPin(pin >>> 0, 'output', at)) this.#edge(pin, level);
        },
        '[method]input.get': (handle: number, at: number) => {
          this.#bytes(at, [0, this.#levels.get(this.#pin(handle, 'input')) ?? 1]);
        },
        '[method]output.set': (handle: number, level: number, at: number) => {
          this.#edge(this.#pin(handle, 'output'), level);
          this.#bytes(at, [0, 0]);
        },
        '[resource-drop]input': drop,
        '[resource-drop]output': drop,
      },
      [device('poll')]: {
        wait: (list: number, count: number, hasTimeout: number, timeout: bigint, at: number) => {
          this.#wait(list, count, hasTimeout === 1 ? BigInt.asUintN(64, timeout) : undefined, at);
        },
        '[resource-drop]pollable': drop,
      },
      [device('timers')]: {
        now: () => this.#now,
        create: (at: number) => {
          this.#handleResult(at, { kind: 'timer', timer: { next: undefined, interval: 0n, expirations: 0n } });
        },
        '[method]timer.set': (handle: number, initial: bigint, interval: bigint, at: number) => {
          const timer = this.#timer(handle);
          timer.next = initial === 0n ? undefined : this.#now + BigInt.asUintN(64, initial);
          timer.interval = BigInt.asUintN(64, interval);
          this.#bytes(at, [0, 0]);
        },
        '[method]timer.take-expirations': (handle: number) => {
          const timer = this.#timer(handle);
          const taken = timer.expirations;
          timer.expirations = 0n;
          return taken;
        },
        '[method]timer.subscribe': (handle: number) => this.#add({ kind: 'pollable', timer: this.#timer(handle) }),
        '[resource-drop]timer': drop,
      },
      [device('log')]: {
        write: (at: number, length: number) => {
          this.#log.push(this.#text(at, length));
        },
      },
      [device('image-files')]: {
        size: (path: number, length: number, at: number) => {
          const file = this.#file(this.#text(path, length));
          if (typeof file === 'string') return this.#bytes(at, [1, 0, 0, 0, 0, 0, 0, 0, ERRORS.indexOf(file)]);
          this.#bytes(at, [0]);
          this.#view().setBigUint64(at + 8, BigInt(file.length), true);
        },
        read: (path: number, length: number, offset: bigint, wanted: number, at: number) => {
          const file = this.#file(this.#text(path, length));
          if (typeof file === 'string') return this.#bytes(at, [1, 0, 0, 0, ERRORS.indexOf(file)]);
          if (wanted > READ_MAX) throw new Error('a read over the bound');
          const from = Number(offset);
          const list = this.#list(file.subarray(from, from + wanted), 1);
          this.#bytes(at, [0]);
          this.#words(at + 4, list);
        },
      },
      [device('process')]: {
        arguments: (at: number) => {
          const strings = (this.#options.args ?? []).map((arg) => this.#list(new TextEncoder().encode(arg), 1));
          const words = new Uint8Array(new Uint32Array(strings.flat()).buffer);
          const [pointer] = this.#list(words, 4);
          this.#words(at, [pointer, strings.length]);
        },
        exit: (code: number) => {
          throw new Exited(code);
        },
      },
    };
  }

  #wait(list: number, count: number, timeout: bigint | undefined, at: number): void {
    if (count > POLL_MAX) return this.#bytes(at, [1, 0, 0, 0, ERRORS.indexOf('invalid-argument')]);
    const timers = Array.from({ length: count }, (_, index) => {
      const handle = this.#handles.get(this.#view().getInt32(list + 4 * index, true));
      if (handle?.kind !== 'pollable') throw new Error('a wait on something else than a pollable');
      return handle.timer;
    });
    const deadline = timeout === undefined ? undefined : this.#now + timeout;
    for (;;) {
      this.#expire();
      const ready = timers.flatMap((timer, index) => (timer.expirations > 0n ? [index] : []));
      if (ready.length > 0) {
        const pointer = this.#list(new Uint8Array(new Uint32Array(ready).buffer), 4)[0];
        this.#bytes(at, [0, 0, 0, 0, 0]);
        return this.#words(at + 8, [pointer, ready.length]);
      }
      const step = this.#script[0];
      const stepAt = step === undefined ? undefined : BigInt(step.atMs) * 1_000_000n;
      if (step !== undefined && stepAt !== undefined && stepAt <= this.#now) {
        this.#script.shift();
        if (step.does === 'terminate') return this.#bytes(at, [0, 0, 0, 0, 2]);
        this.#levels.set(step.does.pin, step.does.level);
        continue;
      }
      if (deadline !== undefined && deadline <= this.#now) return this.#bytes(at, [0, 0, 0, 0, 1]);
      const moments = [deadline, stepAt, ...[...this.#timers()].map(({ next }) => next)].filter(
        (moment) => moment !== undefined,
      );
      if (moments.length === 0) throw new Error('the app waits for ever');
      this.#now = moments.reduce((first, moment) => (moment < first ? moment : first));
    }
  }

  #expire(): void {
    for (const timer of this.#timers()) {
      while (timer.next !== undefined && timer.next <= this.#now) {
        timer.expirations++;
        timer.next = timer.interval === 0n ? undefined : timer.next + timer.interval;
      }
    }
  }

  *#timers(): Generator<Timer> {
    for (const handle of this.#handles.values()) if (handle.kind === 'timer') yield handle.timer;
  }

  #openPin(pin: number, kind: 'input' | 'output', at: number): boolean {
    const isOpen = [...this.#handles.values()].some((handle) => 'pin' in handle && handle.pin === pin);
    const granted = this.#options.pins?.includes(pin) === true;
    const error = pin >= PINS ? 'no-device' : !granted ? 'access-denied' : isOpen ? 'busy' : undefined;
    if (error === undefined) this.#handleResult(at, { kind, pin });
    else this.#bytes(at, [1, 0, 0, 0, ERRORS.indexOf(error)]);
    return error === undefined;
  }

  #edge(pin: number, level: number): void {
    this.#edges.push({ ms: Number(this.#now / 1_000_000n), pin, level });
  }

  #pin(handle: number, kind: 'input' | 'output'): number {
    const found = this.#handles.get(handle);
    if (found?.kind !== kind) throw new Error(`handle ${handle} is no ${kind}`);
    return found.pin;
  }

  #timer(handle: number): Timer {
    const found = this.#handles.get(handle);
    if (found?.kind !== 'timer') throw new Error(`handle ${handle} is no timer`);
    return found.timer;
  }

  #file(path: string): Uint8Array | ErrorName {
    const bad = path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
    return bad ? 'invalid-argument' : (this.#options.files?.get(path) ?? 'no-entry');
  }

  #add(handle: Handle): number {
    this.#handles.set(this.#nextHandle, handle);
    return this.#nextHandle++;
  }

  #handleResult(at: number, handle: Handle): void {
    this.#bytes(at, [0]);
    this.#words(at + 4, [this.#add(handle)]);
  }

  /** Puts bytes where the guest's allocator says; pointer and length. */
  #list(bytes: Uint8Array, elementBytes: number): [pointer: number, count: number] {
    const realloc = this.#exports['cabi_realloc'] as (...args: number[]) => number;
    const pointer = realloc(0, 0, elementBytes, bytes.length);
    if (pointer % elementBytes !== 0) throw new Error('the allocator does not align');
    new Uint8Array(this.#memory(), pointer, bytes.length).set(bytes);
    return [pointer, bytes.length / elementBytes];
  }

  #text(at: number, length: number): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(this.#memory(), at, length));
  }

  #bytes(at: number, bytes: readonly number[]): void {
    new Uint8Array(this.#memory()).set(bytes, at);
  }

  #words(at: number, words: readonly number[]): void {
    words.forEach((word, index) => this.#view().setUint32(at + 4 * index, word, true));
  }

  #view(): DataView {
    return new DataView(this.#memory());
  }

  #memory(): ArrayBuffer {
    return (this.#exports['memory'] as WebAssembly.Memory).buffer;
  }
}
