// What the runner says of its guest's memory. Never believed for a limit: the linker's caps and the host's walls hold it, this is for people.

import type { CallArea } from './call-area.ts';

export type UsageRequest = {
  readonly function: 'usage.tell';
  /** Of all linear memories together. */
  readonly memoryBytes: number;
  /** Of all tables together. */
  readonly tableEntries: number;
};

export const USAGE_CALLS: CallArea<UsageRequest> = {
  functions: { 'usage.tell': 0x0c01 },
  encode({ memoryBytes, tableEntries }, writer) {
    writer.u32(memoryBytes).u32(tableEntries);
  },
  decode: (name, reader) => ({ function: name, memoryBytes: reader.u32(), tableEntries: reader.u32() }),
};
