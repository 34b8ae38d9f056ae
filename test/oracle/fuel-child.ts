// The program of a process with one of the engine's compilers switched on or off: runs the metered modules that it is given and says what
// each made of the meter's cell. One JSON line in, one out.

import { text } from 'node:stream/consumers';
import { METER_IMPORTS, METER_MODULE } from '../../component/core/rewrite/meter-cell.ts';
import { Meter } from '../../runtime/compartment/meter.ts';
import { fromJson, toJson } from './json.ts';

export interface FuelJob {
  readonly module: Uint8Array;
  readonly arg: number;
  readonly fuel: bigint;
}

export interface FuelOutcome {
  /** What `run` gave; `trap` when it ended in one. */
  readonly result: string;
  /** The meter's cell afterwards: fuel and stack. */
  readonly cell: bigint;
}

/** The cell that a module begins with, and the one it leaves. */
export function runHere({ module, arg, fuel }: FuelJob): FuelOutcome {
  const meter = new Meter({ fuel });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(module)), {
    [METER_MODULE]: meter.imports,
  });
  const cell = (): bigint => cellOf(meter);
  try {
    const run = instance.exports['run'] as (arg: number) => number;
    return { result: String(run(arg)), cell: cell() };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { result: 'trap', cell: cell() };
  }
}

export function cellOf(meter: Meter): bigint {
  const cell = meter.imports[METER_IMPORTS.cell];
  if (!(cell instanceof WebAssembly.Global)) throw new Error('the meter has no cell');
  return (cell as WebAssembly.Global<bigint>).value;
}

if (import.meta.main) {
  const jobs = fromJson(await text(process.stdin)) as readonly FuelJob[];
  process.stdout.write(toJson(jobs.map(runHere)));
}
