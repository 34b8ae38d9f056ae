// Finds the manifest line that an app probably needs, from the hardware names in its sources. Never grants anything itself.

import type { SupportedCapability } from '../../host-apis/capabilities.ts';
import { MANIFEST_VALUES } from '../../host-apis/capability-imports.ts';
import type { BoardHardware } from './hardware.ts';
import type { SourceTree } from './source-tree.ts';

const SUGGESTED_MAX = 16;

/** The JSON value of the capability's manifest line: for peripherals an array of the names of its type that the sources mention; without one, a name to put in. */
export function suggestGrant(capability: SupportedCapability, hardware: BoardHardware, tree: SourceTree): string {
  // For what no hardware definition names the person has to say which.
  if (capability !== 'Gpio') return MANIFEST_VALUES[capability];
  const names = [...hardware.hardware.peripherals.values()]
    .filter(({ type }) => type === capability)
    .map(({ name }) => name);
  const words = new Set<string>();
  for (const [path, bytes] of tree) {
    if (!/\.[ch]$/.test(path)) continue;
    for (const [word] of new TextDecoder().decode(bytes).matchAll(/[A-Za-z_]\w*/g)) words.add(word);
  }
  const mentioned = names.filter((name) => words.has(name)).slice(0, SUGGESTED_MAX);
  // A pin that nobody mentioned would be a guess, and a wrong grant: the person has to say which one.
  const chosen = mentioned.length > 0 ? mentioned : ['NAME_OF_THE_PERIPHERAL'];
  return `[${chosen.map((name) => `"$${name}"`).join(', ')}]`;
}
