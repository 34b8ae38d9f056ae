// What the rewriting of bodies has to know of the module around them: how many parameters and results each type and function has, and where
// everything moves. Read once more from a module that the reader has been through; keeps numbers, no objects.

import { BinaryReader } from '../../binary/binary-reader.ts';
import { ComponentError } from '../../component-error.ts';
import { MAX_CORE_ENTRIES } from '../../limits.ts';
import type { CoreModule, CoreSection } from '../read-core-module.ts';
import type { ByteSink } from './byte-sink.ts';

/** Functions that a metered module gets between those it imports and its own: `spent` and `wait`, which are imports, and the one that asks both. */
const ADDED_FUNCTIONS = 3;
const SECTION = { type: 1, function: 3 } as const;
const EMPTY_BLOCK = 0x40;
const NO_RESULTS = Uint8Array.of(0);
export const V128 = 0x7b;

export class ModuleShape {
  /** By type. */
  readonly typeParams: number[] = [];
  readonly typeResults: number[] = [];
  /** A vector may lie on the operand stack or in a local of any function. */
  vectors = false;
  /** The results of types, with their count, that blocks need a type of their own for: those with several. In the order of their new types. */
  readonly addedResults: Uint8Array[] = [];
  readonly #resultBytes: Uint8Array[] = [];
  readonly #addedTypes = new Map<number, number>();
  /** By function, imported ones first. */
  readonly params: number[] = [];
  readonly results: number[] = [];
  /** Type index of each function of the module's own. */
  readonly ownTypes: number[] = [];
  readonly importedFunctions: number;
  readonly importedGlobals: number;

  readonly #addedFunctions: number;

  /** `meter`: imports are added, and everything behind imports moves. */
  constructor({ bytes, sections, imports }: CoreModule, meter: boolean) {
    this.#addedFunctions = meter ? ADDED_FUNCTIONS : 0;
    const count = (kind: string): number => imports.filter(({ type }) => type.kind === kind).length;
    this.importedFunctions = count('func');
    this.importedGlobals = count('global');
    for (const { type } of imports) {
      if (type.kind !== 'func') continue;
      this.params.push(type.type.params.length);
      this.results.push(type.type.results.length);
    }
    const reader = (section: CoreSection): BinaryReader => new BinaryReader(bytes.subarray(section.start, section.end));
    for (const section of sections) {
      if (section.id === SECTION.type) this.#readTypes(reader(section));
      if (section.id === SECTION.function) this.#readFunctions(reader(section));
    }
  }

  /** The index of a function, as the rewritten module counts. Imports come first in an index space, so all others move. */
  movedFunction(index: number): number {
    return index < this.importedFunctions ? index : index + this.#addedFunctions;
  }

  movedGlobal(index: number): number {
    return index < this.importedGlobals ? index : index + (this.#addedFunctions > 0 ? 1 : 0);
  }

  /** Index of `spent` in the rewritten module. */
  get spent(): number {
    return this.importedFunctions;
  }

  get wait(): number {
    return this.importedFunctions + 1;
  }

  get ask(): number {
    return this.importedFunctions + 2;
  }

  /** Index of the cell in the rewritten module. */
  get cell(): number {
    return this.importedGlobals;
  }

  /** The type of `spent`, `wait` and the function that asks them: the first of those that are added. */
  get askType(): number {
    return this.typeParams.length;
  }

  /** The type of a block without parameters and with the results of the type. */
  writeResultType(type: number, code: ByteSink): void {
    const results = this.#resultBytes[type] ?? NO_RESULTS;
    if (results[0] === 0) code.u8(EMPTY_BLOCK);
    else if (results[0] === 1) code.u8(results[1] ?? 0);
    else code.signed(this.#addedType(type, results));
  }

  #addedType(type: number, results: Uint8Array): number {
    const before = this.#addedTypes.get(type);
    if (before !== undefined) return before;
    this.addedResults.push(results);
    const added = this.askType + this.addedResults.length;
    this.#addedTypes.set(type, added);
    return added;
  }

  #readTypes(reader: BinaryReader): void {
    for (let left = reader.count(MAX_CORE_ENTRIES); left > 0; left--) {
      reader.u8();
      const params = reader.u32();
      const types = reader.bytes(params);
      this.typeParams.push(params);
      const start = reader.offset;
      const results = reader.u32();
      reader.skip(results);
      this.typeResults.push(results);
      this.#resultBytes.push(reader.since(start));
      if (types.includes(V128) || reader.since(start).includes(V128, 1)) this.vectors = true;
    }
  }

  #readFunctions(reader: BinaryReader): void {
    for (let left = reader.count(MAX_CORE_ENTRIES); left > 0; left--) {
      const type = reader.u32();
      const params = this.typeParams[type];
      const results = this.typeResults[type];
      if (params === undefined || results === undefined)
        throw new ComponentError('index-out-of-range', `core type ${type} of ${this.typeParams.length}`);
      this.ownTypes.push(type);
      this.params.push(params);
      this.results.push(results);
    }
  }
}
