// What an app can wait for: ready by the clock, or because something happened. Never an alarm of its own.

export interface Waitable {
  isReady(nowNs: bigint): boolean;
  /** When the clock alone makes it ready; `undefined`: never as it stands. */
  readonly readyAtNs: bigint | undefined;
  /** Told whenever it may have become ready without the clock; the returned function ends that. */
  readonly onChange?: (listener: () => void) => () => void;
}
