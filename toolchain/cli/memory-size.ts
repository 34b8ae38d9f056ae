// Sizes of memory as people type them: 512KiB, 16MiB. Never a bare number, whose unit would be a guess.

import { CliError } from './outcome.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 * 1024, GiB: 1024 * 1024 * 1024 };
/** A component has addresses of 32 bits. */
const MAX_BYTES = 0xffff_ffff;

/** Bytes. Errors: `memory-malformed`. */
export function parseMemory(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,7})(KiB|MiB|GiB)$/.exec(text) ?? [];
  const bytes = Number(amount) * (UNIT_BYTES[unit] ?? Number.NaN);
  if (!(bytes >= 1 && bytes <= MAX_BYTES)) {
    throw new CliError('memory-malformed', `"${text}" is no size of memory`, {
      fault: 'caller',
      hint: 'Write it with a unit, below 4GiB: 512KiB or 16MiB.',
    });
  }
  return bytes;
}
