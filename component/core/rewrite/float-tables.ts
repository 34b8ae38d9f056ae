// Which instructions make NaNs whose sign and payload are the machine's own (core specification 4.3.3, "NaN Propagation"), and which take them
// without looking at those bits. Data only.

/** A float's form; 0 stands for none. */
export const FLOAT = { f32: 1, f64: 2, f32x4: 3, f64x2: 4 } as const;

type Row = readonly [number, number, number];

/** Abs, neg, copysign, pmin and pmax only move bits: what they make is as canonical as what they got. */
const ARITHMETIC: readonly Row[] = [
  [0x8d, 0x97, FLOAT.f32], // ceil .. max
  [0x9b, 0xa5, FLOAT.f64],
  [0xb6, 0xb6, FLOAT.f32], // demote
  [0xbb, 0xbb, FLOAT.f64], // promote
];
const VECTOR_ARITHMETIC: readonly Row[] = [
  [0x5e, 0x5e, FLOAT.f32x4], // demote
  [0x5f, 0x5f, FLOAT.f64x2], // promote
  [0x67, 0x6a, FLOAT.f32x4], // ceil .. nearest
  [0x74, 0x75, FLOAT.f64x2], // ceil, floor
  [0x7a, 0x7a, FLOAT.f64x2], // trunc
  [0x94, 0x94, FLOAT.f64x2], // nearest
  [0xe3, 0xe9, FLOAT.f32x4], // sqrt .. max
  [0xef, 0xf5, FLOAT.f64x2],
];

/** Arithmetic, comparisons and truncations: a NaN among their operands is any NaN to them. By the form of their operands. */
const INDIFFERENT: readonly Row[] = [
  [0x5b, 0x60, FLOAT.f32], // comparisons
  [0x61, 0x66, FLOAT.f64],
  [0x8d, 0x97, FLOAT.f32],
  [0x9b, 0xa5, FLOAT.f64],
  [0xa8, 0xa9, FLOAT.f32], // truncations
  [0xaa, 0xab, FLOAT.f64],
  [0xae, 0xaf, FLOAT.f32],
  [0xb0, 0xb1, FLOAT.f64],
  [0xb6, 0xb6, FLOAT.f64], // demote
  [0xbb, 0xbb, FLOAT.f32], // promote
];

/** By opcode: the form of the NaN that it may make. */
export const MAKES_NAN = tableOf(ARITHMETIC);
export const VECTOR_MAKES_NAN = tableOf(VECTOR_ARITHMETIC);
/** By opcode: the form of operands in which it does not tell one NaN from another. */
export const TAKES_ANY_NAN = tableOf(INDIFFERENT);

const NAN_F32 = [0x00, 0x00, 0xc0, 0x7f];
const NAN_F64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];

/** By form: the constant of canonical NaNs, and what follows the operand twice: equal to itself, and the choice by that. */
export const CANONICAL: readonly {
  readonly type: number;
  readonly nan: readonly number[];
  readonly choose: readonly number[];
}[] = [
  { type: 0, nan: [], choose: [] },
  { type: 0x7d, nan: [0x43, ...NAN_F32], choose: [0x5b, 0x1b] },
  { type: 0x7c, nan: [0x44, ...NAN_F64], choose: [0x61, 0x1b] },
  { type: 0x7b, nan: [0xfd, 0x0c, ...NAN_F32, ...NAN_F32, ...NAN_F32, ...NAN_F32], choose: [0xfd, 0x41, 0xfd, 0x52] },
  { type: 0x7b, nan: [0xfd, 0x0c, ...NAN_F64, ...NAN_F64], choose: [0xfd, 0x47, 0xfd, 0x52] },
];

function tableOf(rows: readonly Row[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const [first, last, form] of rows) table.fill(form, first, last + 1);
  return table;
}
