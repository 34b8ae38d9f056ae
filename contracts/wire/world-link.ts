// What a bench says to the world around the chip: press this, set that, tell me every edge. JSON Lines; never reaches the device.

/** Commands to the world, one JSON object a line. Pins are the chip's numbers. */
export type WorldCommand =
  /** Presses the button on this pin for `forMs`, now or at `atMs` since power-on; then a `scheduled` event answers. */
  | { readonly do: 'press'; readonly pin: number; readonly forMs: number; readonly atMs?: number }
  /**
   * Virtual time: lets it run up to `untilMs` since power-on, which it does not include. A `time` event says that it stands there: every
   * app has done what it had to do before that, and whatever the world had to tell of it has been told.
   */
  | { readonly do: 'run'; readonly untilMs: number }
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
  | { readonly do: 'radio-delay'; readonly delayMs: number }
  /**
   * A name that exists on this bench alone: whoever asks the access point for it gets an address of 198.18.0.0/15, and what goes there
   * ends at `address`, at the port that was asked for or, unless null, at `port`. `address` null: there is no such name any more.
   */
  | { readonly do: 'radio-host'; readonly name: string; readonly address: string | null; readonly port: number | null };

/** The commands of them that are for the access point. */
export type RadioCommand = Extract<WorldCommand, { readonly do: 'radio' | 'radio-cut' | 'radio-delay' | 'radio-host' }>;

/** What the world tells, one JSON object a line. `t` in milliseconds since power-on; `level` null: nobody drives the pin. */
export type WorldEvent =
  /** `by`: whose doing the edge was. */
  | {
      readonly kind: 'pin';
      readonly t: number;
      readonly pin: number;
      readonly level: 0 | 1 | null;
      readonly by: 'chip' | 'world';
    }
  | { readonly kind: 'press'; readonly t: number; readonly pin: number }
  /** The press at `atMs` will be made. */
  | { readonly kind: 'scheduled'; readonly t: number; readonly pin: number; readonly atMs: number }
  /** Virtual time stands at `t`. */
  | { readonly kind: 'time'; readonly t: number }
  /** How the access point is now: after each command to it, and when a connection was cut as commanded. */
  | {
      readonly kind: 'radio';
      readonly t: number;
      readonly power: 'on' | 'off';
      readonly cutAfterBytes: number | null;
      readonly delayMs: number;
      /** Names that exist on this bench alone. */
      readonly hosts: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly t: number;
      /** `time-is-running`: a hand is at the bench only while virtual time stands. `time-is-real`: it cannot be let run. */
      readonly code: 'command-malformed' | 'no-such-part' | 'time-is-running' | 'time-is-real' | 'time-is-past';
      readonly message: string;
    };

export const WORLD_LINE_MAX_BYTES = 4096;
