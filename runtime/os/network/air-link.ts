// The radio as the apps' network needs it: numbered lines of frames, as types. Never which kind of wire it is.

import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';

/** One end of a line, at the device. */
export interface AirEnd {
  /** A frame of the access point for it. Errors: `RadioLinkError` for one that has no place now; the link is over then. */
  fromOutside(frame: RadioFrame): void;
  /** The wire is gone. */
  lost(): void;
}

export interface AirLine {
  readonly stream: number;
  /** Nothing once it was forgotten, or the wire is gone. */
  send(frame: RadioFrame): void;
  /** Nobody here wants to hear of it any more. Tell the access point first. */
  forget(): void;
}

export interface AirLink {
  /** A line, which begins with the first frame that is sent. `no-room`: all of the apps' are in use, or the access point does not read. */
  begin(end: AirEnd): AirLine | 'radio-off' | 'no-room';
}

/** A device without a radio. */
export const NO_AIR: AirLink = { begin: () => 'radio-off' };
