// The secure calls: all that the OS can ask of the monitor, by number. Fixed layouts; no call signs bytes of the caller's choice.

/**
 * Request frame: u32 length of what follows · u32 tag (not 0) · u16 abi version = 1 · u16 call · arguments.
 * Reply frame: u32 length of what follows · u32 tag · u16 status (0 ok, otherwise an index into `SECURE_CALL_ERRORS` + 1) · u16 zero · result.
 * Event frame: a reply with tag 0, status = event number. Numbers are never used again for something else.
 */
export const ABI_VERSION = 1;

export const SECURE_CALL = {
  /** → device id (64) · u8 lifecycle (0 Blank, 1 Module1Complete, 2 DeviceComplete) · u8 zero · u16 contexts · u32 applications flash size · u32 memory limit bytes · u16 length, board name (UTF-8). */
  describe: 1,
  /** → u16 count, then {u8 stage (order of MeasuredStage), u32 rollback index, digest (32), u16 length, name (UTF-8)}. */
  measurements: 2,
  /** u32 package length. Starts a staging area in the monitor's memory; an earlier one is dropped. */
  stageBegin: 3,
  /** u32 offset · bytes (at most 32 KiB). Offsets rise without gaps. */
  stageWrite: 4,
  /** Verifies what was staged and installs it, also over a running version, which runs on until it is stopped. → image record. */
  stageInstall: 5,
  /** → u16 count, image records. */
  listImages: 6,
  /** component id (16). A running app is `image-running`. */
  removeImage: 7,
  /** component id (16) · u8 section (1 metadata, 2 manifest, 3 whole package) · u32 offset · u32 length (at most 32 KiB) → bytes. */
  readImage: 8,
  /** component id (16) → u8 context · u32 memory bytes · u8 placement (0 process, 1 worker, 2 thread). The app waits for the broker's start frame. */
  launch: 9,
  /** u8 context. Ends the app at once. The `ended` event follows. */
  stop: 10,
  /** A device capability file (256) → nothing. */
  applyCapability: 11,
  /** → u8 present (0 or 1) · u32 rights · u64 serial. */
  capability: 12,
  /** Drops the applied capability; its serial stays spent. */
  removeCapability: 13,
  /** → u16 count, rows {u8 master, u8 contexts as bits, u8 rights (1 read, 2 write, 4 execute, 8 locked), u8 zero, u32 base, u32 size, u16 length, name} · u32 violations in total. */
  firewall: 14,
  /** u32 first number wanted → u32 total · u16 count, records {u8 master, u8 context, u8 access (1 read, 2 write, 4 execute), u8 zero, u32 address, u64 at ns, u16 length, region name}. */
  violations: 15,
  /** Resets the device. Does not answer. */
  reset: 16,
  /**
   * u8 keys (0 or 1) · nonce (32, 48 or 64) → u32 length, evidence · u8 count, {u8 purpose (1 update, 2 customer), private scalar (32), point (65)}.
   * The claims are the monitor's own: of the caller's bytes only the nonce is signed. With keys = 1 two fresh TLS keys are made, and claimed.
   */
  attest: 17,
  /** → nonce (32). Starts a question for the time; an earlier one is dropped. */
  timeNonce: 18,
  /** nonce (32) · u64 seconds since 1970 · signature of the time key (64) over `timeSignedBytes`. */
  setTime: 19,
  /** → u8 set (0: nobody has answered since power-on, and the seconds are the floor) · u64 seconds since 1970. */
  trustedTime: 20,
  /** A claim statement (256) → nothing. Once for a device; saying the same again changes nothing. */
  bindClaim: 21,
  /** → u8 present [· catalog id (16) · u32 epoch · u8 publisher key present [· key id (32)]]. */
  claim: 22,
  /** u8 record (contracts/core/os-records.ts) → u8 present · bytes. */
  readRecord: 23,
  /** u8 record · bytes (at most 32 KiB). No bytes: the record is gone. */
  writeRecord: 24,
  /** u8 file (1 TUF root, 2 service CA) → bytes, out of the verified keystore image. */
  keystoreFile: 25,
  /** component id (16) · u32 offset · u32 length (at most 32 KiB) → bytes of the app's mutable storage; fewer at its end. */
  readStorage: 26,
  /**
   * component id (16) · u32 total · u32 offset · bytes (at most 32 KiB). Offsets rise without gaps from 0; the part that completes the total
   * replaces what was kept, and its answer says that a power cut no longer takes it away.
   */
  writeStorage: 27,
  /** u32 length (at most 32 KiB) → bytes of the chip's entropy source. */
  random: 28,
  /** u8 context → u8 known (bits: 1 memory, 2 its peak, 4 processor) · u64 memory bytes · u64 peak bytes · u64 processor ns. For an app with a process of its own. */
  usage: 29,
} as const;
export type SecureCall = keyof typeof SECURE_CALL;

/** Event 1: an app's process is gone. u8 context · u8 how (0 exited, 1 signal) · u16 exit code or signal number · last words (UTF-8, at most 4 KiB). */
export const SECURE_EVENT = { ended: 1 } as const;

/**
 * An image record: component id (16) · image id (16) · u32 rollback index · u32 package bytes · u8 trust (1 development, 2 service) · u8 running · u16 zero.
 * `running`: a process of the component runs, be it of the version before this one.
 */
export const IMAGE_RECORD_BYTES = 44;

/** Closed list; a new one goes to the end. */
export const SECURE_CALL_ERRORS = [
  'call-unknown',
  'call-malformed',
  'abi-version-unsupported',
  'image-invalid',
  'image-not-trusted',
  'image-rolled-back',
  'image-kind-not-installable',
  'image-unknown',
  'image-running',
  'flash-full',
  'resource-in-use',
  'memory-over-limit',
  'no-free-context',
  'context-not-running',
  'capability-not-trusted',
  'capability-wrong-device',
  'capability-replayed',
  'launch-failed',
  'stage-not-begun',
  'internal',
  'time-not-trusted',
  'time-out-of-range',
  'claim-not-trusted',
  'claim-wrong-device',
  'claim-replayed',
  'claim-conflict',
  'image-wrong-catalog',
  'image-publisher-signature-missing',
  'record-too-large',
  'record-lost',
  'placement-not-accepted',
  'storage-lost',
  'storage-too-large',
] as const;
export type SecureCallError = (typeof SECURE_CALL_ERRORS)[number];
/** An error reply's result: UTF-8 detail for people, e.g. the image code behind `image-invalid`, at most 256 bytes. */
