// What a radio link meets at its access point, as types: the device's end of it, and the conditions that the bench has set.

import type { IpBytes } from '../../contracts/core/ip-address.ts';

/** The device's end of one radio link. */
export interface RadioEnd {
  send(bytes: Uint8Array): void;
  /** The device broke the rules of the link. */
  hangUp(): void;
}

/** A cut that waits for its connection; it strikes once. */
export interface CutFault {
  readonly afterBytes: number;
}

export interface AirConditions {
  /** Whether streams can be opened. */
  readonly isOn: boolean;
  /** How much later the device gets what is sent to it. */
  readonly delayNs: bigint;
  /** The cut that a stream which is opened now may meet. */
  readonly cut: CutFault | undefined;
  /** Whether this cut still waits; if so it strikes now, and never again. */
  strike(fault: CutFault): boolean;
  /** Where a connection or datagram to this host and port really goes. */
  route(host: string, port: number): { readonly host: string; readonly port: number };
  /** The address of a name that exists on the bench alone. */
  addressOf(name: string): IpBytes | undefined;
}
