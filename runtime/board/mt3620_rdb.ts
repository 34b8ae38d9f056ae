// The MT3620 reference development board (RDB): two buttons, four RGB LEDs, 256 KiB for an app. Never more than its data sheet has.

import type { BoardDescription, BoardPart } from './board-description.ts';

const button = (name: string, pin: number): BoardPart => ({ kind: 'button', name, pin, active: 'low' });
const led = (name: string, pin: number): BoardPart => ({ kind: 'led', name, pin, active: 'low' });

/** Names and pins: Azure/azure-sphere-hardware-designs and mt3620_rdb.json of Azure/azure-sphere-samples. */
export const MT3620_RDB: BoardDescription = {
  name: 'mt3620_rdb',
  /** RAM for customer applications on the A7: 256 KiB (Azure Sphere documentation, "Memory available for applications"). */
  appMemoryLimitBytes: 256 * 1024,
  parts: [
    led('MT3620_RDB_LED1_RED', 8),
    led('MT3620_RDB_LED1_GREEN', 9),
    led('MT3620_RDB_LED1_BLUE', 10),
    button('MT3620_RDB_BUTTON_A', 12),
    button('MT3620_RDB_BUTTON_B', 13),
    led('MT3620_RDB_LED2_RED', 15),
    led('MT3620_RDB_LED2_GREEN', 16),
    led('MT3620_RDB_LED2_BLUE', 17),
    led('MT3620_RDB_LED3_RED', 18),
    led('MT3620_RDB_LED3_GREEN', 19),
    led('MT3620_RDB_LED3_BLUE', 20),
    led('MT3620_RDB_LED4_RED', 21),
    led('MT3620_RDB_LED4_GREEN', 22),
    led('MT3620_RDB_LED4_BLUE', 23),
  ],
};
