// Which names people know a board's pins by. Never a pin that the definition does not name.

import type { Hardware } from '../../contracts/wire/hardware-resolution.ts';
import { didYouMean } from '../../contracts/wire/near-name.ts';
import type { PinNames } from './bench.ts';
import { CliError } from './outcome.ts';

/** Pin → name: the definition's own names win over those of its imports, the first over later ones. */
export function pinNamesOf(hardware: Hardware): PinNames {
  const named = [...hardware.peripherals.values()].filter(({ pin }) => pin !== undefined);
  const names = new Map<number, string>();
  for (const own of [true, false]) {
    for (const { name, pin, declaredIn } of named) {
      if (pin !== undefined && (declaredIn === hardware.file) === own && !names.has(pin)) names.set(pin, name);
    }
  }
  return names;
}

/** The pin behind a name. Errors: `press-malformed`. */
export function pinOf(hardware: Hardware, name: string): number {
  const pin = hardware.peripherals.get(name)?.pin;
  if (pin !== undefined) return pin;
  const known = [...hardware.peripherals.values()].filter((each) => each.pin !== undefined).map((each) => each.name);
  throw new CliError('press-malformed', `the board has no pin "${name}"`, {
    fault: 'caller',
    hint: didYouMean(name, known, 'casemate hardware resolve FILE lists the names'),
  });
}
