// How a radio's access point reaches the outside. Types only. Never a local socket: a host and a port are all that can be named.

/** Opens connections; the board passes in the host's own. */
export interface Uplink {
  /** `events` are told later, never during the call. */
  connect(host: string, port: number, events: UplinkEvents): UplinkConnection;
}

export interface UplinkEvents {
  connected(): void;
  bytes(bytes: Uint8Array): void;
  /** The outside sends no more. */
  ended(): void;
  /** Once, and the last. `unknown` and `unreachable` without a connection before. */
  closed(how: 'finished' | 'lost' | 'unknown' | 'unreachable'): void;
}

export interface UplinkConnection {
  /** `written`: the host has taken them. */
  write(bytes: Uint8Array, written: () => void): void;
  /** Sends no more. */
  end(): void;
  /** Nothing more is read until `resume`. */
  pause(): void;
  resume(): void;
  /** Drops it; no event comes any more. */
  destroy(): void;
}
