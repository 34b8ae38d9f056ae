// What a bench says to the world around the chip: press this, set that, tell me every edge. JSON Lines; never reaches the device.

/** Commands to the world, one JSON object a line. Pins are the chip's numbers. */
export type WorldCommand =
  /** Presses the button on this pin for `forMs`. */
  | { readonly do: 'press'; readonly pin: number; readonly forMs: number }
  /** Drives the pin from outside, or lets it go (null). */
  | { readonly do: 'drive'; readonly pin: number; readonly level: 0 | 1 | null }
  /** Switches the access point; `off` drops every connection that the device has through it. */
  | { readonly do: 'radio'; readonly power: 'on' | 'off' }
  /**
   * Cuts one connection: of those that the device opens from now on the first that gets so many bytes from outside. `null`: none.
   * "The service goes away in the middle of a download."
   */
  | { readonly do: 'radio-cut'; readonly afterBytes: number | null }
  /** What comes from outside reaches the device so much later; 0 at first. */
  | { readonly do: 'radio-delay'; readonly delayMs: number };

/** The commands of them that are for the access point. */
export type RadioCommand = Extract<WorldCommand, { readonly do: 'radio' | 'radio-cut' | 'radio-delay' }>;

/** What the world tells, one JSON object a line. `t` in milliseconds since power-on; `level` null: nobody drives the pin. */
export type WorldEvent =
  | { readonly kind: 'pin'; readonly t: number; readonly pin: number; readonly level: 0 | 1 | null }
  | { readonly kind: 'press'; readonly t: number; readonly pin: number }
  /** How the access point is now: after each command to it, and when a connection was cut as commanded. */
  | {
      readonly kind: 'radio';
      readonly t: number;
      readonly power: 'on' | 'off';
      readonly cutAfterBytes: number | null;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'refused';
      readonly t: number;
      readonly code: 'command-malformed' | 'no-such-part';
      readonly message: string;
    };

export const WORLD_LINE_MAX_BYTES = 4096;
