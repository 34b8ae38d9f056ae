// The chip's address map and register layout: what driver and silicon must agree on. Never behaviour.

/** Who starts a bus transaction. */
export const MASTER = { a7Secure: 0, a7Normal: 1, m4Core0: 2, m4Core1: 3, pluton: 4, radio: 5, dma: 6 } as const;
export type Master = keyof typeof MASTER;

/** A context tells the apps of one master apart, as an SMMU stream id does. 0 is the OS itself; apps have 1 to CONTEXTS - 1. */
export const OS_CONTEXT = 0;
export const CONTEXTS = 8;

/** Address ranges, bytes. A GPIO pin has a window of its own, so that one firewall row can cover one pin. */
export const REGION = {
  gpio: { base: 0x3801_0000, size: 0x1_0000 },
  /** As long as the longest access at its FIFO registers reaches: the firewall sees first and last address. */
  serviceUart: { base: 0x3802_0000, size: 0x2000 },
  clock: { base: 0x3803_0000, size: 0x1000 },
  /** Reached by the secure world only. */
  firewall: { base: 0x3900_0000, size: 0x1000 },
  fuses: { base: 0x3901_0000, size: 0x1000 },
  flash: { base: 0x4000_0000, size: 0x100_0000 },
} as const;
export type RegionName = keyof typeof REGION;

/** GPIO 0 to 80, as on the MT3620. */
export const GPIO_PINS = 81;
export const GPIO_WINDOW_BYTES = 0x10;
/** Words in a pin's window, u32 little-endian each. */
export const GPIO_REGISTER = { mode: 0x0, output: 0x4, input: 0x8 } as const;
export const GPIO_MODE = { off: 0, input: 1, pushPull: 2, openDrain: 3, openSource: 4 } as const;
export type GpioMode = keyof typeof GPIO_MODE;

/** First address of a pin's window. */
export function gpioWindow(pin: number): number {
  return REGION.gpio.base + pin * GPIO_WINDOW_BYTES;
}

/**
 * Service UART. Reading `receive` takes up to the asked number of bytes out of the FIFO; writing `transmit` puts all in or fails.
 * `carrier` counts the cables plugged in since reset. After a new one, `receive` gives nothing and `transmit` swallows everything
 * until the driver has read `carrier`: it then drops half-sent and half-received frames, so no byte for one host reaches the next.
 * Line 1 is raised when bytes or a cable came, and when a full transmit FIFO has room again.
 */
export const UART_REGISTER = {
  receiveCount: 0x0,
  transmitFree: 0x4,
  carrier: 0x8,
  receive: 0x10,
  transmit: 0x20,
} as const;
export const UART_FIFO_BYTES = 64 * 1024;
/**
 * `now`: u64 nanoseconds since power-on. `kind`: u32, one of `CLOCK_KIND`. A virtual clock has two more registers, u64 each:
 * `wait` (written) says that the normal world has nothing to do before this time, and moves the clock there, or to `limit` when that
 * comes first. `limit` (read) is how far time may go; when it was reached and time may go further, line `timer` is raised. A virtual
 * clock moves in no other way: computing takes no time.
 */
export const CLOCK_REGISTER = { now: 0x0, limit: 0x8, wait: 0x10, kind: 0x18 } as const;
export const CLOCK_KIND = { real: 0, virtual: 1 } as const;

/** Interrupt lines to the A7's normal world. */
export const INTERRUPT = { serviceUart: 1, firewallViolation: 2, timer: 3 } as const;
