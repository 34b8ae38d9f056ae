// Reads the boot console of a simulated device: JSON Lines on the secure world's standard output. Never takes a line for more
// than a report: what boots was decided on the device.

import { FactoryError } from './factory-error.ts';
import type { Shape } from './shape.ts';
import { ShapeMismatch, flag, number, record, text } from './shape.ts';

/** A stage that was verified (`digest` in hex) or refused (`code`). `ms` since power-on. */
export interface BootLine {
  readonly boot: string;
  readonly ok: boolean;
  readonly digest?: string;
  readonly code?: string;
  /** Why, for people. */
  readonly message?: string;
  readonly ms?: number;
}
/** The device reset itself, or was asked to; the boot starts over. */
export interface ResetLine {
  readonly reset: string;
  readonly detail?: string;
  readonly ms?: number;
}
export type ConsoleLine =
  | { readonly kind: 'boot'; readonly line: BootLine }
  | { readonly kind: 'reset'; readonly line: ResetLine }
  | { readonly kind: 'ready' }
  /** Something that this version does not know, or a line for people. */
  | { readonly kind: 'other' };

export const CONSOLE_LINE_MAX_BYTES = 16 * 1024;

const bootFacts = record<{ boot: string; ok: boolean }>({ boot: text(64), ok: flag });
const resetFacts = record<{ reset: string }>({ reset: text(64) });
const OPTIONAL = {
  digest: text(128),
  code: text(64),
  message: text(),
  detail: text(CONSOLE_LINE_MAX_BYTES),
  ms: number,
} as const satisfies Readonly<Record<string, Shape<unknown>>>;

/** Errors: `power-failed` for a boot or reset line that makes no sense. */
export function parseConsoleLine(line: string): ConsoleLine {
  const value = parseObject(line);
  if (value === undefined) return { kind: 'other' };
  if (value['ready'] === true) return { kind: 'ready' };
  try {
    if (Object.hasOwn(value, 'boot'))
      return { kind: 'boot', line: { ...bootFacts(value, 'line'), ...optional(value) } };
    if (Object.hasOwn(value, 'reset'))
      return { kind: 'reset', line: { ...resetFacts(value, 'line'), ...optional(value) } };
  } catch (cause) {
    if (!(cause instanceof ShapeMismatch)) throw cause;
    throw new FactoryError('power-failed', `a line of the boot console that cannot be read: ${cause.message}`, {
      cause,
    });
  }
  return { kind: 'other' };
}

function optional(value: Readonly<Record<string, unknown>>): object {
  const there = Object.entries(OPTIONAL).filter(([name]) => Object.hasOwn(value, name));
  return Object.fromEntries(there.map(([name, shape]) => [name, shape(value[name], name)] as const));
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // not JSON: a line for people
  }
}
