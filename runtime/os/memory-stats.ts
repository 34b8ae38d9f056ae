// An app's budget as people are shown it. Never a limit itself: the broker, the linker and the host's walls hold those.

import type { AppMemoryStats, AppResource, ResourceUse } from '../../contracts/wire/device-link.ts';
import { APP_RESOURCES } from '../../contracts/wire/device-link.ts';
import type { AppBudget } from '../../host-apis/broker/app-budget.ts';

const UNIT: Readonly<Record<AppResource, ResourceUse['unit']>> = {
  memory: 'bytes',
  tables: 'entries',
  handles: 'handles',
  buffers: 'bytes',
  log: 'bytes',
  storage: 'bytes',
};

/** `budget` absent: the app does not run. */
export function memoryStats(
  app: Pick<AppMemoryStats, 'componentId' | 'name'>,
  budget: AppBudget | undefined,
): AppMemoryStats {
  if (budget === undefined) return { ...app, resources: [] };
  const resources = APP_RESOURCES.map((resource): ResourceUse => {
    const { used, limit, peak } = budget[resource];
    return { resource, unit: UNIT[resource], used, limit, peak };
  });
  return { ...app, resources };
}
