// A component that shows the raw form of every value of a type: as bytes in memory and as core values, in and out. For comparing two
// implementations of the canonical ABI with each other; it must never hold a rule of that ABI itself beyond sizes and core types.

import { flatSignature, layoutOf } from '../../component/abi/layout.ts';
import type { FlatType } from '../../component/abi/layout.ts';
import type { ValueType } from '../../component/value-types.ts';
import type { WitStringEncoding } from './components.ts';
import { componentAround } from './components.ts';
import { coreModule } from './device-app.ts';

/**
 * Exports for type number n: `dump-n: func(x: list<T>) -> list<u8>` (memory), `parse-n: func(raw: list<u8>) -> list<T>`,
 * `echo-n: func(x: list<T>) -> list<T>`, and for types
 * of at most 16 core values `flat-n: func(x: T) -> list<u64>` and `feed-n: func(raw: list<u64>)`, which calls the import `sink-n`.
 */
export async function abiProbe(types: readonly ValueType[], encoding: WitStringEncoding = 'utf8'): Promise<Uint8Array> {
  const declarations: string[] = [];
  const names = types.map((type) => witType(type, declarations));
  const flat = types.map((type) => layoutOf(type).flat);
  const functions = names.map((name, index) => {
    const always = `export dump-t${index}: func(x: list<${name}>) -> list<u8>; export parse-t${index}: func(raw: list<u8>) -> list<${name}>; export echo-t${index}: func(x: list<${name}>) -> list<${name}>;`;
    const small = `export flat-t${index}: func(x: ${name}) -> list<u64>; export feed-t${index}: func(raw: list<u64>);`;
    return flat[index] === undefined ? always : always + small;
  });
  const sinks = names.map((name, index) => (flat[index] === undefined ? '' : `sink-t${index}: func(x: ${name});`));
  const used = declarations.map((declaration) => /^\w+ ([\w-]+)/.exec(declaration)?.[1]).join(', ');
  const use = used === '' ? '' : `use types.{${used}};`;
  const wit = `package probe:abi; interface types { ${declarations.join(' ')} } interface host { ${use} ${sinks.join(' ')} }
    world probe { import host; ${use} ${functions.join(' ')} }`;
  const imports = flat.map((core, index) =>
    core === undefined
      ? ''
      : `(import "probe:abi/host" "sink-t${index}" (func $sink${index} (param ${core.join(' ')})))`,
  );
  const bodies = types.map((type, index) => {
    const { size } = layoutOf(type);
    const pair = (pointer: string, length: string) =>
      `(i32.store (i32.const 16) ${pointer}) (i32.store (i32.const 20) ${length}) (i32.const 16)`;
    return `
      (func (export "dump-t${index}") (param i32 i32) (result i32) ${pair('(local.get 0)', `(i32.mul (local.get 1) (i32.const ${size}))`)})
      (func (export "parse-t${index}") (param i32 i32) (result i32) ${pair('(local.get 0)', `(i32.div_u (local.get 1) (i32.const ${size}))`)})
      (func (export "echo-t${index}") (param i32 i32) (result i32) ${pair('(local.get 0)', '(local.get 1)')})
      ${flat[index] === undefined ? '' : flatFunctions(index, type, flat[index])}`;
  });
  return componentAround(coreModule(imports.join('\n'), bodies.join('\n')), wit, 'probe', encoding);
}

function flatFunctions(index: number, type: ValueType, flat: readonly FlatType[]): string {
  const { core } = flatSignature({ params: [{ name: 'x', type }], result: undefined }, 'lift');
  const stores = core.params.map(
    (kind, at) => `(i64.store (i32.const ${64 + 8 * at}) ${toBits(kind as FlatType, `(local.get ${at})`)})`,
  );
  const loads = flat.map((kind, at) => fromBits(kind, `(i64.load offset=${8 * at} (local.get 0))`));
  return `
    (func (export "flat-t${index}") (param ${core.params.join(' ')}) (result i32) ${stores.join(' ')}
      (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const ${flat.length})) (i32.const 16))
    (func (export "feed-t${index}") (param i32 i32) (call $sink${index} ${loads.join(' ')}))`;
}

function toBits(kind: FlatType, value: string): string {
  if (kind === 'i32') return `(i64.extend_i32_u ${value})`;
  if (kind === 'f32') return `(i64.extend_i32_u (i32.reinterpret_f32 ${value}))`;
  return kind === 'f64' ? `(i64.reinterpret_f64 ${value})` : value;
}

export function fromBits(kind: FlatType, value: string): string {
  if (kind === 'i32') return `(i32.wrap_i64 ${value})`;
  if (kind === 'f32') return `(f32.reinterpret_i32 (i32.wrap_i64 ${value}))`;
  return kind === 'f64' ? `(f64.reinterpret_i64 ${value})` : value;
}

/** The type in WIT; named types are declared as they are met, resources are not. */
export function witType(type: ValueType, declarations: string[]): string {
  const inner = (part: ValueType | undefined): string => (part === undefined ? '_' : witType(part, declarations));
  const declare = (keyword: string, members: readonly string[]): string => {
    const name = `t${declarations.length}`;
    declarations.push(`${keyword} ${name} { ${members.join(', ')} }`);
    return name;
  };
  switch (type.kind) {
    case 'record': {
      const fields = type.fields.map(({ name, type: field }) => `${name}: ${inner(field)}`);
      return declare('record', fields);
    }
    case 'variant': {
      const cases = type.cases.map(({ name, type: payload }) =>
        payload === undefined ? name : `${name}(${inner(payload)})`,
      );
      return declare('variant', cases);
    }
    case 'flags':
    case 'enum':
      return declare(type.kind, type.names);
    case 'list':
      return `list<${inner(type.element)}>`;
    case 'tuple':
      return `tuple<${type.elements.map(inner).join(', ')}>`;
    case 'option':
      return `option<${inner(type.some)}>`;
    case 'result':
      return type.error === undefined
        ? type.ok === undefined
          ? 'result'
          : `result<${inner(type.ok)}>`
        : `result<${inner(type.ok)}, ${inner(type.error)}>`;
    case 'own':
      return type.resource.name;
    case 'borrow':
      return `borrow<${type.resource.name}>`;
    default:
      return type.kind;
  }
}
