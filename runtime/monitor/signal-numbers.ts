// Signal names as numbers (POSIX, and Linux where POSIX has none), for the event of an ended app. Never sends one.

const NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** 0 for a signal that no compartment is expected to end by. */
export function signalNumber(name: string | undefined): number {
  return name !== undefined && Object.hasOwn(NUMBERS, name) ? (NUMBERS[name] ?? 0) : 0;
}
