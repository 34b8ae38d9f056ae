// Restarts a device whose measurement log is nearly full. Each new version that is launched takes a line until the reset, and the
// monitor launches nothing that it cannot measure: without this a device that is updated every day runs no app after some months.

import { MEASUREMENT_LOG_MAX_LINES } from '../../../contracts/core/limits.ts';
import type { UpdateOutcome } from '../../../contracts/wire/device-link.ts';
import type { SecureCalls } from '../secure-calls.ts';

/** As many new versions as one deployment can have. A boot itself takes far fewer than what is left then. */
export const LOG_ROOM_MIN_LINES = 64;

export interface LogRoomParts {
  readonly monitor: SecureCalls;
  /** Writes what would be lost with the power. Never fails. */
  readonly flush: () => Promise<void>;
}

/** After a look for updates; a developer's device is left alone. Errors: `SecureCallRefused`. */
export async function restartForLogRoom({ monitor, flush }: LogRoomParts, { outcome }: UpdateOutcome): Promise<void> {
  if (outcome === 'development') return;
  const lines = await monitor.call({ call: 'measurements' });
  if (MEASUREMENT_LOG_MAX_LINES - lines.length >= LOG_ROOM_MIN_LINES) return;
  await flush();
  await monitor.call({ call: 'reset' });
}
