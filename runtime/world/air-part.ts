// What every numbered stream at the access point can be told, whatever kind it is. Types only.

import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import type { AirConditions } from './air.ts';

export interface AirParts {
  readonly stream: number;
  readonly air: AirConditions;
  readonly send: (frame: RadioFrame) => void;
  /** The stream is no more, at this end. */
  readonly onGone: () => void;
}

export interface AirPart {
  /** Errors: `RadioLinkError` for a frame that the device may not send now. */
  fromDevice(frame: RadioFrame): void;
  /** The radio went off: the device is told that the stream is gone, or that it never was. */
  lose(): void;
  /** Nobody at the device wants it any more. */
  drop(): void;
}
