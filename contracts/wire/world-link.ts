// What a bench says to the world around the chip: press this, set that, tell me every edge. JSON Lines; never reaches the device.

/** Commands to the world, one JSON object a line. Pins are the chip's numbers. */
export type WorldCommand =
  /** Presses the button on this pin for `forMs`. */
  | { readonly do: 'press'; readonly pin: number; readonly forMs: number }
  /** Drives the pin from outside, or lets it go (null). */
  | { readonly do: 'drive'; readonly pin: number; readonly level: 0 | 1 | null };

/** What the world tells, one JSON object a line. `t` in milliseconds since power-on; `level` null: nobody drives the pin. */
export type WorldEvent =
  | { readonly kind: 'pin'; readonly t: number; readonly pin: number; readonly level: 0 | 1 | null }
  | { readonly kind: 'press'; readonly t: number; readonly pin: number }
  | {
      readonly kind: 'refused';
      readonly t: number;
      readonly code: 'command-malformed' | 'no-such-part';
      readonly message: string;
    };

export const WORLD_LINE_MAX_BYTES = 4096;
