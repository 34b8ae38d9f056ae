// What an operating system must offer to the broker. Types only; all of it answers asynchronously, none of it checks a grant.

import type { AppErrorCode } from '../contracts/wire/app-call.ts';

/** A pin of the chip. `context` is the caller's bus context: the silicon checks it again. */
export interface GpioPort {
  /** Errors: `no-device` (no such pin), `access-denied` (the firewall said no). */
  openInput(context: number, pin: number): Promise<PortResult<void>>;
  openOutput(context: number, pin: number, mode: GpioOutputMode, level: 0 | 1): Promise<PortResult<void>>;
  read(context: number, pin: number): Promise<PortResult<0 | 1>>;
  write(context: number, pin: number, level: 0 | 1): Promise<PortResult<void>>;
  /** Lets the pin float. */
  close(context: number, pin: number): Promise<void>;
}
export type GpioOutputMode = 'push-pull' | 'open-drain' | 'open-source';

/** `layer` says who refused, for the audit trail. */
export type PortResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: AppErrorCode; readonly layer: 'firewall' | 'driver' };

/** The device's monotonic clock; real or virtual. */
export interface TimePort {
  /** Nanoseconds since power-on. */
  nowNs(): bigint;
  /** Calls back once, not before `atNs`; the returned function takes it back. */
  at(atNs: bigint, wake: () => void): () => void;
}

/** What the broker has to tell about an app. */
export interface AuditPort {
  log(app: AppIdentity, message: string): void;
  /** One line per denial. */
  denied(app: AppIdentity, denial: Denial): void;
  /** A used budget: the call answered its error, or the app was ended. */
  limit(app: AppIdentity, limit: string, used: number, allowed: number): void;
}

export interface AppIdentity {
  readonly componentId: string;
  readonly name: string;
  /** The bus context that the monitor gave it: its pipe. */
  readonly context: number;
}

export interface Denial {
  /** WIT interface, e.g. `casemate:device/gpio`. */
  readonly interface: string;
  readonly function: string;
  /** What was asked for, e.g. `gpio:9`. */
  readonly resource: string;
  readonly error: AppErrorCode;
  readonly layer: 'broker' | 'firewall';
}
