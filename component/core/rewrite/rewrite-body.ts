// Rewrites one function body in one pass: fuel, stack, NaNs, and indices that have moved. Never changes what the guest's own instructions do
// to each other: what is put in between leaves the operand stack as it was.
//
// Fuel is kept in a local while a function runs and goes to the cell around calls. Nothing is charged where paths part: each path owes what
// lies on it, where paths meet the most that any of them owes is owed, and the debt is paid before calls, at the branch back to a loop's head, and
// at the end. So a turn of a loop pays once, for the longest way that it may have taken, and never less than for its own.
//
// It is longer than other files because one pass over the instructions has one state: what is owed, how high the stack is, what is dead.

import { ComponentError } from '../../component-error.ts';
import { MAX_FUNCTION_BYTES, MAX_LOCALS } from '../../limits.ts';
import { BODY_OPCODES, IMMEDIATE } from '../opcodes.ts';
import { BodyText } from './body-text.ts';
import { ByteSink } from './byte-sink.ts';
import { CANONICAL, FLOAT, MAKES_NAN, TAKES_ANY_NAN, VECTOR_MAKES_NAN } from './float-tables.ts';
import { Frames, KIND } from './frames.ts';
import { NUMERIC_TABLE, ONE_BYTE_TABLE, VECTOR_TABLE } from './instruction-tables.ts';
import type { InstructionTable } from './instruction-tables.ts';
import type { ModuleShape } from './module-shape.ts';
import { V128 } from './module-shape.ts';
import * as emit from './metering-code.ts';

const OP = {
  loop: 0x03,
  if: 0x04,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  unreachable: 0x00,
  call: 0x10,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  refFunc: 0xd2,
  vector: 0xfd,
} as const;
const NUMERIC = {
  memoryInit: 8,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  tableCopy: 14,
  tableGrow: 15,
  tableFill: 17,
} as const;
const I32 = 0x7f;
const I64 = 0x7e;

/** Beyond so many units on one path without a look at what is left, there is one: that is how far fuel can go below zero. */
const MAX_UNCHECKED = 10_000;
/** A function without loops and calls looks only if it may cost more: a look costs as much as such a function. */
const MAX_LEAF_UNCHECKED = 256;
/** Memory is moved at some 16 bytes a unit, and a page that is new has to be zeroed. */
const UNIT_SHIFT_BYTES = 4;
/** An entry of a table that is written takes the engine some 40 to 130 ns: the unit, shifted the other way. */
const UNIT_SHIFT_ENTRIES = -5;
const LOCALS_PER_UNIT = 8;
/** So many values go from place to place with a call or a branch for nothing; more are paid for, one unit each. */
const FREE_VALUES = 8;
const UNITS_PER_PAGE = 1024;
const UNITS_PER_NEW_ENTRY = 4;

/** A function without loops that costs no more than this, however it goes, pays for its longest way when it begins. */
const MAX_SMALL_UNITS = 128;

export interface BodyRewriting {
  readonly meter: boolean;
  readonly canonicalNan: boolean;
}

export class BodyRewriter {
  readonly #text: BodyText;
  readonly #shape: ModuleShape;
  readonly #meter: boolean;
  readonly #canonicalNan: boolean;
  readonly #head = new ByteSink(256);
  readonly #frames = new Frames();
  #locals = 0;
  /** Types of the locals that are added, from index `#locals` on; the first is the cell's. */
  #added: number[] = [];
  /** It may still turn out to be a function that pays when it begins. */
  #small = true;
  /** Units that the path to here owes. */
  #owed = 0;
  /** Units paid on the path to here since the last look at what is left. */
  #unchecked = 0;
  #height = 0;
  #highest = 0;
  /** The most operands and results that a call here passes: the engine may keep them a second time, beside those of the frame. */
  #passed = 0;
  /** Nothing comes here. */
  #dead = false;
  #anchored = false;
  #calls = false;
  #vectors = false;

  constructor(bytes: Uint8Array, shape: ModuleShape, { meter, canonicalNan }: BodyRewriting) {
    this.#text = new BodyText(bytes);
    this.#shape = shape;
    this.#meter = meter;
    this.#canonicalNan = canonicalNan;
  }

