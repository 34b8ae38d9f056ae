// The instructions that metering puts between the guest's own, written byte by byte. Each leaves the operand stack as it found it.

import type { ByteSink } from './byte-sink.ts';
import { MAX_FRAME_UNITS, STACK_BITS, STACK_UNIT_BYTES } from './meter-cell.ts';
import { ComponentError } from '../../component-error.ts';
import type { ModuleShape } from './module-shape.ts';

const FUEL_UNIT = 2 ** STACK_BITS;
/** What V8's baseline compiler keeps in a frame besides locals and operands; its frames are the largest. */
const FRAME_BYTES = 96;
/** A function that calls nothing stands on top of the stack alone: if it is small, it is not worth the count. */
export const RED_ZONE_UNITS = 64;
/** `i64.const` of the cell's bits that say stop: its sign (out of fuel) and `STACK_OVER`. */
const STOP_BITS = [0x42, 0x80, 0x80, 0xc0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];

const BLOCK = 0x02;
const IF = 0x04;
const ELSE = 0x05;
const END = 0x0b;
const BR_IF = 0x0d;
const CALL = 0x10;
const SELECT = 0x1b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const I32_NE = 0x47;
const I64_NE = 0x52;
const I64_LT_S = 0x53;
const I64_ADD = 0x7c;
const I64_SUB = 0x7d;
const I64_MUL = 0x7e;
const I64_AND = 0x83;
const I64_SHL = 0x86;
const I64_SHR_U = 0x88;
const I64_EXTEND_I32_U = 0xad;
const I64 = 0x7e;
const EMPTY = 0x40;

/** Units of stack for a frame of so many locals, operands and results. Errors: `component-too-complex`. */
export function frameUnits(slots: number, vectors: boolean): number {
  const bytes = FRAME_BYTES + slots * (vectors ? 16 : 8);
  const units = Math.ceil(bytes / STACK_UNIT_BYTES);
  if (units > MAX_FRAME_UNITS)
    throw new ComponentError('component-too-complex', `a function with a frame of ${bytes} bytes`);
  return units;
}

/** `local -= owed` */
export function pay(code: ByteSink, local: number, owed: number): void {
  code.u8(LOCAL_GET);
  code.u32(local);
  subtract(code, owed * FUEL_UNIT);
  code.u8(LOCAL_SET);
  code.u32(local);
}

/** Is there any left? If not, asks. */
export function look(code: ByteSink, { ask }: ModuleShape, local: number): void {
  code.u8(LOCAL_GET);
  code.u32(local);
  code.put([I64_CONST, 0, I64_LT_S, IF, EMPTY]);
  askFor(code, ask, local);
}

/** In the inner of two loops with the same parameters: out of fuel, back to the outer one, which asks. */
export function lookAround(code: ByteSink, local: number): void {
  code.u8(LOCAL_GET);
  code.u32(local);
  code.put([I64_CONST, 0, I64_LT_S, BR_IF, 1]);
}

export function surround(code: ByteSink, bytes: Uint8Array, from: number, to: number): void {
  code.u8(BLOCK);
  code.copy(bytes, from, to);
  code.put([0x03, EMPTY, BLOCK, EMPTY]);
}

export function unsurround(code: ByteSink, { ask }: ModuleShape, local: number): void {
  code.put([0x0c, 2, END, LOCAL_GET]);
  code.u32(local);
  code.u8(CALL);
  code.u32(ask);
  code.u8(LOCAL_SET);
  code.u32(local);
  code.put([0x0c, 0, END, 0x00, END]);
}

export function end(code: ByteSink): void {
  code.u8(END);
}

/** The local takes over what is in the cell. */
export function load(code: ByteSink, { cell }: ModuleShape, local: number): void {
  code.u8(GLOBAL_GET);
  code.u32(cell);
  code.u8(LOCAL_SET);
  code.u32(local);
}

/** `cell = local - owed` */
export function store(code: ByteSink, { cell }: ModuleShape, local: number, owed: number): void {
  code.u8(LOCAL_GET);
  code.u32(local);
  subtract(code, owed * FUEL_UNIT);
  code.u8(GLOBAL_SET);
  code.u32(cell);
}

/** A function that may call others begins: its frame is counted, and it goes on only with stack and fuel. */
export function enter(code: ByteSink, { cell, ask }: ModuleShape, local: number, frame: number): void {
  code.u8(GLOBAL_GET);
  code.u32(cell);
  code.u8(I64_CONST);
  code.signed(frame);
  code.put([I64_ADD, LOCAL_TEE]);
  code.u32(local);
  code.put(STOP_BITS);
  code.put([I64_AND, I64_CONST, 0, I64_NE, IF, EMPTY]);
  askFor(code, ask, local);
}

/** As `enter`, and pays for all of the function. */
export function enterAndPay(
  code: ByteSink,
  { cell, ask }: ModuleShape,
  local: number,
  frame: number,
  owed: number,
): void {
  code.u8(GLOBAL_GET);
  code.u32(cell);
  code.u8(I64_CONST);
  // A function that no way leads out of owes nothing; a unit of fuel is more than any frame.
  code.signed(owed === 0 ? frame : owed * FUEL_UNIT - frame);
  code.u8(owed === 0 ? I64_ADD : I64_SUB);
  code.u8(LOCAL_TEE);
  code.u32(local);
  code.u8(GLOBAL_SET);
  code.u32(cell);
  code.u8(LOCAL_GET);
  code.u32(local);
  code.put(STOP_BITS);
  code.put([I64_AND, I64_CONST, 0, I64_NE, IF, EMPTY, LOCAL_GET]);
  code.u32(local);
  code.u8(CALL);
  code.u32(ask);
  code.u8(GLOBAL_SET);
  code.u32(cell);
  code.u8(END);
}

