// The app's log: one message a call. Never a line's end or a level: the broker cuts and marks.

import type { CallArea } from './call-area.ts';

export type LogRequest = { readonly function: 'log.write'; readonly message: string };

export const LOG_CALLS: CallArea<LogRequest> = {
  functions: { 'log.write': 0x0401 },
  encode({ message }, writer) {
    writer.bytes(new TextEncoder().encode(message));
  },
  // A guest's string was already checked by the canonical ABI; the pipe's other end may still be hostile.
  decode: (name, reader) => ({ function: name, message: new TextDecoder().decode(reader.rest()) }),
};
