// The records that the OS may keep across power cuts, by name. The monitor seals which content is the current one; it never
// looks inside.

/** Numbers on the wire of the secure calls; never used again for something else. */
export const OS_RECORD = {
  /** Where the service is. */
  serviceAddress: 1,
  /** TUF metadata that was accepted last (TUF 1.0 section 5). */
  tufRoot: 2,
  tufTimestamp: 3,
  tufSnapshot: 4,
  tufTargets: 5,
  /** Reports that the service does not have yet. */
  reports: 6,
} as const;
export type OsRecordName = keyof typeof OS_RECORD;

/** Of one record. Each has two places of this size in the flash part `osRecords`. */
export const OS_RECORD_MAX_BYTES = 32 * 1024;
