// One line of the measurement log: which bytes were allowed to run, in order. Never secrets.

/** In boot order; `app` lines follow as apps are launched. `engine` is the binary that runs all of it. */
export type MeasuredStage = 'rom' | 'engine' | 'plutonRuntime' | 'monitor' | 'trustedKeystore' | 'os' | 'app';

export interface Measurement {
  readonly stage: MeasuredStage;
  /**
   * 32 bytes. Of an image: SHA-256 of what its signatures are over (`ImagePackage.signedBytes`: header and grants, and through
   * the header's digests every section), so one content has one line, whatever signature slots somebody adds to the package.
   * Of `rom` and `engine`: SHA-256 of the file.
   */
  readonly digest: Uint8Array;
  readonly rollbackIndex: number;
  /** Component id in GUID form, or the engine's version. */
  readonly name: string;
}
