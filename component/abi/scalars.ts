// Values that are one core value each: their ranges, exactly as the canonical ABI has them. Never touches memory.

import type { ValueType } from '../value-types.ts';
import type { FlatValue } from './context.ts';
import { GuestTrap } from './trap.ts';

/** The types that one core value carries without a table: the fast path of a call. */
export const SCALARS = ['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64', 'char'] as const;
export type Scalar = (typeof SCALARS)[number];
export type ScalarValue = boolean | number | bigint | string;

export function isScalar(type: ValueType): type is { readonly kind: Scalar } {
  return (SCALARS as readonly string[]).includes(type.kind);
}

/** CanonicalABI.md, `lift_flat`: the unused bits of a core value are ignored, not checked. */
export function liftScalar(kind: Scalar, flat: FlatValue): ScalarValue {
  switch (kind) {
    case 'u32':
      return Number(flat) >>> 0;
    case 's32':
      return Number(flat) | 0;
    case 'bool':
      return flat !== 0;
    case 'u8':
      return Number(flat) & 0xff;
    case 's8':
      return (Number(flat) << 24) >> 24;
    case 'u16':
      return Number(flat) & 0xffff;
    case 's16':
      return (Number(flat) << 16) >> 16;
    case 'u64':
      return BigInt.asUintN(64, BigInt(flat));
    case 's64':
      return BigInt(flat);
    case 'f32':
    case 'f64':
      return canonicalNan(Number(flat));
    case 'char':
      return liftChar(Number(flat) >>> 0);
  }
}

export function lowerScalar(kind: Scalar, value: ScalarValue): FlatValue {
  switch (kind) {
    case 'bool':
      return value === true ? 1 : 0;
    case 'u64':
    case 's64':
      return BigInt.asIntN(64, BigInt(value));
    case 'f32':
    case 'f64':
      return canonicalNan(Number(value));
    case 'char':
      return String(value).codePointAt(0) ?? 0;
    default:
      return Number(value) | 0;
  }
}

export function liftChar(code: number): string {
  if (code >= 0x11_0000 || (code >= 0xd800 && code <= 0xdfff)) {
    throw new GuestTrap('char-invalid', `${code.toString(16)} is no Unicode scalar value`);
  }
  return String.fromCodePoint(code);
}

/** One NaN for all: the payload would tell machines apart, and carry bits past a type. */
export function canonicalNan(value: number): number {
  return Number.isNaN(value) ? NaN : value;
}
