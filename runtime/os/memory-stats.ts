// An app's budget as people are shown it. Never a limit itself: the broker, the linker and the host's walls hold those.

import type { AppMemoryStats, ResourceUse } from '../../contracts/wire/device-link.ts';
import type { AppBudget } from '../../host-apis/broker/app-budget.ts';
import type { UsageFacts } from '../monitor/abi/usage-facts.ts';

const COUNTED = {
  memory: 'bytes',
  tables: 'entries',
  handles: 'handles',
  buffers: 'bytes',
  log: 'bytes',
  storage: 'bytes',
} as const satisfies { readonly [Resource in keyof AppBudget]: ResourceUse['unit'] };

const NS_PER_MS = 1_000_000;

/** A running app's: what the broker counted, and what the host says of its process. */
export interface CountedUse {
  readonly budget: AppBudget;
  readonly process: UsageFacts;
}

/** `counted` absent: the app does not run. */
export function memoryStats(
  app: Pick<AppMemoryStats, 'componentId' | 'name'>,
  counted: CountedUse | undefined,
): AppMemoryStats {
  if (counted === undefined) return { ...app, resources: [] };
  const { budget, process } = counted;
  const lines = (Object.keys(COUNTED) as (keyof typeof COUNTED)[]).map((resource): ResourceUse => {
    const { used, limit, peak } = budget[resource];
    return { resource, unit: COUNTED[resource], used, limit, peak };
  });
  return { ...app, resources: [...lines, ...processUse(process)] };
}

function processUse({ memoryBytes, peakBytes, cpuNs }: UsageFacts): readonly ResourceUse[] {
  const uses: ResourceUse[] = [];
  if (memoryBytes !== undefined)
    uses.push({ resource: 'process', unit: 'bytes', used: memoryBytes, limit: null, peak: peakBytes ?? null });
  if (cpuNs !== undefined)
    uses.push({ resource: 'processor', unit: 'ms', used: Math.round(cpuNs / NS_PER_MS), limit: null, peak: null });
  return uses;
}
