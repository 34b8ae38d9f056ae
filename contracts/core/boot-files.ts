// Names of the files that boot images carry: what the factory packs under a name and a boot stage reads under it. Never an app's files.

/** In the Pluton runtime's image: the platform key's SEC 1 uncompressed point (65 bytes). The ROM compares its SHA-256 with the fuses. */
export const PLATFORM_KEY_FILE = 'platform-key.bin';
/** In the OS image: the module that every compartment is started with. */
export const RUNNER_FILE = 'compartment.mjs';
/** In the OS image: the module of a process that holds several apps of one signer. */
export const GROUP_RUNNER_FILE = 'group.mjs';
/** In the OS image: seconds since 1970 as decimal text. The true time is not before it, whatever the device has forgotten. */
export const BUILD_TIME_FILE = 'build-time';
