// Reads the types of a component (Binary.md of the component model, "Type Definitions"). Never resolves an index.

import { ComponentError } from '../component-error.ts';
import { readCoreType } from '../core/core-types.ts';
import type {
  Alias,
  CaseRef,
  Declaration,
  Described,
  NamedRef,
  Primitive,
  TypeDefinition,
  ValueRef,
} from '../definitions.ts';
import { MAX_NESTING } from '../limits.ts';
import type { BinaryReader } from './binary-reader.ts';
import type { Budget } from './budget.ts';
import { readAlias } from './read-alias.ts';
import { readExternName, readLabel } from './read-names.ts';

const PRIMITIVE_BY_CODE: ReadonlyMap<number, Primitive> = new Map([
  [0x7f, 'bool'],
  [0x7e, 's8'],
  [0x7d, 'u8'],
  [0x7c, 's16'],
  [0x7b, 'u16'],
  [0x7a, 's32'],
  [0x79, 'u32'],
  [0x78, 's64'],
  [0x77, 'u64'],
  [0x76, 'f32'],
  [0x75, 'f64'],
  [0x74, 'char'],
  [0x73, 'string'],
]);
const ERROR_CONTEXT = 0x64;
/** Labels of one flags type: the canonical ABI packs them into one i32. */
const MAX_FLAGS = 32;

export function readType(reader: BinaryReader, budget: Budget, depth: number): TypeDefinition {
  budget.spend();
  if (depth > MAX_NESTING) throw new ComponentError('component-too-complex', `types nested over ${MAX_NESTING} deep`);
  const code = reader.u8();
  const primitive = PRIMITIVE_BY_CODE.get(code);
  if (primitive !== undefined) return { kind: 'primitive', primitive };
  switch (code) {
    case 0x72:
      return { kind: 'record', fields: filled(readNamed(reader)) };
    case 0x71:
      return { kind: 'variant', cases: filled(reader.vector(() => readCase(reader))) };
    case 0x70:
      return { kind: 'list', element: readValueRef(reader) };
    case 0x6f:
      return { kind: 'tuple', elements: filled(reader.vector(() => readValueRef(reader))) };
    case 0x6e:
      return { kind: 'flags', names: filled(reader.vector(() => readLabel(reader), MAX_FLAGS)) };
    case 0x6d:
      return { kind: 'enum', names: filled(reader.vector(() => readLabel(reader))) };
    case 0x6b:
      return { kind: 'option', some: readValueRef(reader) };
    case 0x6a:
      return { kind: 'result', ok: readOptionalRef(reader), error: readOptionalRef(reader) };
    case 0x69:
      return { kind: 'own', resource: reader.u32() };
    case 0x68:
      return { kind: 'borrow', resource: reader.u32() };
    case 0x40:
      return { kind: 'func', params: readNamed(reader), result: readResult(reader) };
    case 0x41:
      return { kind: 'component', declarations: reader.vector(() => readDeclaration(reader, budget, depth, true)) };
    case 0x42:
      return { kind: 'instance', declarations: reader.vector(() => readDeclaration(reader, budget, depth, false)) };
    case 0x3f:
      return readResource(reader);
    case 0x43:
    case 0x3e:
    case 0x66:
    case 0x65:
    case ERROR_CONTEXT:
      throw new ComponentError('async-not-supported', `type 0x${code.toString(16)} is of the asynchronous ABI`);
    case 0x67:
    case 0x63:
      throw new ComponentError(
        'feature-not-supported',
        `type 0x${code.toString(16)}: maps and lists of a fixed length`,
      );
    default:
      throw new ComponentError('component-malformed', `type 0x${code.toString(16)}`);
  }
}

/** An externdesc. */
export function readDescribed(reader: BinaryReader): Described {
  const code = reader.u8();
  switch (code) {
    case 0x00:
      if (reader.u8() !== 0x11) throw new ComponentError('component-malformed', 'a core import that is no module');
      reader.u32();
      return { kind: 'module' };
    case 0x01:
      return { kind: 'func', type: reader.u32() };
    case 0x02:
      throw new ComponentError('feature-not-supported', 'values as imports or exports');
    case 0x03:
      return readTypeBound(reader);
    case 0x04:
      return { kind: 'component', type: reader.u32() };
    case 0x05:
      return { kind: 'instance', type: reader.u32() };
    default:
      throw new ComponentError('component-malformed', `extern description 0x${code.toString(16)}`);
  }
}

