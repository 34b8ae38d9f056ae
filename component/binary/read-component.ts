// Reads a component's binary form (component model, Binary.md) into definitions. Never runs, compiles or resolves anything.

import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { ComponentError } from '../component-error.ts';
import { readCoreType } from '../core/core-types.ts';
import type { CoreBudget } from '../core/read-core-module.ts';
import { newCoreBudget, readCoreModule } from '../core/read-core-module.ts';
import type {
  Argument,
  Canon,
  CanonOptions,
  ComponentDefinition,
  CoreSort,
  Definition,
  Sort,
  StringEncoding,
} from '../definitions.ts';
import { MAX_DEFINITIONS, MAX_NESTING } from '../limits.ts';
import { BinaryReader } from './binary-reader.ts';
import { Budget } from './budget.ts';
import { readAlias, readCoreSort, readSort } from './read-alias.ts';
import { readExternName } from './read-names.ts';
import { readDescribed, readType } from './read-types.ts';

/** "\0asm", version 0x0d, layer 1. */
const PREAMBLE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

/**
 * From bytes of any origin to definitions, every core module read to its last instruction, used or not: what is not on the closed list of
 * instructions and types is in no component that was read. Errors: `ComponentErrorCode`.
 */
export function readComponent(bytes: Uint8Array): ComponentDefinition {
  if (bytes.length > IMAGE_MAX_BYTES) throw new ComponentError('component-too-large', `${bytes.length} bytes`);
  return readNested(bytes, { definitions: new Budget(MAX_DEFINITIONS), core: newCoreBudget() }, 0);
}

/** Over all levels of one component. */
interface Budgets {
  readonly definitions: Budget;
  readonly core: CoreBudget;
}

function readNested(bytes: Uint8Array, budgets: Budgets, depth: number): ComponentDefinition {
  if (depth > MAX_NESTING)
    throw new ComponentError('component-too-complex', `components nested over ${MAX_NESTING} deep`);
  if (!sameBytes(bytes.subarray(0, PREAMBLE.length), PREAMBLE)) {
    throw new ComponentError('component-not-a-component', 'the preamble is not that of a component');
  }
  const reader = new BinaryReader(bytes.subarray(PREAMBLE.length));
  const definitions: Definition[] = [];
  while (reader.remaining > 0) {
    const id = reader.u8();
    const body = reader.bytes(reader.u32());
    readSection(id, body, definitions, budgets, depth);
  }
  return { definitions };
}

function readSection(id: number, body: Uint8Array, into: Definition[], budgets: Budgets, depth: number): void {
  const { definitions: budget, core } = budgets;
  budget.spend();
  const reader = new BinaryReader(body);
  const entries = (entry: () => Definition): void => {
    for (let left = reader.count(); left > 0; left--) {
      budget.spend();
      into.push(entry());
    }
    reader.end(`section ${id}`);
  };
  switch (id) {
    case 0:
      // Custom sections (names, producers) mean nothing to the linker; the name alone must be well-formed.
      reader.name();
      return;
    case 1:
      into.push({ kind: 'core-module', module: readCoreModule(body, core) });
      return;
    case 2:
      return entries(() => readCoreInstance(reader));
    case 3:
      return entries(() => {
        readCoreType(reader, budget);
        return { kind: 'core-type' };
      });
    case 4:
      into.push({ kind: 'component', component: readNested(body, budgets, depth + 1) });
      return;
    case 5:
      return entries(() => readInstance(reader));
    case 6:
      return entries(() => ({ kind: 'alias', alias: readAlias(reader) }));
    case 7:
      return entries(() => ({ kind: 'type', type: readType(reader, budget, 0) }));
    case 8:
      return entries(() => ({ kind: 'canon', canon: readCanon(reader) }));
    case 9:
      throw new ComponentError('feature-not-supported', 'a start function of the component');
    case 10:
      return entries(() => ({ kind: 'import', name: readExternName(reader), described: readDescribed(reader) }));
    case 11:
      return entries(() => readExport(reader));
    case 12:
      throw new ComponentError('feature-not-supported', 'a value section');
    default:
      throw new ComponentError('component-malformed', `section ${id}`);
  }
}

