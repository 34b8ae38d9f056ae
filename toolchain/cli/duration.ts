// Durations and moments as people type them: 250ms, 3s, 2m, 1h. Never a bare number, whose unit would be a guess.

import { CliError } from './outcome.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. Errors: `duration-malformed`. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNIT_MS[unit];
  if (amount === undefined || factor === undefined) {
    throw new CliError('duration-malformed', `"${text}" is not a duration`, {
      fault: 'caller',
      hint: 'Write it with a unit: 250ms, 3s, 2m or 1h.',
    });
  }
  return Math.round(Number(amount) * factor);
}

/** A button press at a moment: `SAMPLE_BUTTON_1@1s`. */
export interface Press {
  readonly name: string;
  readonly atMs: number;
}

/** Errors: `press-malformed`, `duration-malformed`. */
export function parsePress(text: string): Press {
  const [name = '', at = '', ...rest] = text.split('@');
  if (name === '' || at === '' || rest.length > 0) {
    throw new CliError('press-malformed', `"${text}" is not NAME@TIME`, {
      fault: 'caller',
      hint: 'For example --press SAMPLE_BUTTON_1@1s',
    });
  }
  return { name, atMs: parseDuration(at) };
}
