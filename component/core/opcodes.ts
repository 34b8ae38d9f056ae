// The closed list of instructions: those of WebAssembly 2.0 with what follows each in the bytes. What is not written here is refused,
// whatever the engine can do. Never to grow by default: a row is a decision to let every guest at one more part of the engine.

/** What follows an opcode. 0 is left for "not on the list". */
export const IMMEDIATE = {
  none: 1,
  /** A block type; a level opens. */
  block: 2,
  else: 3,
  /** A level closes. */
  end: 4,
  /** One index or label. */
  index: 5,
  indexPair: 6,
  branchTable: 7,
  /** The types of a select: a vector of one. */
  selectTypes: 8,
  /** Alignment and offset. */
  memory: 9,
  memoryAndLane: 10,
  /** The index of a memory, of which there is one. */
  memoryIndex: 11,
  memoryIndexPair: 12,
  indexAndMemoryIndex: 13,
  i32: 14,
  i64: 15,
  bytes4: 16,
  bytes8: 17,
  bytes16: 18,
  lane: 19,
  referenceType: 20,
  /** A second opcode, a number, follows. */
  numeric: 21,
  vector: 22,
} as const;

export const REFUSED = 0;

const { none, block, index, indexPair, memory, memoryAndLane, memoryIndex, lane } = IMMEDIATE;

/** First opcode, last one, what follows them. */
type Row = readonly [number, number, number];

const ONE_BYTE: readonly Row[] = [
  [0x00, 0x01, none], // unreachable, nop
  [0x02, 0x04, block], // block, loop, if
  [0x05, 0x05, IMMEDIATE.else],
  [0x0b, 0x0b, IMMEDIATE.end],
  [0x0c, 0x0d, index], // br, br_if
  [0x0e, 0x0e, IMMEDIATE.branchTable],
  [0x0f, 0x0f, none], // return
  [0x10, 0x10, index], // call
  [0x11, 0x11, indexPair], // call_indirect
  [0x1a, 0x1b, none], // drop, select
  [0x1c, 0x1c, IMMEDIATE.selectTypes],
  [0x20, 0x26, index], // local.get .. table.set
  [0x28, 0x3e, memory], // i32.load .. i64.store32
  [0x3f, 0x40, memoryIndex], // memory.size, memory.grow
  [0x41, 0x41, IMMEDIATE.i32],
  [0x42, 0x42, IMMEDIATE.i64],
  [0x43, 0x43, IMMEDIATE.bytes4],
  [0x44, 0x44, IMMEDIATE.bytes8],
  [0x45, 0xbf, none], // i32.eqz .. f64.reinterpret_i64
  [0xc0, 0xc4, none], // sign extension
  [0xd0, 0xd0, IMMEDIATE.referenceType], // ref.null
  [0xd1, 0xd1, none], // ref.is_null
  [0xd2, 0xd2, index], // ref.func
  [0xfc, 0xfc, IMMEDIATE.numeric],
  [0xfd, 0xfd, IMMEDIATE.vector],
];

/** After 0xfc: conversions that saturate, and bulk operations. */
const NUMERIC: readonly Row[] = [
  [0x00, 0x07, none], // i32.trunc_sat_f32_s .. i64.trunc_sat_f64_u
  [0x08, 0x08, IMMEDIATE.indexAndMemoryIndex], // memory.init
  [0x09, 0x09, index], // data.drop
  [0x0a, 0x0a, IMMEDIATE.memoryIndexPair], // memory.copy
  [0x0b, 0x0b, memoryIndex], // memory.fill
  [0x0c, 0x0c, indexPair], // table.init
  [0x0d, 0x0d, index], // elem.drop
  [0x0e, 0x0e, indexPair], // table.copy
  [0x0f, 0x11, index], // table.grow, table.size, table.fill
];

/** After 0xfd: the 236 instructions of fixed-width SIMD. The holes are reserved there, and some of them taken since by relaxed SIMD. */
const VECTOR: readonly Row[] = [
  [0x00, 0x0b, memory], // v128.load .. v128.store
  [0x0c, 0x0d, IMMEDIATE.bytes16], // v128.const, i8x16.shuffle
  [0x0e, 0x14, none], // i8x16.swizzle, splats
  [0x15, 0x22, lane], // extract_lane, replace_lane
  [0x23, 0x53, none], // comparisons, bitwise, v128.any_true
  [0x54, 0x5b, memoryAndLane], // v128.load8_lane .. v128.store64_lane
  [0x5c, 0x5d, memory], // v128.load32_zero, v128.load64_zero
  [0x5e, 0x99, none], // f32x4.demote_f64x2_zero .. i16x8.max_u
  [0x9b, 0xa1, none], // i16x8.avgr_u .. i32x4.neg
  [0xa3, 0xa4, none], // i32x4.all_true, i32x4.bitmask
  [0xa7, 0xae, none], // i32x4.extend_low_i16x8_s .. i32x4.add
  [0xb1, 0xb1, none], // i32x4.sub
  [0xb5, 0xba, none], // i32x4.mul .. i32x4.dot_i16x8_s
  [0xbc, 0xc1, none], // i32x4.extmul_low_i16x8_s .. i64x2.neg
  [0xc3, 0xc4, none], // i64x2.all_true, i64x2.bitmask
  [0xc7, 0xce, none], // i64x2.extend_low_i32x4_s .. i64x2.add
  [0xd1, 0xd1, none], // i64x2.sub
  [0xd5, 0xe1, none], // i64x2.mul .. f32x4.neg
  [0xe3, 0xed, none], // f32x4.sqrt .. f64x2.neg
  [0xef, 0xff, none], // f64x2.sqrt .. f64x2.convert_low_i32x4_u
];

/**
 * In a constant expression: constants, references, imported globals (core specification 3.3.10), and the arithmetic of WebAssembly 3.0 on
 * integers, with which position-independent modules place themselves: componentize-qjs links its engine from such ones.
 */
const CONSTANT: readonly Row[] = [
  [0x0b, 0x0b, IMMEDIATE.end],
  [0x23, 0x23, index], // global.get
  [0x41, 0x41, IMMEDIATE.i32],
  [0x42, 0x42, IMMEDIATE.i64],
  [0x43, 0x43, IMMEDIATE.bytes4],
  [0x44, 0x44, IMMEDIATE.bytes8],
  [0x6a, 0x6c, none], // i32.add, i32.sub, i32.mul
  [0x7c, 0x7e, none], // i64.add, i64.sub, i64.mul
  [0xd0, 0xd0, IMMEDIATE.referenceType],
  [0xd2, 0xd2, index], // ref.func
  [0xfd, 0xfd, IMMEDIATE.vector],
];

/** What follows each opcode, by opcode; `REFUSED` for those that are not on the list. */
export interface OpcodeTable {
  readonly oneByte: Uint8Array;
  readonly numeric: Uint8Array;
  readonly vector: Uint8Array;
}

export const BODY_OPCODES: OpcodeTable = {
  oneByte: tableOf(ONE_BYTE),
  numeric: tableOf(NUMERIC),
  vector: tableOf(VECTOR),
};

export const CONSTANT_OPCODES: OpcodeTable = {
  oneByte: tableOf(CONSTANT),
  numeric: tableOf([]),
  vector: tableOf([[0x0c, 0x0c, IMMEDIATE.bytes16]]), // v128.const
};

function tableOf(rows: readonly Row[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const [first, last, immediate] of rows) table.fill(immediate, first, last + 1);
  return table;
}
