// Reads one line of the bench: a command to the world, or why it is none. Never throws for what is in the line.

import { GPIO_PINS } from '../../contracts/core/chip.ts';
import { parseIp } from '../../contracts/core/ip-address.ts';
import { isRadioHost } from '../../contracts/wire/radio-link.ts';
import type { WorldCommand } from '../../contracts/wire/world-link.ts';

/** A press that lasts longer than an hour is a mistake in a unit. */
export const PRESS_MAX_MS = 3_600_000;
/** Ten years; a thousandth of a millisecond of it is still exact in a number. */
export const MOMENT_MAX_MS = 10 * 365 * 24 * 3_600_000;
/** A delay beyond what any protocol waits for is a mistake in a unit. */
export const DELAY_MAX_MS = 600_000;
const PORT_MAX = 65_535;
/** More than any download. */
export const CUT_MAX_BYTES = 0xffff_ffff;

export type ReadCommand =
  { readonly ok: true; readonly command: WorldCommand } | { readonly ok: false; readonly message: string };

/** `line` without its line feed. */
export function readWorldCommand(line: string): ReadCommand {
  const value = parse(line);
  if (value === undefined) return no('not a JSON object');
  switch (value['do']) {
    case 'press':
    case 'drive':
      return readPinCommand(value, value['do']);
    case 'run': {
      const untilMs = value['untilMs'];
      if (!isMoment(untilMs)) return no(`untilMs must be 0 to ${MOMENT_MAX_MS}`);
      return only(value, ['do', 'untilMs']) ?? { ok: true, command: { do: 'run', untilMs } };
    }
    case 'radio': {
      const power = value['power'];
      if (power !== 'on' && power !== 'off') return no('power must be on or off');
      return only(value, ['do', 'power']) ?? { ok: true, command: { do: 'radio', power } };
    }
    case 'radio-cut': {
      const afterBytes = value['afterBytes'];
      if (afterBytes !== null && !isCount(afterBytes, 1, CUT_MAX_BYTES))
        return no(`afterBytes must be null, or 1 to ${CUT_MAX_BYTES}`);
      return only(value, ['do', 'afterBytes']) ?? { ok: true, command: { do: 'radio-cut', afterBytes } };
    }
    case 'radio-delay': {
      const delayMs = value['delayMs'];
      if (!isCount(delayMs, 0, DELAY_MAX_MS)) return no(`delayMs must be 0 to ${DELAY_MAX_MS}`);
      return only(value, ['do', 'delayMs']) ?? { ok: true, command: { do: 'radio-delay', delayMs } };
    }
    case 'radio-host':
      return readBenchHost(value);
    default:
      return no('do must be press, drive, run, radio, radio-cut, radio-delay or radio-host');
  }
}

function readBenchHost(value: Readonly<Record<string, unknown>>): ReadCommand {
  const { name, address, port } = value;
  if (typeof name !== 'string' || !isRadioHost(name) || parseIp(name) !== undefined)
    return no('name must be a host name');
  if (address !== null && (typeof address !== 'string' || parseIp(address) === undefined))
    return no('address must be null, or an IP address');
  if (port !== null && !isCount(port, 1, PORT_MAX)) return no(`port must be null, or 1 to ${PORT_MAX}`);
  return (
    only(value, ['do', 'name', 'address', 'port']) ?? { ok: true, command: { do: 'radio-host', name, address, port } }
  );
}

function readPinCommand(value: Readonly<Record<string, unknown>>, what: 'press' | 'drive'): ReadCommand {
  const pin = value['pin'];
  if (!isCount(pin, 0, GPIO_PINS - 1)) return no(`pin must be 0 to ${GPIO_PINS - 1}`);
  switch (what) {
    case 'press': {
      const forMs = value['forMs'];
      if (typeof forMs !== 'number' || !(forMs > 0 && forMs <= PRESS_MAX_MS))
        return no(`forMs must be more than 0, at most ${PRESS_MAX_MS}`);
      const atMs = value['atMs'];
      if (atMs !== undefined && !isMoment(atMs)) return no(`atMs must be 0 to ${MOMENT_MAX_MS}`);
      const command = { do: 'press', pin, forMs, ...(atMs !== undefined && { atMs }) } as const;
      return only(value, ['do', 'pin', 'forMs', 'atMs']) ?? { ok: true, command };
    }
    case 'drive': {
      const level = value['level'];
      if (level !== 0 && level !== 1 && level !== null) return no('level must be 0, 1 or null');
      return only(value, ['do', 'pin', 'level']) ?? { ok: true, command: { do: 'drive', pin, level } };
    }
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

/** A whole number from `least` to `most`. */
function isCount(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOMENT_MAX_MS;
}

function no(message: string): ReadCommand {
  return { ok: false, message };
}
