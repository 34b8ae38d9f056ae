// Random bytes for an app. Never more at once than a frame carries.

import type { CallArea } from './call-area.ts';
import { AppCallError } from './call-area.ts';

/** Of one call. */
export const RANDOM_MAX_BYTES = 32 * 1024;

/** → exactly `count` bytes. */
export type RandomRequest = { readonly function: 'random.bytes'; readonly count: number };

export const RANDOM_CALLS: CallArea<RandomRequest> = {
  functions: { 'random.bytes': 0x0801 },
  encode({ count }, writer) {
    writer.u32(count);
  },
  decode(name, reader) {
    const count = reader.u32();
    if (count > RANDOM_MAX_BYTES) throw new AppCallError('app-call-malformed', `${count} random bytes`);
    return { function: name, count };
  },
};
