// What each listed instruction costs, how it changes the height of the operand stack, and whether its NaNs are the machine's own. Data only:
// the rewriting of bodies reads it once per instruction.

/** First opcode, last one, units of fuel, change of height. What is not written costs 1 and changes nothing. */
type Row = readonly [number, number, number, number];

/** A unit is about one simple instruction of a machine. Free is what makes none of its own: structure, constants, reads of locals. */
const ONE_BYTE: readonly Row[] = [
  [0x00, 0x05, 0, 0], // unreachable, nop, block, loop, if, else
  [0x04, 0x04, 1, -1], // if: its condition
  [0x0b, 0x0b, 0, 0], // end
  [0x0c, 0x0c, 1, 0], // br
  [0x0d, 0x0d, 1, -1], // br_if
  [0x0e, 0x0e, 4, -1], // br_table
  [0x0f, 0x0f, 1, 0], // return
  [0x10, 0x10, 8, 0], // call: its operands by its type
  [0x11, 0x11, 16, -1], // call_indirect
  [0x1a, 0x1a, 0, -1], // drop
  [0x1b, 0x1c, 1, -2], // select
  [0x20, 0x20, 0, 1], // local.get
  [0x21, 0x21, 1, -1], // local.set
  [0x22, 0x22, 1, 0], // local.tee
  [0x23, 0x23, 1, 1], // global.get
  [0x24, 0x24, 1, -1], // global.set
  [0x25, 0x25, 4, 0], // table.get
  [0x26, 0x26, 8, -2], // table.set
  [0x28, 0x35, 2, 0], // loads
  [0x36, 0x3e, 2, -2], // stores
  [0x3f, 0x3f, 2, 1], // memory.size
  [0x40, 0x40, 256, 0], // memory.grow, without its pages
  [0x41, 0x44, 0, 1], // constants
  [0x46, 0x4f, 1, -1], // comparisons of i32
  [0x51, 0x66, 1, -1], // of i64, f32, f64
  [0x6a, 0x78, 1, -1], // arithmetic of i32
  [0x6d, 0x70, 10, -1], // division
  [0x7c, 0x8a, 1, -1], // of i64
  [0x7f, 0x82, 20, -1],
  [0x8d, 0x90, 2, 0], // rounding
  [0x91, 0x91, 10, 0], // square root
  [0x92, 0x94, 1, -1], // of f32
  [0x95, 0x95, 8, -1], // division
  [0x96, 0x97, 4, -1], // minimum, maximum
  [0x98, 0x98, 3, -1], // copysign
  [0x9b, 0x9e, 2, 0],
  [0x9f, 0x9f, 14, 0],
  [0xa0, 0xa2, 1, -1], // of f64
  [0xa3, 0xa3, 10, -1],
  [0xa4, 0xa5, 4, -1],
  [0xa6, 0xa6, 3, -1],
  [0xa8, 0xab, 3, 0], // truncations, which check
  [0xae, 0xb1, 3, 0],
  [0xd0, 0xd0, 1, 1], // ref.null
  [0xd2, 0xd2, 16, 1], // ref.func
];

const NUMERIC: readonly Row[] = [
  [0x00, 0x07, 3, 0],
  // Bulk operations: what they cost whatever their length.
  [0x08, 0x08, 32, -3],
  [0x09, 0x09, 4, 0],
  [0x0a, 0x0b, 32, -3],
  [0x0c, 0x0c, 64, -3],
  [0x0d, 0x0d, 4, 0],
  [0x0e, 0x0e, 64, -3],
  [0x0f, 0x0f, 256, -1], // table.grow
  [0x10, 0x10, 2, 1], // table.size
  [0x11, 0x11, 64, -3],
];

const VECTOR: readonly Row[] = [
  [0x00, 0x0a, 2, 0], // loads
  [0x0b, 0x0b, 2, -2],
  [0x0c, 0x0c, 1, 1],
  [0x0d, 0x0e, 2, -1], // shuffle, swizzle
  [0x17, 0x17, 2, -1], // replace_lane
  [0x1a, 0x1a, 2, -1],
  [0x1c, 0x1c, 2, -1],
  [0x1e, 0x1e, 2, -1],
  [0x20, 0x20, 2, -1],
  [0x22, 0x22, 2, -1],
  [0x23, 0x4c, 1, -1], // comparisons
  [0x4e, 0x51, 1, -1],
  [0x52, 0x52, 2, -2], // bitselect
  [0x54, 0x57, 3, -1], // load lane
  [0x58, 0x5b, 3, -2], // store lane
  [0x5c, 0x5d, 2, 0],
  [0x65, 0x66, 1, -1], // narrow
  [0x6b, 0x73, 2, -1], // shifts, add, subtract
  [0x76, 0x79, 1, -1], // minimum, maximum
  [0x7b, 0x7b, 1, -1], // average
  [0x82, 0x82, 2, -1], // q15mulr
  [0x85, 0x86, 1, -1],
  [0x8b, 0x93, 2, -1],
  [0x95, 0x99, 2, -1],
  [0x9b, 0x9f, 2, -1], // average, extended multiplication
  [0xab, 0xae, 2, -1],
  [0xb1, 0xb1, 1, -1],
  [0xb5, 0xba, 2, -1],
  [0xbc, 0xbf, 2, -1],
  [0xcb, 0xce, 2, -1],
  [0xd1, 0xd1, 1, -1],
  [0xd5, 0xdf, 3, -1],
  [0xe3, 0xe3, 10, 0],
  [0xe4, 0xe6, 1, -1],
  [0xe7, 0xe7, 10, -1],
  [0xe8, 0xe9, 4, -1],
  [0xea, 0xeb, 1, -1],
  [0xef, 0xef, 14, 0],
  [0xf0, 0xf2, 1, -1],
  [0xf3, 0xf3, 14, -1],
  [0xf4, 0xf5, 4, -1],
  [0xf6, 0xf7, 1, -1],
];

export interface InstructionTable {
  readonly cost: Uint16Array;
  readonly height: Int8Array;
}

export const ONE_BYTE_TABLE = tableOf(ONE_BYTE);
export const NUMERIC_TABLE = tableOf(NUMERIC);
export const VECTOR_TABLE = tableOf(VECTOR);

function tableOf(rows: readonly Row[]): InstructionTable {
  const table = { cost: new Uint16Array(256).fill(1), height: new Int8Array(256) };
  for (const [first, last, cost, height] of rows) {
    table.cost.fill(cost, first, last + 1);
    table.height.fill(height, first, last + 1);
  }
  return table;
}
