// What an operating system must offer to the broker. Types only; all of it answers asynchronously, none of it checks a grant.

import type { AppErrorCode, AppResult } from '../contracts/wire/app-call.ts';
import type { StorageRequest } from '../contracts/wire/app-call/storage-calls.ts';

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

/** Which app may compute: in real time every one, in virtual time one after another. Apps go by their component id. */
export interface TurnPort {
  /** It waits, and computes nothing until its next turn. */
  blocked(componentId: string): void;
  /** It has something to do, for the first time or after it was blocked; `go` is called when it is its turn, perhaps at once. */
  ready(componentId: string, go: () => void): void;
  /** It computes no more; a turn that it waits for comes at once. */
  gone(componentId: string): void;
}

/** The mutable storage of every app. Whose it is, is the component's id: an update of it finds what the version before left. */
export interface StoragePort {
  /**
   * One call in the storage of this app, which may hold `limitBytes` of content. Errors: `invalid-argument` (a path that leads nowhere
   * inside), `no-entry`, `exists`, `not-directory`, `is-directory`, `not-empty`, `no-space`, `too-large`, `io`.
   */
  perform(app: AppIdentity, limitBytes: number, request: StorageRequest): Promise<PortResult<StorageAnswer>>;
  /** The app is gone: what it did not sync is written now. */
  release(app: AppIdentity): void;
}

export interface StorageAnswer {
  readonly result: AppResult;
  /** Content of all files after the call. */
  readonly usedBytes: number;
}

/** The time of day as apps read it. */
export interface WallClockPort {
  /** Nanoseconds since 1970. */
  nowNs(): Promise<bigint>;
}

/** Randomness fit for keys; from a seeded chip the same bytes in every run. */
export interface RandomPort {
  bytes(count: number): Promise<Uint8Array>;
}

/**
 * The network of an app, behind the OS's own firewall. `context` is the caller's: what it may reach was told to the firewall when the app
 * was admitted, not by the broker. Addresses are in their one text (contracts/core/ip-address.ts). All of it answers at once; what takes
 * time says `would-block` and tells its `onChange` listeners when it may be otherwise.
 */
export interface NetworkPort {
  /** Errors: `access-denied` (the name is not granted), `too-many-handles`, `unreachable` (the radio is off). */
  resolve(context: number, name: string): PortResult<NameLookup>;
  /** Errors as `resolve`. Whether it is connected says `ready`. */
  connect(context: number, address: string, port: number): PortResult<TcpStream>;
  /** Errors as `resolve`, and `address-in-use`. */
  listen(context: number, port: number): PortResult<TcpListener>;
  /** Datagrams; `port` 0: answers to what it sends, and nothing else. Errors as `listen`. */
  bind(context: number, port: number): PortResult<UdpSocket>;
}

/** Told whenever something may have changed; the returned function ends that. */
export type OnChange = (listener: () => void) => () => void;

interface NetworkThing {
  readonly onChange: OnChange;
  /** Gives it back. What was sent is still delivered where that can be. */
  close(): void;
}

export interface NameLookup extends NetworkThing {
  /** Errors: `would-block`, `name-not-resolved`, `unreachable`; `access-denied` when every address is one that no name may lead to. */
  addresses(): PortResult<readonly string[]>;
}

export interface TcpStream extends NetworkThing {
  /** Errors: `would-block`, `connection-refused`, `unreachable`. */
  ready(): PortResult<void>;
  /** How many bytes `send` takes now. Errors: `would-block` (none), `closed`, `connection-reset`, `not-connected`. */
  room(): PortResult<number>;
  /** As many of them as there is room for. */
  send(bytes: Uint8Array): PortResult<number>;
  /** Errors: `would-block`, `closed` (the end), `connection-reset`, `not-connected`. */
  receive(maxBytes: number): PortResult<Uint8Array>;
  /** Something, an end or an error can be received. */
  readonly isReadable: boolean;
  /** Sends no more, or takes no more. */
  shutdown(direction: 'send' | 'receive'): void;
}

export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface TcpListener extends NetworkThing {
  /** The port is open. Errors: `would-block`, `address-in-use`, `unreachable`. */
  ready(): PortResult<void>;
  /** Errors: `would-block`, those of `ready`. */
  accept(): PortResult<{ readonly stream: TcpStream; readonly peer: Peer }>;
  readonly isReadable: boolean;
}

export interface UdpSocket extends NetworkThing {
  /** Errors: `would-block`, `address-in-use`, `unreachable`. */
  ready(): PortResult<void>;
  /** Errors: `would-block` (no room now), `too-large`, `access-denied` (the firewall), those of `ready`. */
  send(to: Peer, bytes: Uint8Array): PortResult<void>;
  /** Errors: `would-block`, those of `ready`. */
  receive(): PortResult<{ readonly from: Peer; readonly bytes: Uint8Array }>;
  /** Whether it may send to them because they sent first. */
  hasHeardFrom(peer: Peer): boolean;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
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
