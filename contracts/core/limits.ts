// The upper bounds that hold on every board and in every parser. A board may set lower ones, never higher.

/** A whole image package. Azure Sphere's flash for customer images is 1 MiB; Linux-class boards take more. */
export const IMAGE_MAX_BYTES = 64 * 1024 * 1024;
/** Compiled grants: they are read by the monitor before any signature is known to be good. */
export const GRANTS_MAX_BYTES = 16 * 1024;
export const GRANTS_MAX_COUNT = 512;
/** An app manifest's JSON text. The largest published one has under 2 KiB. */
export const MANIFEST_MAX_BYTES = 64 * 1024;
/** One hardware definition's JSON text. The largest published one has 18 KiB. */
export const HARDWARE_MAX_BYTES = 512 * 1024;
/** Hardware definitions in one import chain, the first included. */
export const HARDWARE_MAX_IMPORTS = 32;
export const METADATA_MAX_BYTES = 64 * 1024;
export const IMAGE_FILES_MAX_COUNT = 1024;
export const IMAGE_FILE_PATH_MAX_BYTES = 255;
/** Signatures of one image: publisher, service and platform, each in two algorithms, and room for two rotations. */
export const SIGNATURES_MAX_COUNT = 8;
export const SIGNATURES_MAX_BYTES = 64 * 1024;
/** One frame between an app and the broker, either way, header included. */
export const APP_FRAME_MAX_BYTES = 64 * 1024;
/** One frame between the normal and the secure world. */
export const SECURE_FRAME_MAX_BYTES = 64 * 1024;
/** Lines of the measurement log. Evidence names every one of them, so the log ends where evidence would no longer fit a frame. */
export const MEASUREMENT_LOG_MAX_LINES = 256;
/** One token of evidence: the longest log, at 127 bytes a line, and room for the other claims. */
export const EVIDENCE_MAX_BYTES = 40 * 1024;
/** One frame of the device link (service UART). */
export const DEVICE_LINK_FRAME_MAX_BYTES = 64 * 1024;
/** One bus transaction's data. */
export const BUS_MAX_BYTES = 4096;
/** A log line of an app, in bytes of UTF-8; longer text is cut and marked. */
export const LOG_LINE_MAX_BYTES = 4096;
/** The wasm page, as the core specification has it. */
export const WASM_PAGE_BYTES = 64 * 1024;
/**
 * Entries of all tables of one app together; C programs of the corpus have under a thousand. Tables lie outside the granted
 * memory, and an entry costs the engine some 32 bytes: this is 2 MiB at the most.
 */
export const TABLE_ENTRIES_MAX = 65_536;