/** The stack that the function had goes back into the cell. */
export function giveBack(code: ByteSink, { cell }: ModuleShape, frame: number): void {
  code.u8(GLOBAL_GET);
  code.u32(cell);
  subtract(code, frame);
  code.u8(GLOBAL_SET);
  code.u32(cell);
  code.u8(END);
}

/** A block around all of the guest's own, so that each of its ways out leads to `leave`. */
export function openWrapper(code: ByteSink, shape: ModuleShape, type: number): void {
  code.u8(BLOCK);
  shape.writeResultType(type, code);
}

/** What the function owes and the stack that it had go back into the cell. */
export function leave(code: ByteSink, { cell }: ModuleShape, local: number, owed: number, frame: number): void {
  code.u8(LOCAL_GET);
  code.u32(local);
  subtract(code, owed * FUEL_UNIT + frame);
  code.u8(GLOBAL_SET);
  code.u32(cell);
  code.u8(END);
}

/** A function without loops and calls pays when it begins. */
export function payAtOnce(code: ByteSink, { cell, ask }: ModuleShape, owed: number, looks: boolean): void {
  if (owed === 0) return;
  code.u8(GLOBAL_GET);
  code.u32(cell);
  subtract(code, owed * FUEL_UNIT);
  code.u8(GLOBAL_SET);
  code.u32(cell);
  if (!looks) return;
  code.u8(GLOBAL_GET);
  code.u32(cell);
  code.put([I64_CONST, 0, I64_LT_S, IF, EMPTY, GLOBAL_GET]);
  code.u32(cell);
  code.u8(CALL);
  code.u32(ask);
  code.u8(GLOBAL_SET);
  code.u32(cell);
  code.u8(END);
}

/** `kept` is the operand on top, which stays there. */
export function keep(code: ByteSink, kept: number): void {
  code.u8(LOCAL_TEE);
  code.u32(kept);
}

/** Pays a unit for every 2^`shift` (negative: 2^-`shift` units for every one) of the operand on top, which is less than 2^32 and stays there. */
export function payLength(code: ByteSink, local: number, length: number, shift: number): void {
  keep(code, length);
  code.u8(LOCAL_GET);
  code.u32(local);
  code.u8(LOCAL_GET);
  code.u32(length);
  code.put([I64_EXTEND_I32_U, I64_CONST, Math.max(shift, 0), I64_SHR_U]);
  code.put([I64_CONST, STACK_BITS - Math.min(shift, 0), I64_SHL, I64_SUB, LOCAL_SET]);
  code.u32(local);
}

/** Pays for each of `asked` unless the answer on top, which stays there, is -1. Then it was less than 2^17, and the product cannot overflow. */
export function payGrowth(code: ByteSink, local: number, asked: number, answer: number, unitsEach: number): void {
  keep(code, answer);
  code.u8(LOCAL_GET);
  code.u32(local);
  code.u8(LOCAL_GET);
  code.u32(asked);
  code.put([I64_EXTEND_I32_U, I64_CONST]);
  code.signed(unitsEach * FUEL_UNIT);
  code.put([I64_MUL, I64_CONST, 0, LOCAL_GET]);
  code.u32(answer);
  code.put([I32_CONST, 0x7f, I32_NE, SELECT, I64_SUB, LOCAL_SET]);
  code.u32(local);
}

/** The operand on top becomes the canonical NaN if it is one (lane by lane in a vector). */
export function canonicalize(code: ByteSink, kept: number, nan: readonly number[], choose: readonly number[]): void {
  keep(code, kept);
  code.put(nan);
  code.u8(LOCAL_GET);
  code.u32(kept);
  code.u8(LOCAL_GET);
  code.u32(kept);
  code.put(choose);
}

/** The body of the function that asks: `spent` first; what is negative still has to wait. With its size. */
export function askBody(code: ByteSink, { spent, wait }: ModuleShape): void {
  const body: number[] = [];
  const index = (value: number): void => {
    for (let rest = value; ; rest >>>= 7) {
      body.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) return;
    }
  };
  body.push(0, LOCAL_GET, 0, CALL);
  index(spent);
  body.push(LOCAL_TEE, 0, I64_CONST, 0, I64_LT_S, IF, I64, LOCAL_GET, 0, CALL);
  index(wait);
  body.push(ELSE, LOCAL_GET, 0, END, END);
  code.u32(body.length);
  code.put(body);
}

function askFor(code: ByteSink, ask: number, local: number): void {
  code.u8(LOCAL_GET);
  code.u32(local);
  code.u8(CALL);
  code.u32(ask);
  code.u8(LOCAL_SET);
  code.u32(local);
  code.u8(END);
}

function subtract(code: ByteSink, amount: number): void {
  code.u8(I64_CONST);
  code.signed(amount);
  code.u8(I64_SUB);
}