function readTypeBound(reader: BinaryReader): Described {
  const code = reader.u8();
  if (code === 0x00) return { kind: 'type', equal: reader.u32() };
  if (code === 0x01) return { kind: 'type', equal: undefined };
  throw new ComponentError('component-malformed', `type bound 0x${code.toString(16)}`);
}

function readDeclaration(reader: BinaryReader, budget: Budget, depth: number, inComponent: boolean): Declaration {
  budget.spend();
  const code = reader.u8();
  switch (code) {
    case 0x00:
      readCoreType(reader, budget);
      return { kind: 'core-type' };
    case 0x01:
      return { kind: 'type', type: declaredType(readType(reader, budget, depth + 1)) };
    case 0x02:
      return { kind: 'alias', alias: declaredAlias(readAlias(reader)) };
    case 0x03:
      if (!inComponent) throw new ComponentError('component-malformed', 'an import in an instance type');
      return { kind: 'import', name: readExternName(reader), described: readDescribed(reader) };
    case 0x04:
      return { kind: 'export', name: readExternName(reader), described: readDescribed(reader) };
    default:
      throw new ComponentError('component-malformed', `declaration 0x${code.toString(16)}`);
  }
}

/** Each instance of a component makes its resource types anew; a type, which is no instance, cannot. */
function declaredType(type: TypeDefinition): TypeDefinition {
  if (type.kind === 'resource') throw new ComponentError('component-malformed', 'a resource defined in a type');
  return type;
}

/** A type has no core instances: an alias in it reaches outward, or into an instance that it declares. */
function declaredAlias(alias: Alias): Alias {
  if (alias.kind === 'core-export') throw new ComponentError('component-malformed', 'a core alias in a type');
  return alias;
}

function readNamed(reader: BinaryReader): NamedRef[] {
  return reader.vector(() => ({ name: readLabel(reader), type: readValueRef(reader) }));
}

function readCase(reader: BinaryReader): CaseRef {
  const read = { name: readLabel(reader), type: readOptionalRef(reader) };
  if (reader.u8() !== 0) throw new ComponentError('component-malformed', 'a case that refines another');
  return read;
}

/** A negative one-byte s33 is a primitive, everything else an index. */
function readValueRef(reader: BinaryReader): ValueRef {
  const primitive = PRIMITIVE_BY_CODE.get(reader.peek());
  if (primitive !== undefined) {
    reader.u8();
    return primitive;
  }
  if (reader.peek() === ERROR_CONTEXT) throw new ComponentError('async-not-supported', 'an error context');
  const index = readIndex(reader);
  return index;
}

/** The non-negative half of s33. */
function readIndex(reader: BinaryReader): number {
  const start = reader.offset;
  const index = reader.u32();
  const last = reader.since(start).at(-1) ?? 0;
  // Bit 6 of the last byte is the sign: such an s33 is negative, and no primitive had it.
  if ((last & 0x40) !== 0) throw new ComponentError('component-malformed', 'a value type that is no type');
  return index;
}

function readOptionalRef(reader: BinaryReader): ValueRef | undefined {
  const code = reader.u8();
  if (code > 1) throw new ComponentError('component-malformed', `presence 0x${code.toString(16)}`);
  return code === 0 ? undefined : readValueRef(reader);
}

function readResult(reader: BinaryReader): ValueRef | undefined {
  const code = reader.u8();
  if (code === 0x00) return readValueRef(reader);
  if (code === 0x01 && reader.u8() === 0x00) return undefined;
  throw new ComponentError('feature-not-supported', 'named results');
}

function readResource(reader: BinaryReader): TypeDefinition {
  if (reader.u8() !== 0x7f)
    throw new ComponentError('feature-not-supported', 'a resource whose representation is not i32');
  const hasDestructor = reader.u8();
  if (hasDestructor > 1) throw new ComponentError('component-malformed', 'a destructor that is neither there nor not');
  return { kind: 'resource', destructor: hasDestructor === 1 ? reader.u32() : undefined };
}

function filled<T>(entries: T[]): T[] {
  if (entries.length === 0) throw new ComponentError('component-malformed', 'a type without members');
  return entries;
}
