// Which names people know a board's pins by. Never a pin that the definition does not name.

import type { Hardware } from '../../contracts/wire/hardware-resolution.ts';
import { didYouMean } from '../../contracts/wire/near-name.ts';
import { boardOf } from '../../runtime/board/boards.ts';
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

/** The pin of the button that has this name. Errors: `press-malformed`, which names the buttons that there are. */
export function buttonOf(hardware: Hardware, board: string, name: string): number {
  const buttons = new Set(boardOf(board)?.parts.flatMap(({ kind, pin }) => (kind === 'button' ? [pin] : [])));
  const named = [...hardware.peripherals.values()].filter(({ pin }) => pin !== undefined && buttons.has(pin));
  const pin = named.find((each) => each.name === name)?.pin;
  if (pin !== undefined) return pin;
  const known = named.map((each) => each.name);
  throw new CliError('press-malformed', `the board has no button "${name}"`, {
    fault: 'caller',
    hint: didYouMean(name, known, `buttons: ${known.join(', ')}`),
    details: { buttons: known },
  });
}
