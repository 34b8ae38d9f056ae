// Makes a core module what may run here: memories and tables under their caps and, where asked, fuel, stack and NaNs under ours. Never turns an
// invalid module into a valid one, and nothing that it adds is in reach of the guest's own indices.
//
// What metering needs comes as imports (one global, two functions), for it is shared by all modules of an app. Imports come first in an index space, so
// they are put behind the module's own imports, with one function of ours behind them, and everything that the module defines moves: an index that was out of range
// stays so, and none of the guest's can come to mean ours. Added types and locals go to the end of their spaces, where an index of the guest's could reach
// them, as a label could reach the block around its body: those three are checked here.

import { BinaryReader } from '../binary/binary-reader.ts';
import { ComponentError } from '../component-error.ts';
import { capLimits, cappedSection, checkImports } from './cap-limits.ts';
import type { CoreModule, CoreSection } from './read-core-module.ts';
import { ByteSink } from './rewrite/byte-sink.ts';
import { askBody } from './rewrite/metering-code.ts';
import { METER_MODULE } from './rewrite/meter-cell.ts';
import { ModuleShape } from './rewrite/module-shape.ts';
import { BodyRewriter } from './rewrite/rewrite-body.ts';
import type { SectionRewrite } from './rewrite/rewrite-sections.ts';
import * as sections from './rewrite/rewrite-sections.ts';

export interface Rewriting {
  /** Pages (64 KiB each) that the module's memory may have at the most. */
  readonly memoryPages: number;
  /** Entries that each of its own tables may have at the most, in their order. */
  readonly tableEntries: readonly number[];
  /** Fuel and stack are counted; the module has to be given `Meter.imports` besides its own. */
  readonly meter?: true;
  /** Every NaN that arithmetic makes is the canonical one: machines differ in its sign and payload. */
  readonly canonicalNan?: true;
}

const PREAMBLE_BYTES = 8;
const SECTION = { custom: 0, type: 1, import: 2, table: 4, memory: 5, code: 10, dataCount: 12 } as const;
const REWRITES: ReadonlyMap<number, SectionRewrite> = new Map([
  [0, sections.rewriteNames],
  [1, sections.rewriteTypes],
  [2, sections.rewriteImports],
  [3, sections.rewriteFunctions],
  [6, sections.rewriteGlobals],
  [7, sections.rewriteExports],
  [8, sections.rewriteStart],
  [9, sections.rewriteElements],
]);

/**
 * The module's bytes with all of that. Same module, same bytes.
 * Errors: `memory-over-limit`, `table-over-limit`, `name-repeated` for an import from the meter's module, `core-module-malformed`, `index-out-of-range` and
 * `component-too-complex` for what the engine would refuse.
 */
export function rewriteModule(module: CoreModule, rewriting: Rewriting): Uint8Array {
  const { memoryPages, tableEntries, meter = false, canonicalNan = false } = rewriting;
  // Also of a module without code: what it is given under this name must never come to stand where the meter's own is looked for.
  if (meter && module.imports.some((given) => given.module === METER_MODULE))
    throw new ComponentError('name-repeated', `an import from ${METER_MODULE}, which is the host's`);
  const code = module.sections.find(({ id }) => id === SECTION.code);
  const shape = new ModuleShape(module, meter);
  if (code === undefined || shape.ownTypes.length === 0 || !(meter || canonicalNan))
    return capLimits(module, memoryPages, tableEntries);
  checkImports(module, memoryPages);
  const parts = new Map<CoreSection, ByteSink>();
  const rewrite = (section: CoreSection): void => {
    const change = meter ? REWRITES.get(section.id) : undefined;
    if (change === undefined) return;
    const out = new ByteSink(section.end - section.start + 64);
    change(new BinaryReader(module.bytes.subarray(section.start, section.end)), out, shape);
    parts.set(section, out);
  };
  // Which types are added is known when the bodies are written; what the bodies need of the others comes before.
  for (const section of module.sections) if (section.id !== SECTION.type && section.forEngine) rewrite(section);
  parts.set(code, rewriteCode(module, code, shape, { meter, canonicalNan }));
  for (const section of module.sections) if (section.id === SECTION.type) rewrite(section);
  return assemble(module, rewriting, parts, shape);
}

function rewriteCode(
  { bytes }: CoreModule,
  { start, end }: CoreSection,
  shape: ModuleShape,
  how: { readonly meter: boolean; readonly canonicalNan: boolean },
): ByteSink {
  const out = new ByteSink(Math.ceil((end - start) * 1.5) + 64);
  const reader = new BinaryReader(bytes.subarray(start, end));
  out.u32(reader.u32() + (how.meter ? 1 : 0));
  if (how.meter) askBody(out, shape);
  const rewriter = new BodyRewriter(bytes, shape, how);
  for (let own = 0; own < shape.ownTypes.length; own++) {
    const size = reader.u32();
    const at = start + reader.offset;
    reader.skip(size);
    rewriter.rewrite(at, at + size, own, out);
  }
  return out;
}

function assemble(
  module: CoreModule,
  { memoryPages, tableEntries, meter }: Rewriting,
  parts: ReadonlyMap<CoreSection, ByteSink>,
  shape: ModuleShape,
): Uint8Array {
  const out = new ByteSink(module.bytes.length * 2);
  const put = (id: number, body: Uint8Array): void => {
    out.u8(id);
    out.u32(body.length);
    out.append(body);
  };
  out.copy(module.bytes, 0, PREAMBLE_BYTES);
  let imports = meter !== true;
  for (const section of module.sections) {
    const { id, start, end, forEngine } = section;
    if (!forEngine) continue;
    if (id === SECTION.import) imports = true;
    else if (!imports && id > SECTION.import) {
      imports = true;
      const added = new ByteSink(64);
      sections.rewriteImports(new BinaryReader(new Uint8Array(0)), added, shape);
      put(SECTION.import, added.view());
    }
    const body = parts.get(section)?.view() ?? cappedSection(module, id, memoryPages, tableEntries);
    put(id, body ?? module.bytes.subarray(start, end));
  }
  return out.bytes.slice(0, out.length);
}