function readCoreInstance(reader: BinaryReader): Definition {
  const code = reader.u8();
  if (code === 0x00) {
    return { kind: 'core-instantiate', module: reader.u32(), args: reader.vector(() => readCoreArgument(reader)) };
  }
  if (code !== 0x01) throw new ComponentError('component-malformed', `core instance 0x${code.toString(16)}`);
  const exports = reader.vector((): Argument<CoreSort> => {
    return { name: reader.name(), sort: readCoreSort(reader), index: reader.u32() };
  });
  return { kind: 'core-instance-exports', exports };
}

function readCoreArgument(reader: BinaryReader): Argument<'instance'> {
  const name = reader.name();
  if (reader.u8() !== 0x12)
    throw new ComponentError('component-malformed', 'a module is given something else than an instance');
  return { name, sort: 'instance', index: reader.u32() };
}

function readInstance(reader: BinaryReader): Definition {
  const code = reader.u8();
  if (code === 0x00) {
    const component = reader.u32();
    const args = reader.vector((): Argument<Sort> => ({
      name: reader.name(),
      sort: readSort(reader),
      index: reader.u32(),
    }));
    return { kind: 'instantiate', component, args };
  }
  if (code !== 0x01) throw new ComponentError('component-malformed', `instance 0x${code.toString(16)}`);
  const exports = reader.vector((): Argument<Sort> => {
    return { name: readExternName(reader), sort: readSort(reader), index: reader.u32() };
  });
  return { kind: 'instance-exports', exports };
}

function readExport(reader: BinaryReader): Definition {
  const name = readExternName(reader);
  const sort = readSort(reader);
  const index = reader.u32();
  const ascribed = reader.u8();
  if (ascribed > 1) throw new ComponentError('component-malformed', 'an ascription that is neither there nor not');
  return { kind: 'export', name, sort, index, described: ascribed === 1 ? readDescribed(reader) : undefined };
}

function readCanon(reader: BinaryReader): Canon {
  const code = reader.u8();
  switch (code) {
    case 0x00:
    case 0x01: {
      if (reader.u8() !== 0x00)
        throw new ComponentError('component-malformed', 'a canonical function of an unknown kind');
      const index = reader.u32();
      const options = readOptions(reader);
      if (code === 0x01) return { kind: 'lower', func: index, options };
      return { kind: 'lift', coreFunc: index, options, type: reader.u32() };
    }
    case 0x02:
      return { kind: 'resource.new', type: reader.u32() };
    case 0x03:
      return { kind: 'resource.drop', type: reader.u32() };
    case 0x04:
      return { kind: 'resource.rep', type: reader.u32() };
    default:
      // 0x05 to 0x2f and 0x40 up are tasks, streams, futures, waitables and threads.
      throw new ComponentError('async-not-supported', `canonical function 0x${code.toString(16)}`);
  }
}

const ENCODINGS: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];

function readOptions(reader: BinaryReader): CanonOptions {
  const seen = new Map<string, number>();
  const once = (option: string, value: number): void => {
    if (seen.has(option)) throw new ComponentError('component-malformed', `the option ${option} stands twice`);
    seen.set(option, value);
  };
  for (let left = reader.count(); left > 0; left--) {
    const code = reader.u8();
    if (code <= 0x02) once('encoding', code);
    else if (code === 0x03) once('memory', reader.u32());
    else if (code === 0x04) once('realloc', reader.u32());
    else if (code === 0x05) once('postReturn', reader.u32());
    else if (code <= 0x07) throw new ComponentError('async-not-supported', 'an asynchronous canonical option');
    else throw new ComponentError('feature-not-supported', `canonical option 0x${code.toString(16)}`);
  }
  if (seen.has('realloc') && !seen.has('memory'))
    throw new ComponentError('canon-option-missing', 'realloc of a memory that is not named');
  const encoding = ENCODINGS[seen.get('encoding') ?? 0] ?? 'utf8';
  return { encoding, memory: seen.get('memory'), realloc: seen.get('realloc'), postReturn: seen.get('postReturn') };
}
