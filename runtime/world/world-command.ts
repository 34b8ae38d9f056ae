// Reads one line of the bench: a command to the world, or why it is none. Never throws for what is in the line.

import { GPIO_PINS } from '../../contracts/core/chip.ts';
import type { WorldCommand } from '../../contracts/wire/world-link.ts';

/** A press that lasts longer than an hour is a mistake in a unit. */
export const PRESS_MAX_MS = 3_600_000;

export type ReadCommand =
  { readonly ok: true; readonly command: WorldCommand } | { readonly ok: false; readonly message: string };

/** `line` without its line feed. */
export function readWorldCommand(line: string): ReadCommand {
  const value = parse(line);
  if (value === undefined) return no('not a JSON object');
  const pin = value['pin'];
  if (!isPin(pin)) return no(`pin must be 0 to ${GPIO_PINS - 1}`);
  switch (value['do']) {
    case 'press': {
      const forMs = value['forMs'];
      if (typeof forMs !== 'number' || !(forMs > 0 && forMs <= PRESS_MAX_MS))
        return no(`forMs must be more than 0, at most ${PRESS_MAX_MS}`);
      return only(value, ['do', 'pin', 'forMs']) ?? { ok: true, command: { do: 'press', pin, forMs } };
    }
    case 'drive': {
      const level = value['level'];
      if (level !== 0 && level !== 1 && level !== null) return no('level must be 0, 1 or null');
      return only(value, ['do', 'pin', 'level']) ?? { ok: true, command: { do: 'drive', pin, level } };
    }
    default:
      return no('do must be press or drive');
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function only(value: Readonly<Record<string, unknown>>, names: readonly string[]): ReadCommand | undefined {
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  return unknown === undefined ? undefined : no(`${JSON.stringify(unknown.slice(0, 64))} is unknown`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPin(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < GPIO_PINS;
}

function no(message: string): ReadCommand {
  return { ok: false, message };
}
