// Where everything lies on the flash. Offsets and sizes in bytes; every part begins and ends on an erase block.

export const FLASH_BYTES = 16 * 1024 * 1024;
export const FLASH_BLOCK_BYTES = 4096;

/** An image part starts with u32 package length (0xffffffff: empty), then the package. */
export const FLASH_PART = {
  plutonRuntime: { offset: 0x00_0000, size: 0x08_0000 },
  monitor: { offset: 0x08_0000, size: 0x08_0000 },
  trustedKeystore: { offset: 0x10_0000, size: 0x04_0000 },
  /** The monitor's sealed state record, in slots that take turns. */
  stateRecord: { offset: 0x14_0000, size: 0x04_0000 },
  /** What the OS keeps across power cuts (contracts/core/os-records.ts): two places for each record, which take turns. */
  osRecords: { offset: 0x18_0000, size: 0x08_0000 },
  osSlotA: { offset: 0x20_0000, size: 0x20_0000 },
  osSlotB: { offset: 0x40_0000, size: 0x20_0000 },
  /** All customer images together: 1 MiB, as on the MT3620. */
  applications: { offset: 0x80_0000, size: 0x10_0000 },
  /** Mutable storage of the apps, sealed by the monitor: two places for each app that keeps any, which take turns. */
  appStorage: { offset: 0x90_0000, size: 0x40_0000 },
} as const;
export type FlashPartName = keyof typeof FLASH_PART;
