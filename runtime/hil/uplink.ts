// How a radio's access point reaches the outside, and is reached. Types only. Never a local socket: a host and a port are all that can
// be named, and what listens does so for this host alone.

import type { IpBytes } from '../../contracts/core/ip-address.ts';

/** Opens connections and ports; the board passes in the host's own. Events are told later, never during the call. */
export interface Uplink {
  connect(host: string, port: number, events: UplinkEvents): UplinkConnection;
  /** Opens a port of this host's loopback interface for a device's port: the same number where that is free, otherwise any. */
  listen(port: number, events: UplinkListenEvents): UplinkListener;
  /** A socket for datagrams; `port` 0: nobody outside knows where it is, and only answers come in. */
  bind(port: number, events: UplinkDatagramEvents): UplinkDatagrams;
  /** `found` is told once: every address of the name, or none. Not told after the returned function was called. */
  lookup(name: string, found: (addresses: readonly IpBytes[]) => void): () => void;
}

export interface UplinkEvents {
  connected(): void;
  bytes(bytes: Uint8Array): void;
  /** The outside sends no more. */
  ended(): void;
  /** Once, and the last. `unknown`, `unreachable` and `refused` without a connection before. */
  closed(how: 'finished' | 'lost' | 'unknown' | 'unreachable' | 'refused'): void;
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

export interface UplinkListenEvents {
  /** The port of this host that was opened. */
  listening(hostPort: number): void;
  caller(caller: UplinkCaller): void;
  /** Once, and the last; without `listening` before when no port could be opened. */
  closed(): void;
}

/** Somebody who has connected. Nothing of it is read before it is let in. */
export interface UplinkCaller {
  readonly address: string;
  readonly port: number;
  /** Lets it in; `connected` is not told. */
  accept(events: UplinkEvents): UplinkConnection;
  refuse(): void;
}

export interface UplinkListener {
  /** Opens the port no more; callers that were not accepted stay whose they are. No event comes any more. */
  destroy(): void;
}

export interface UplinkDatagramEvents {
  /** The port of this host that it got. */
  bound(hostPort: number): void;
  datagram(address: string, port: number, bytes: Uint8Array): void;
  /** Once, and the last; without `bound` before when there is no port for it. */
  closed(): void;
}

export interface UplinkDatagrams {
  /** `sent`: the host has taken it, or dropped it as it may. */
  send(address: string, port: number, bytes: Uint8Array, sent: () => void): void;
  destroy(): void;
}
