import test from 'ava';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Meter } from '../../runtime/compartment/meter.ts';
import { corpus } from '../../test/support/corpus.ts';
import type { ScriptTally } from '../../test/support/core-script.ts';
import { runCoreScript } from '../../test/support/core-script.ts';
import { GuestTrap } from '../abi/trap.ts';
import { METER_MODULE } from './rewrite/meter-cell.ts';
import type { Rewriting } from './rewrite-module.ts';
import { rewriteModule } from './rewrite-module.ts';

/** What the tools at hand cannot cut or parse: comments within comments, and look-alike characters in a name. */
const NOT_READ = ['comments.wast', 'names.wast'];
/** What a module with two memories does to another one: it is refused, so it does nothing. */
const REFUSED = ['linking0.wast', 'load1.wast'];
const MODES: readonly (readonly [string, Pick<Rewriting, 'meter' | 'canonicalNan'>])[] = [
  ['fuel and stack', { meter: true }],
  ['fuel, stack and canonical NaNs', { meter: true, canonicalNan: true }],
];

for (const [name, mode] of MODES) {
  test(`the reference scripts for core modules hold on rewritten modules: ${name}`, async (t) => {
    const folder = corpus(t, 'wasm-core');
    if (folder === undefined) return;
    t.timeout(300_000);
    const total = { returns: 0, traps: 0, exhaustions: 0 };
    const faults: string[] = [];
    for (const script of readdirSync(folder).sort()) {
      if (!script.endsWith('.wast') || [...NOT_READ, ...REFUSED].includes(script)) continue;
      const tally = await run(readFileSync(join(folder, script), 'utf8'), mode);
      faults.push(...tally.faults.map((fault) => `${script}: ${fault}`));
      total.returns += tally.returns;
      total.traps += tally.traps;
      total.exhaustions += tally.exhaustions;
    }
    t.deepEqual(faults, []);
    t.deepEqual(total, { returns: 42_149, traps: 2_436, exhaustions: 15 });
  });
}

function run(source: string, mode: Pick<Rewriting, 'meter' | 'canonicalNan'>): Promise<ScriptTally> {
  const meter = new Meter({ fuel: 2n ** 50n });
  const cell = meter.imports['cell'] as WebAssembly.Global<bigint>;
  const stackAtRest = cell.value & 0x1f_ffffn;
  return runCoreScript(source, {
    rewrite: (module) =>
      rewriteModule(module, { memoryPages: 65_536, tableEntries: module.tables.map(() => 65_536), ...mode }),
    imports: { [METER_MODULE]: meter.imports },
    isExhaustion: (error) =>
      mode.meter === true
        ? error instanceof GuestTrap && error.code === 'stack-exhausted'
        : error instanceof RangeError,
    recover: () => void (cell.value = (cell.value & ~0x1f_ffffn) | stackAtRest),
    canonicalNan: mode.canonicalNan ?? false,
  });
}
