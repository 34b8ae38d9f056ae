// What stands behind the resources of wasi:io for every other interface: streams, pollables and errors as the host holds them. Never a
// broker of its own: whoever makes a stream says how it is read, written and waited for.

import type { Later } from '../../../contracts/core/later.ts';
import { ResourceType } from '../../../component/value-types.ts';
import { HostTable } from './host-table.ts';

/** When something is ready, as far as this side of the pipe can tell. */
export type Readiness =
  | { readonly kind: 'ready' }
  /** From this time of the monotonic clock on, nanoseconds since power-on. */
  | { readonly kind: 'at'; readonly atNs: bigint }
  /**
   * When `poll.wait` says that the broker's handle is. `advance` is asked then, if it stands there: true when that was all there was to
   * wait for, false when `readiness` has to be asked again (a request that goes through several waits). `untilNs`: ready from then on at
   * the latest, as in `at`.
   */
  | {
      readonly kind: 'handle';
      readonly handle: number;
      readonly advance?: () => Later<boolean>;
      readonly untilNs?: bigint;
    }
  | { readonly kind: 'never' };

/** What a guest can wait for. */
export interface Pollable {
  /** Asked anew by every wait. */
  readiness(): Later<Readiness>;
  /** The guest let go of it. What it watches lives on. */
  close?(): void;
}

/** Ready from the beginning: files, the log, an end of a stream. */
export const ALWAYS_READY: Pollable = { readiness: () => ({ kind: 'ready' }) };

/** What stands behind an `error` resource. `code` is for the interface that made it (`filesystem-error-code`, `http-error-code`). */
export interface IoError {
  /** For people. Never what another app, or the host, should keep to itself. */
  readonly text: string;
  /** Whose code it is, and the code itself in that interface's terms. */
  readonly code?: { readonly of: 'filesystem' | 'http'; readonly value: unknown };
}

/** Why a stream takes or gives nothing more. */
export type StreamFault = { readonly kind: 'closed' } | { readonly kind: 'failed'; readonly error: IoError };
export const CLOSED: StreamFault = { kind: 'closed' };

/** Bytes to the guest. */
export interface InputStream {
  /** Up to `maxBytes` (at least 1) that are there now; empty: none yet. The end is `CLOSED`. */
  read(maxBytes: number): Later<Uint8Array | StreamFault>;
  /** Ready when `read` would answer something. */
  subscribe(): Pollable;
  /** The guest let go of it. */
  close?(): void;
}

/** Bytes from the guest. */
export interface OutputStream {
  /** How many bytes the next `write` may have; 0: none yet. */
  checkWrite(): Later<number | StreamFault>;
  /** At most what `checkWrite` allowed. */
  write(bytes: Uint8Array): Later<StreamFault | undefined>;
  /** Starts to pass on what was written. Until that is done `checkWrite` answers 0. */
  flush(): Later<StreamFault | undefined>;
  /** Ready when `checkWrite` would answer something other than 0. */
  subscribe(): Pollable;
  close?(): void;
}

/** The resource types of wasi:io and what the guest holds of them: one for an app, shared by all of its WASI interfaces. */
export class WasiIo {
  readonly pollables = new HostTable<Pollable>((pollable) => pollable.close?.());
  readonly inputs = new HostTable<InputStream>((stream) => stream.close?.());
  readonly outputs = new HostTable<OutputStream>((stream) => stream.close?.());
  readonly errors = new HostTable<IoError>();
  readonly pollable = new ResourceType('pollable', (rep) => this.pollables.drop(rep));
  readonly inputStream = new ResourceType('input-stream', (rep) => this.inputs.drop(rep));
  readonly outputStream = new ResourceType('output-stream', (rep) => this.outputs.drop(rep));
  readonly error = new ResourceType('error', (rep) => this.errors.drop(rep));
}
