// One line of the measurement log: which bytes were allowed to run, in order. Never secrets.

/** In boot order; `app` lines follow as apps are launched. `engine` is the binary that runs all of it. */
export type MeasuredStage = 'rom' | 'engine' | 'plutonRuntime' | 'monitor' | 'trustedKeystore' | 'os' | 'app';

export interface Measurement {
  readonly stage: MeasuredStage;
  /** SHA-256 of the whole package (or file), 32 bytes. */
  readonly digest: Uint8Array;
  readonly rollbackIndex: number;
  /** Component id in GUID form, or the engine's version. */
  readonly name: string;
}
