// The constants of a core reference script, such as (f32.const nan:canonical) or (v128.const i8x16 0 ...), as their bytes. wasm-tools reads
// the numbers, so that no second parser of floats can be wrong with the first. It must never be used outside tests.

import { BinaryReader } from '../../component/binary/binary-reader.ts';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { componentFromText } from './components.ts';
import type { Sexp, WastForm } from './wast.ts';

const GLOBAL_SECTION = 6;
const LANE_BYTES: Readonly<Record<string, number>> = { f32: 4, f64: 8, f32x4: 4, f64x2: 8 };
const QUIET = { 4: 0x0040_0000n, 8: 0x0008_0000_0000_0000n } as const;
const CANONICAL = { 4: 0x7fc0_0000n, 8: 0x7ff8_0000_0000_0000n } as const;
const SIGN = { 4: 0x8000_0000n, 8: 0x8000_0000_0000_0000n } as const;

type Nan = 'canonical' | 'arithmetic' | undefined;

export class Constant {
  /** 16, padded with zeros. */
  readonly bytes: Uint8Array;
  readonly reference: { readonly value: unknown } | undefined;
  readonly #head: string;
  readonly #nans: readonly Nan[];
  readonly #laneBytes: number;

  constructor(
    head: string,
    bytes: Uint8Array,
    reference?: { readonly value: unknown },
    nans: readonly Nan[] = [],
    laneBytes = 16,
  ) {
    this.#head = head;
    this.bytes = bytes;
    this.reference = reference;
    this.#nans = nans;
    this.#laneBytes = laneBytes;
  }

  matchesReference(reference: unknown): boolean {
    if (this.#head === 'ref.func') return typeof reference === 'function';
    if (this.#head === 'ref.null') return reference === null;
    return this.reference?.value === undefined ? reference !== null : reference === this.reference.value;
  }

  /** A global's value: none of those that scripts ask for is a NaN. */
  matchesNumber(value: number | bigint): boolean {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset);
    if (this.#head === 'i64.const') return value === view.getBigInt64(0, true);
    if (this.#head === 'f32.const') return value === view.getFloat32(0, true);
    return value === (this.#head === 'f64.const' ? view.getFloat64(0, true) : view.getInt32(0, true));
  }

  /** `canonicalNan`: where a script leaves the choice of a NaN, there is one that is right. */
  matchesBytes(bytes: Uint8Array, canonicalNan: boolean): boolean {
    for (let at = 0; at < 16; at += this.#laneBytes) {
      const nan = this.#nans[at / this.#laneBytes];
      if (nan === undefined) {
        for (let index = at; index < Math.min(16, at + this.#laneBytes); index++)
          if (bytes[index] !== this.bytes[index]) return false;
      } else if (!isNan(bytes.subarray(at, at + this.#laneBytes), nan, canonicalNan)) return false;
    }
    return true;
  }
}

function isNan(lane: Uint8Array, nan: Nan, canonicalNan: boolean): boolean {
  const size = lane.length === 4 ? 4 : 8;
  const bits = lane.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  if (canonicalNan) return bits === CANONICAL[size];
  const magnitude = bits & ~SIGN[size];
  return nan === 'canonical'
    ? magnitude === CANONICAL[size]
    : (magnitude & CANONICAL[size]) === CANONICAL[size] && (bits & QUIET[size]) !== 0n;
}

export class WastConstants {
  readonly #bytes: ReadonlyMap<string, Uint8Array>;
  readonly #externs = new Map<string, object>();

  private constructor(bytes: ReadonlyMap<string, Uint8Array>) {
    this.#bytes = bytes;
  }

  /** Of all commands of a script. */
  static async of(forms: readonly WastForm[]): Promise<WastConstants> {
    const texts = new Set<string>();
    for (const { tree } of forms)
      if (['assert_return', 'assert_trap', 'assert_exhaustion', 'invoke'].includes(String(tree[0])))
        collect(tree, texts);
    const list = [...texts];
    const bytes = new Map<string, Uint8Array>();
    if (list.length === 0) return new WastConstants(bytes);
    const globals = list.map((text) => `(global ${text.slice(1, text.indexOf('.'))} ${text})`);
    const module = await componentFromText(`(module ${globals.join(' ')})`);
    const place = readCoreModule(module).sections.find(({ id }) => id === GLOBAL_SECTION);
    const reader = new BinaryReader(module.subarray(place?.start, place?.end));
    reader.u32();
    for (const text of list) {
      reader.skip(2);
      bytes.set(text, readConstant(reader));
      reader.skip(1);
    }
    return new WastConstants(bytes);
  }

  /** One constant, or those of an `either`. */
  alternatives(sexp: Sexp | undefined): readonly Constant[] {
    if (sexp === undefined || typeof sexp === 'string') throw new Error(`a constant is wanted, not ${String(sexp)}`);
    const head = String(sexp[0]);
    if (head === 'either') return sexp.slice(1).flatMap((one) => this.alternatives(one));
    if (head.startsWith('ref.'))
      return [new Constant(head, new Uint8Array(16), { value: this.#reference(head, sexp[1]) })];
    const { text, nans, laneBytes } = plain(sexp);
    return [new Constant(head, this.#bytes.get(text) ?? new Uint8Array(16), undefined, nans, laneBytes)];
  }

  #reference(head: string, which: Sexp | undefined): unknown {
    if (head === 'ref.null') return null;
    if (which === undefined || head !== 'ref.extern') return undefined;
    const object = this.#externs.get(String(which)) ?? {};
    this.#externs.set(String(which), object);
    return object;
  }
}

function collect(sexp: Sexp, texts: Set<string>): void {
  if (typeof sexp === 'string') return;
  const [head] = sexp;
  if (typeof head === 'string' && /^(i32|i64|f32|f64|v128)\.const$/.test(head)) texts.add(plain(sexp).text);
  else if (head !== 'module') for (const part of sexp) collect(part, texts);
}

/** The constant with zeros for the NaNs that it leaves open. */
function plain(sexp: readonly Sexp[]): { text: string; nans: Nan[]; laneBytes: number } {
  const atoms = sexp.map(String);
  const shape = atoms[0] === 'v128.const' ? (atoms[1] ?? '') : (atoms[0] ?? '').slice(0, 3);
  const lanes = atoms.slice(atoms[0] === 'v128.const' ? 2 : 1);
  const nans = lanes.map((lane): Nan =>
    lane === 'nan:canonical' ? 'canonical' : lane === 'nan:arithmetic' ? 'arithmetic' : undefined,
  );
  const text = `(${atoms.map((atom) => (/^nan:[ca]/.test(atom) ? '0' : atom)).join(' ')})`;
  return { text, nans, laneBytes: LANE_BYTES[shape] ?? 16 };
}

function readConstant(reader: BinaryReader): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const opcode = reader.u8();
  const start = reader.offset;
  switch (opcode) {
    case 0x41:
      reader.skipS32();
      view.setInt32(0, Number(BigInt.asIntN(32, signed(reader.since(start)))), true);
      break;
    case 0x42:
      reader.skipS64();
      view.setBigInt64(0, BigInt.asIntN(64, signed(reader.since(start))), true);
      break;
    case 0x43:
      bytes.set(reader.bytes(4));
      break;
    case 0x44:
      bytes.set(reader.bytes(8));
      break;
    default:
      reader.u8();
      bytes.set(reader.bytes(16));
  }
  return bytes;
}

function signed(leb: Uint8Array): bigint {
  const bits = leb.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
  return BigInt.asIntN(7 * leb.length, bits);
}
