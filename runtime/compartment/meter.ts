// Fuel and stack of one app, shared by all of its core modules: what is left, what was used, and what happens when there is no more.
// Never gives a guest that cannot be suspended more than its bounded reserve, and never counts by the clock.

import type { FuelReserve } from '../../component/abi/host-fuel.ts';
import { GuestTrap } from '../../component/abi/trap.ts';
import {
  MAX_CELL_FUEL,
  METER_IMPORTS,
  STACK_BITS,
  STACK_OVER,
  STACK_UNIT_BYTES,
} from '../../component/core/rewrite/meter-cell.ts';
import type { Later } from '../../contracts/core/later.ts';
import { after } from '../../contracts/core/later.ts';

export interface MeterOptions {
  /** Units to begin with; a unit is about one simple instruction. */
  readonly fuel: bigint;
  /** What runs above a frame of JavaScript may go so far below zero. */
  readonly reserve?: bigint;
  /** All frames of guest code together. The engine's own stack has to be larger: see `DEFAULT_STACK_BYTES`. */
  readonly stackBytes?: number;
  /**
   * Asked when fuel is out, outside of `withReserve`: how many units more, 0 to end the guest. Absent: the guest is ended. With `suspends` it may
   * answer with a promise, and the guest is suspended until then; a rejection is thrown inside the guest.
   */
  readonly refill?: () => Later<bigint>;
  /** The guest was entered through `WebAssembly.promising`. */
  readonly suspends?: true;
}

/** A realloc that moves 1 MiB costs some 70,000. */
export const DEFAULT_RESERVE = 1_000_000n;
/** Half of what V8 has by default (984 KiB): frames of its baseline compiler and of the glue are larger than they are charged. */
export const DEFAULT_STACK_BYTES = 512 * 1024;

/** The cell is slow to reach from here: the host's work goes there in lots. */
const OWED_MAX = 4096;

/** Of the glue's frames between two of the guest's: 2 KiB, and they are less. */
const GLUE_STACK_UNITS = BigInt(2048 / STACK_UNIT_BYTES);

const FUEL_UNIT = 1n << BigInt(STACK_BITS);

export class Meter implements FuelReserve {
  /** What the module `METER_MODULE` holds for every metered core module. */
  readonly imports: Record<string, WebAssembly.ImportValue>;
  readonly #cell: WebAssembly.Global<bigint>;
  readonly #reserve: bigint;
  readonly #refill: (() => Later<bigint>) | undefined;
  readonly #suspends: boolean;
  /** Units that have gone into the cell. */
  #granted = 0n;
  /** Units that did not fit the cell. */
  #bank = 0n;
  #held = 0;
  /** Units of the host's work that are not in the cell yet. */
  #owed = 0;
  /** The reserve is in the cell. */
  #lifted = false;

  constructor({ fuel, reserve, stackBytes, refill, suspends }: MeterOptions) {
    this.#reserve = reserve ?? DEFAULT_RESERVE;
    this.#refill = refill;
    this.#suspends = suspends ?? false;
    const units = Math.min(Math.floor((stackBytes ?? DEFAULT_STACK_BYTES) / STACK_UNIT_BYTES), STACK_OVER);
    this.#cell = new WebAssembly.Global({ value: 'i64', mutable: true }, BigInt(STACK_OVER - units));
    this.#add(fuel);
    const wait = (cell: bigint): Later<bigint> => this.#wait(cell);
    this.imports = {
      [METER_IMPORTS.cell]: this.#cell,
      [METER_IMPORTS.spent]: (cell: bigint) => this.#spent(cell),
      [METER_IMPORTS.wait]: this.#suspends ? new WebAssembly.Suspending(wait) : wait,
    };
  }

  /** Units used so far: the same for the same run, whatever the engine compiled when. What a call has used since its last flush comes later. */
  get used(): bigint {
    return this.#granted - this.#left();
  }

  /** Units left; negative by what was overdrawn. */
  get left(): bigint {
    return this.#bank + this.#left();
  }

  /**
   * Calls `work`, which runs guest code above a frame of JavaScript. It is never suspended: out of fuel, it may overdraw by the reserve, which the
   * next refill has to make good. Throws `fuel-exhausted` beyond.
   */
  withReserve<T>(work: () => T): T {
    // Below another one: its frames of JavaScript are counted too, or a destructor that drops what has a destructor ended with the engine's stack.
    const glue = this.#held > 0 ? GLUE_STACK_UNITS : 0n;
    if (glue > 0n) this.#takeStack(glue);
    this.#held++;
    try {
      return work();
    } finally {
      this.#held--;
      if (glue > 0n) this.#cell.value -= glue;
      if (this.#held === 0 && this.#lifted) {
        this.#lifted = false;
        this.#cell.value -= this.#reserve * FUEL_UNIT;
      }
    }
  }

  charge(units: number): void {
    this.#owed += units;
    if (this.#owed < OWED_MAX) return;
    this.#cell.value -= BigInt(this.#owed) * FUEL_UNIT;
    this.#owed = 0;
  }

  #takeStack(units: bigint): void {
    this.#cell.value += units;
    if ((this.#cell.value & BigInt(STACK_OVER)) !== 0n) throw new GuestTrap('stack-exhausted', 'out of stack');
  }

  #left(): bigint {
    return -BigInt(this.#owed) + (this.#cell.value >> BigInt(STACK_BITS)) - (this.#lifted ? this.#reserve : 0n);
  }

  #add(units: bigint): void {
    this.#bank += units;
    const room = MAX_CELL_FUEL - (this.#cell.value >> BigInt(STACK_BITS));
    const moved = this.#bank < room ? this.#bank : room;
    this.#bank -= moved;
    this.#granted += moved;
    this.#cell.value += moved * FUEL_UNIT;
  }

  /** The cell is negative, or the frame that was just added does not fit. */
  #spent(cell: bigint): bigint {
    this.#cell.value = cell;
    if ((cell & BigInt(STACK_OVER)) !== 0n) throw new GuestTrap('stack-exhausted', 'out of stack');
    // As often as it takes: an operation of 2^32 entries owes more than thousands of refills, and each within the last would be a recursion.
    do {
      if (this.#bank > 0n) this.#add(0n);
      else if (this.#held > 0) this.#lift();
      else if (this.#suspends) break;
      else this.#demand();
    } while (this.#cell.value < 0n);
    return this.#cell.value;
  }

  #lift(): void {
    if (this.#lifted)
      throw new GuestTrap('fuel-exhausted', 'out of fuel, and of the reserve of a call that cannot wait');
    this.#lifted = true;
    this.#cell.value += this.#reserve * FUEL_UNIT;
  }

  #demand(): void {
    const units = this.#refill?.() ?? 0n;
    if (typeof units !== 'bigint')
      throw new TypeError('a refill that comes later, for a guest that cannot be suspended');
    this.#take(units);
  }

  /** At once when the refill is there: nobody is suspended for nothing. */
  #wait(cell: bigint): Later<bigint> {
    this.#cell.value = cell;
    return after(this.#refill?.() ?? 0n, (units) => {
      this.#take(units);
      return this.#cell.value < 0n ? this.#waitOn() : this.#cell.value;
    });
  }

  async #waitOn(): Promise<bigint> {
    while (this.#cell.value < 0n) this.#take(await (this.#refill?.() ?? 0n));
    return this.#cell.value;
  }

  #take(units: bigint): void {
    if (units <= 0n) throw new GuestTrap('fuel-exhausted', 'out of fuel');
    this.#add(units);
  }
}