  /** The body `bytes[start..end)` of the module's own function number `own`, with its size before it. Errors: as `rewriteModule`. */
  rewrite(start: number, end: number, own: number, out: ByteSink): void {
    const shape = this.#shape;
    const type = shape.ownTypes[own] ?? 0;
    this.#text.at = start;
    this.#locals = shape.typeParams[type] ?? 0;
    this.#vectors = false;
    const groups = this.#text.u32();
    const groupsStart = this.#text.at;
    for (let left = groups; left > 0; left--) this.#readLocals();
    const groupsEnd = this.#text.at;
    this.#small = true;
    if (!this.#walk(type, groupsEnd)) {
      this.#small = false;
      this.#walk(type, groupsEnd);
    }
    if (this.#text.at !== end) throw malformed(this.#text.at, 'a body that ends elsewhere');
    this.#text.flush(end);
    this.#assemble(type, groups, groupsStart, groupsEnd, out);
  }

  #readLocals(): void {
    this.#locals += this.#text.u32();
    if (this.#text.bytes[this.#text.at++] === V128) this.#vectors = true;
  }

  #assemble(type: number, groups: number, groupsStart: number, groupsEnd: number, out: ByteSink): void {
    const shape = this.#shape;
    const slots = this.#locals + this.#highest + this.#passed + (shape.typeResults[type] ?? 0);
    const frame = emit.frameUnits(slots, this.#vectors);
    const charged = this.#calls || frame > emit.RED_ZONE_UNITS ? frame : 0;
    const small = this.#small;
    const light = !this.#anchored && charged === 0;
    const added = light && this.#meter && this.#added.length === 1 ? [] : this.#added;
    if (this.#locals + added.length > MAX_LOCALS) throw tooComplex(`more than ${MAX_LOCALS} locals`);
    const head = this.#head;
    head.length = 0;
    head.u32(groups + added.length);
    head.copy(this.#text.bytes, groupsStart, groupsEnd);
    for (const local of added) head.put([1, local]);
    const code = this.#text.code;
    if (this.#meter && light) emit.payAtOnce(head, shape, this.#owed, this.#owed > MAX_LEAF_UNCHECKED);
    if (this.#meter && !light) {
      if (small) emit.enterAndPay(head, shape, this.#locals, charged, this.#owed);
      else if (charged > 0) emit.enter(head, shape, this.#locals, charged);
      else emit.load(head, shape, this.#locals);
      emit.openWrapper(head, shape, type);
      if (!small && this.#unchecked + this.#owed > MAX_UNCHECKED) {
        this.#pay(this.#text.at);
        emit.look(code, shape, this.#locals);
      }
      if (small) emit.giveBack(code, shape, charged);
      else emit.leave(code, shape, this.#locals, this.#owed, charged);
    }
    const size = head.length + code.length;
    if (size > MAX_FUNCTION_BYTES) throw tooComplex(`a function of ${size} bytes`);
    out.u32(size);
    out.copy(head.bytes, 0, head.length);
    out.copy(code.bytes, 0, code.length);
  }

  /** From the first instruction to the last; false if the body turns out to be no small one. */
  #walk(type: number, start: number): boolean {
    this.#text.begin(start);
    this.#added = this.#meter ? [I64] : [];
    // The engine clears all locals at each call, however short.
    this.#owed = Math.floor(this.#locals / LOCALS_PER_UNIT);
    this.#unchecked = this.#height = this.#highest = this.#passed = 0;
    this.#dead = this.#anchored = this.#calls = false;
    this.#frames.reset(this.#shape.typeResults[type] ?? 0);
    this.#vectors ||= this.#shape.vectors;
    const bytes = this.#text.bytes;
    const { oneByte } = BODY_OPCODES;
    const { cost, height } = ONE_BYTE_TABLE;
    const frames = this.#frames;
    while (frames.depth >= 0) {
      if (this.#meter && this.#small && (this.#anchored || this.#owed > MAX_SMALL_UNITS)) return false;
      const start = this.#text.at;
      const opcode = bytes[this.#text.at++] ?? 0;
      const immediate = oneByte[opcode] ?? 0;
      if (immediate >= IMMEDIATE.numeric) {
        this.#prefixed(start, immediate);
        continue;
      }
      this.#owed += cost[opcode] ?? 1;
      this.#move(height[opcode] ?? 0);
      switch (immediate) {
        case IMMEDIATE.none:
          this.#plain(start, opcode);
          break;
        case IMMEDIATE.index:
          this.#indexed(start, opcode);
          break;
        case IMMEDIATE.block:
          this.#open(start, opcode);
          break;
        case IMMEDIATE.else:
          this.#meet(frames.depth);
          frames.turnToElse();
          this.#resume();
          break;
        case IMMEDIATE.end:
          this.#close();
          break;
        case IMMEDIATE.indexPair:
          this.#callIndirect(start);
          break;
        case IMMEDIATE.branchTable:
          this.#branchTable(start);
          break;
        case IMMEDIATE.memoryIndex:
          this.#text.u32();
          if (opcode === OP.memoryGrow) this.#grow(start, UNITS_PER_PAGE);
          break;
        default:
          this.#text.skip(immediate);
      }
    }
    return true;
  }

  #plain(start: number, opcode: number): void {
    if (opcode === OP.unreachable) this.#die();
    else if (opcode === OP.return) this.#return(start);
    else if (this.#canonicalNan) this.#canonicalize(MAKES_NAN[opcode] ?? 0);
  }

  #indexed(start: number, opcode: number): void {
    const index = this.#text.u32();
    if (opcode >= OP.localGet && opcode <= OP.localTee) {
      // Beyond the guest's own locals lie ours, and fuel is one of them.
      if (index >= this.#locals) throw malformed(start, `local ${index} of ${this.#locals}`);
      return;
    }
    switch (opcode) {
      case OP.globalGet:
      case OP.globalSet:
        return this.#text.renumber(start, opcode, index, this.#shape.movedGlobal(index));
      case OP.refFunc:
        return this.#text.renumber(start, opcode, index, this.#shape.movedFunction(index));
      case OP.call:
        return this.#call(start, index);
      case OP.br:
        this.#branch(start, opcode, index);
        return this.#die();
      case OP.brIf:
        return this.#branch(start, opcode, index);
      default:
    }
  }

  #prefixed(start: number, prefix: number): void {
    const opcode = this.#text.u32();
    const vector = prefix === IMMEDIATE.vector;
    const table: InstructionTable = vector ? VECTOR_TABLE : NUMERIC_TABLE;
    this.#owed += table.cost[opcode] ?? 1;
    this.#move(table.height[opcode] ?? 0);
    this.#text.skip((vector ? BODY_OPCODES.vector : BODY_OPCODES.numeric)[opcode] ?? 0);
    if (vector) {
      this.#vectors = true;
      if (this.#canonicalNan) this.#canonicalize(VECTOR_MAKES_NAN[opcode] ?? 0);
      return;
    }
    switch (opcode) {
      case NUMERIC.memoryInit:
      case NUMERIC.memoryCopy:
      case NUMERIC.memoryFill:
        return this.#bulk(start, UNIT_SHIFT_BYTES);
      case NUMERIC.tableInit:
      case NUMERIC.tableCopy:
      case NUMERIC.tableFill:
        return this.#bulk(start, UNIT_SHIFT_ENTRIES);
      case NUMERIC.tableGrow:
        return this.#grow(start, UNITS_PER_NEW_ENTRY);
      default:
    }
  }

  // Structure.

  #open(start: number, opcode: number): void {
    let params = 0;
    let results = 0;
    const first = this.#text.bytes[this.#text.at] ?? 0;
    if (first === 0x40) this.#text.at++;
    else if (first > 0x40 && first < 0x80) {
      this.#text.at++;
      results = 1;
    } else {
      const type = this.#text.u32();
      params = this.#arity(this.#shape.typeParams, type);
      results = this.#arity(this.#shape.typeResults, type);
    }
    const frames = this.#frames;
    if (opcode !== OP.loop) {
      const kind = opcode === OP.if ? KIND.if : KIND.block;
      frames.open(kind, this.#height - params, params, results, this.#owed, this.#unchecked, this.#dead);
      return;
    }
    const looks = this.#meter && !this.#dead;
    if (looks) this.#pay(start);
    frames.open(KIND.loop, this.#height - params, params, results, 0, 0, this.#dead);
    if (!looks) return;
    // The loop itself calls nothing, so that the engine keeps what it knows of memory in registers: out of fuel, it is left for another around it.
    const code = this.#text.code;
    if (params > 0) {
      this.#text.flush(this.#text.at);
      emit.look(code, this.#shape, this.#locals);
      code.copy(this.#text.bytes, start, this.#text.at);
      emit.lookAround(code, this.#locals);
      frames.surround(1);
    } else {
      this.#text.flush(start);
      emit.surround(code, this.#text.bytes, start + 1, this.#text.at);
      this.#text.flush(this.#text.at);
      emit.lookAround(code, this.#locals);
      frames.surround(3);
    }
    this.#anchored = true;
    this.#unchecked = 0;
  }

  #close(): void {
    const frames = this.#frames;
    const { depth } = frames;
    this.#meet(depth);
    if (frames.kind(depth) === KIND.if) frames.passElse();
    frames.arrive();
    this.#resume();
    const surrounded = frames.level;
    frames.close();
    const around = surrounded - frames.level - 1;
    if (around === 0) return;
    this.#text.flush(this.#text.at);
    if (around === 1) emit.end(this.#text.code);
    else emit.unsurround(this.#text.code, this.#shape, this.#locals);
  }

  /** What is owed here is owed at the end of the frame, unless another way to there owes more. */
  #meet(depth: number): void {
    if (!this.#dead) this.#frames.meet(depth, this.#owed, this.#unchecked);
  }

  #resume(): void {
    const frames = this.#frames;
    this.#owed = frames.owed;
    this.#unchecked = frames.unchecked;
    this.#dead = frames.dead;
    this.#height = frames.height;
    this.#move(0);
  }

  #die(): void {
    this.#dead = true;
    this.#owed = 0;
    this.#unchecked = 0;
    this.#height = this.#frames.base(this.#frames.depth);
  }

  #return(start: number): void {
    // Past the code that pays and gives the stack back there is no way out.
    this.#text.flush(start);
    if (this.#meter) {
      this.#text.code.u8(OP.br);
      this.#text.code.u32(this.#frames.label(0));
      this.#text.leaveOut();
    }
    this.#meet(0);
    this.#die();
  }

  #branch(start: number, opcode: number, label: number): void {
    const depth = this.#target(start, label);
    this.#carry(this.#frames.arity(depth));
    if (this.#frames.kind(depth) === KIND.loop) this.#pay(start);
    else this.#meet(depth);
    this.#text.renumber(start, opcode, label, this.#frames.label(depth));
  }

  /** The depth of the frame that a label names. One label beyond the guest's own is the function around our wrapper. */
  #target(start: number, label: number): number {
    const depth = this.#frames.depth - label;
    if (depth < 0) throw malformed(start, `label ${label} of ${this.#frames.depth + 1}`);
    return depth;
  }

  #branchTable(start: number): void {
    const count = this.#text.u32();
    const labels = this.#text.at;
    let loops = false;
    let carried = 0;
    for (let left = count; left >= 0; left--) {
      const depth = this.#target(start, this.#text.u32());
      if (this.#frames.kind(depth) === KIND.loop) loops = true;
      carried = this.#frames.arity(depth);
    }
    this.#carry(carried);
    if (loops) this.#pay(start);
    this.#text.flush(labels);
    this.#text.at = labels;
    for (let left = count; left >= 0; left--) {
      const depth = this.#target(start, this.#text.u32());
      if (this.#frames.kind(depth) !== KIND.loop) this.#meet(depth);
      this.#text.code.u32(this.#frames.label(depth));
    }
    this.#text.leaveOut();
    this.#die();
  }

  // Calls.

  #call(start: number, index: number): void {
    const params = this.#shape.params[index];
    const results = this.#shape.results[index];
    if (params === undefined || results === undefined)
      throw new ComponentError('index-out-of-range', `function ${index} of ${this.#shape.params.length}`);
    this.#carry(params + results);
    this.#settle(start);
    this.#text.renumber(start, OP.call, index, this.#shape.movedFunction(index));
    this.#afterCall(params, results);
  }

  #callIndirect(start: number): void {
    const type = this.#text.u32();
    this.#text.u32();
    const params = this.#arity(this.#shape.typeParams, type);
    const results = this.#arity(this.#shape.typeResults, type);
    this.#carry(params + results);
    this.#settle(start);
    this.#afterCall(params, results);
  }

  /** Pays into the cell, which the called function reads. */
  #settle(start: number): void {
    if (!this.#meter || this.#dead || this.#small) return;
    this.#text.flush(start);
    emit.store(this.#text.code, this.#shape, this.#locals, this.#owed);
  }

  #afterCall(params: number, results: number): void {
    this.#move(-params);
    this.#move(results);
    this.#passed = Math.max(this.#passed, params + results);
    if (!this.#meter || this.#dead) return;
    this.#calls = true;
    if (this.#small) return;
    this.#text.flush(this.#text.at);
    emit.load(this.#text.code, this.#shape, this.#locals);
    this.#anchored = true;
    this.#unchecked += this.#owed + MAX_LEAF_UNCHECKED;
    this.#owed = 0;
    if (this.#unchecked > MAX_UNCHECKED) this.#look();
  }

  // Charges.

  /** Values that a branch or a call moves. All labels of a table have the same number. */
  #carry(values: number): void {
    if (values > FREE_VALUES) this.#owed += values;
  }

  #pay(at: number): void {
    if (!this.#meter || this.#dead || this.#owed === 0) return;
    this.#text.flush(at);
    emit.pay(this.#text.code, this.#locals, this.#owed);
    this.#anchored = true;
    this.#unchecked += this.#owed;
    this.#owed = 0;
  }

  #look(): void {
    this.#text.flush(this.#text.at);
    emit.look(this.#text.code, this.#shape, this.#locals);
    this.#anchored = true;
    this.#unchecked = 0;
  }

  /** An operation whose last operand is its length: it is paid for before it is done. */
  #bulk(start: number, shift: number): void {
    if (!this.#meter || this.#dead) return;
    this.#anchored = true;
    this.#pay(start);
    this.#text.flush(start);
    emit.payLength(this.#text.code, this.#locals, this.#scratch(I32), shift);
    emit.look(this.#text.code, this.#shape, this.#locals);
    this.#unchecked = 0;
  }

  /** Growth is bounded by the caps, and most that is asked beyond them is asked in vain: it is paid for when it has succeeded. */
  #grow(start: number, unitsEach: number): void {
    if (!this.#meter || this.#dead) return;
    this.#anchored = true;
    this.#pay(start);
    this.#text.flush(start);
    const [asked, answer] = [this.#scratch(I32), this.#scratch(I32, 1)];
    emit.keep(this.#text.code, asked);
    this.#text.flush(this.#text.at);
    emit.payGrowth(this.#text.code, this.#locals, asked, answer, unitsEach);
    emit.look(this.#text.code, this.#shape, this.#locals);
    this.#unchecked = 0;
  }

  #canonicalize(form: number): void {
    if (form === 0) return;
    const next = this.#text.bytes[this.#text.at] ?? 0;
    // The very next instruction takes it as its last operand: where that is arithmetic, it sees a NaN and no bits.
    if (form <= FLOAT.f64 && TAKES_ANY_NAN[next] === form) return;
    const { type, nan, choose } = CANONICAL[form] ?? { type: 0, nan: [], choose: [] };
    this.#text.flush(this.#text.at);
    emit.canonicalize(this.#text.code, this.#scratch(type), nan, choose);
  }

  // Bytes.

  /** The index of an added local of the type; `which` of several. */
  #scratch(type: number, which = 0): number {
    let at = -1;
    for (let left = which; left >= 0; left--) {
      at = this.#added.indexOf(type, type === I64 ? 1 : at + 1);
      if (at < 0) {
        at = this.#added.length;
        this.#added.push(type);
      }
    }
    return this.#locals + at;
  }

  #move(height: number): void {
    this.#height += height;
    if (this.#height > this.#highest) this.#highest = this.#height;
  }

  #arity(arities: readonly number[], type: number): number {
    const arity = arities[type];
    if (arity === undefined) throw new ComponentError('index-out-of-range', `core type ${type} of ${arities.length}`);
    return arity;
  }
}

function malformed(offset: number, what: string): ComponentError {
  return new ComponentError('core-module-malformed', what, { details: { offset } });
}

function tooComplex(what: string): ComponentError {
  return new ComponentError('component-too-complex', what);
}
