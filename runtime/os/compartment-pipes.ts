// The pipes between the OS and the compartments, by context. Types only: which app is at the other end is the monitor's word.

/** One pair: requests of whoever is in the context come in, replies go out. */
export interface CompartmentPipe {
  /** Never waits. False: the pipe is full and so is what is kept for it. */
  send(bytes: Uint8Array): boolean;
  /** One listener; the last one set gets the bytes. Bytes that come while there is none are thrown away. */
  onBytes(listener: ((bytes: Uint8Array) => void) | undefined): void;
  /** Forgets what is kept for an app that is gone. */
  reset(): void;
}

/** `undefined`: this board has no such context. */
export type PipeOfContext = (context: number) => CompartmentPipe | undefined;
