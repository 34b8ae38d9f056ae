// Values of .wast scripts, such as (u32.const 5) or (list.const ...), as the canonical ABI of this repository holds them.

import type { Value, ValueType } from '../../component/value-types.ts';
import type { Sexp } from './wast.ts';
import { unquote } from './wast.ts';

/** `literal` as a value of `type`. */
export function wastValue(literal: Sexp | undefined, type: ValueType): Value {
  if (literal === undefined || typeof literal === 'string')
    throw new Error(`a literal is wanted, not ${String(literal)}`);
  const [head, ...rest] = literal;
  switch (type.kind) {
    case 'bool':
      return rest[0] === 'true';
    case 's64':
    case 'u64':
      return wrap64(BigInt(plain(rest[0])), type.kind);
    case 'f32':
    case 'f64':
      return float(String(rest[0]));
    case 'char':
    case 'string':
      return unquote(rest[0]);
    case 'list': {
      const values = rest.map((item) => wastValue(item, type.element));
      return type.element.kind === 'u8' ? Uint8Array.from(values as number[]) : values;
    }
    case 'tuple':
      return type.elements.map((element, index) => wastValue(rest[index], element));
    case 'record':
      return type.fields.map(({ name, type: field }) => {
        const found = rest.find((item) => typeof item !== 'string' && item[0] === 'field' && unquote(item[1]) === name);
        // `(field "n" u32.const 7)`: the literal stands without parentheses of its own.
        return wastValue((found as readonly Sexp[]).slice(2), field);
      });
    case 'enum':
      return type.names.indexOf(unquote(rest[0]));
    case 'flags':
      return rest.reduce<number>((bits, name) => bits | (1 << type.names.indexOf(unquote(name))), 0) >>> 0;
    case 'option':
      return head === 'option.none'
        ? { index: 0, value: undefined }
        : { index: 1, value: wastValue(rest[0], type.some) };
    case 'result': {
      const index = head === 'result.ok' ? 0 : 1;
      const payload = index === 0 ? type.ok : type.error;
      return { index, value: payload === undefined ? undefined : wastValue(rest[0], payload) };
    }
    case 'variant': {
      const index = type.cases.findIndex(({ name }) => name === unquote(rest[0]));
      const payload = type.cases[index]?.type;
      return { index, value: payload === undefined ? undefined : wastValue(rest[1], payload) };
    }
    case 'own':
    case 'borrow':
      throw new Error('a script has no literal for a handle');
    default:
      return wrap32(Number(plain(rest[0])), type.kind);
  }
}

function plain(atom: Sexp | undefined): string {
  const text = String(atom).replaceAll('_', '');
  return text.startsWith('-0x') ? String(-Number(text.slice(1))) : text.startsWith('+') ? text.slice(1) : text;
}

function float(text: string): number {
  if (text.includes('nan')) return NaN;
  if (text.endsWith('inf')) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

function wrap64(value: bigint, kind: 's64' | 'u64'): bigint {
  return kind === 's64' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
}

function wrap32(value: number, kind: string): number {
  const bits = Number(kind.slice(1));
  return kind.startsWith('u')
    ? Number(BigInt.asUintN(bits, BigInt(value)))
    : Number(BigInt.asIntN(bits, BigInt(value)));
}
