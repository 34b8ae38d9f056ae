// What is known of a trap beside its message: which kind it was, where in the guest, how much fuel had been used. Bounded and printable:
// function names are the guest's own words.

/** The traps of core WebAssembly (specification 4.4), of our own limits, and of the canonical ABI; `engine`: another one. Only grows. */
export const TRAP_KINDS = [
  'unreachable',
  'integer-divide-by-zero',
  'integer-overflow',
  'memory-out-of-bounds',
  'table-out-of-bounds',
  'indirect-call-mismatch',
  'stack-exhausted',
  'fuel-exhausted',
  'canonical-abi',
  'engine',
] as const;
export type TrapKind = (typeof TRAP_KINDS)[number];

export interface TrapFacts {
  readonly trap: TrapKind;
  /** Fuel units of the whole run; `undefined` without a meter. */
  readonly fuelUsed: bigint | undefined;
  /** Innermost first: `[function index] +0xoffset name`, `?` for a function without a name. */
  readonly stack: readonly string[];
}

/** The engine keeps ten frames; a name section may hold anything of any length. */
export const TRAP_FRAMES_MAX = 16;
export const TRAP_FRAME_MAX_CHARACTERS = 80;
/** More fuel than an app burns in the life of a device. */
const FUEL_DIGITS_MAX = 20;

/** Printable ASCII without the sign between two frames: what an attacker names a function must not look like another line, or steer a terminal. */
export function printableFrame(text: string): string {
  return text.slice(0, TRAP_FRAME_MAX_CHARACTERS).replaceAll(/[^\x20-\x7b\x7d\x7e]/g, '?');
}

/** One line without its line feed, at most `TRAP_FRAMES_MAX` frames of it. */
export function encodeTrapFacts({ trap, fuelUsed, stack }: TrapFacts): string {
  return [`${trap} ${fuelUsed ?? '-'}`, ...stack.slice(0, TRAP_FRAMES_MAX).map(printableFrame)].join('|');
}

/** Of a runner that may be in the guest's hands: what is not of this form is cut, or `undefined`. */
export function decodeTrapFacts(line: string): TrapFacts | undefined {
  const [head = '', ...frames] = line.split('|', TRAP_FRAMES_MAX + 1);
  const [, word, fuel = '-'] = /^([a-z-]+) (-|\d+)$/.exec(head) ?? [];
  const trap = TRAP_KINDS.find((kind) => kind === word);
  if (trap === undefined || fuel.length > FUEL_DIGITS_MAX) return undefined;
  return { trap, fuelUsed: fuel === '-' ? undefined : BigInt(fuel), stack: frames.map(printableFrame) };
}
