// The audit trail: what happened on the device, in bounded memory. Never lets one source push another's lines out.

import type { DeviceEvent } from '../../contracts/wire/device-link.ts';

/** Events of one kind and one app that are kept. */
export const EVENTS_PER_RING = 128;
/** Rings; apps come and go. */
const RINGS_MAX = 128;

interface Entry {
  /** In the order in which things happened, over all rings. */
  readonly number: number;
  readonly event: DeviceEvent;
}

export interface AuditList {
  /** Oldest first. */
  readonly events: readonly DeviceEvent[];
  /** Events since power-on that are not in `events`. */
  readonly dropped: number;
}

/**
 * One ring per kind and component, not per name: two apps may have one name, and one could push out the other's lines. An app that is denied and then writes a thousand log lines, or has a thousand other calls
 * denied, hides nothing but its own lines of the same kind.
 */
export class AuditTrail {
  readonly #rings = new Map<string, Entry[]>();
  readonly #listeners = new Set<(event: DeviceEvent) => void>();
  #total = 0;

  record(event: DeviceEvent): void {
    const key = 'componentId' in event ? `${event.kind} ${event.componentId}` : event.kind;
    const ring = this.#rings.get(key) ?? [];
    // Written last stands last: the ring that was quiet for longest makes room for a new one.
    this.#rings.delete(key);
    this.#rings.set(key, ring);
    ring.push({ number: this.#total++, event });
    if (ring.length > EVENTS_PER_RING) ring.shift();
    const [quietest] = this.#rings.keys();
    if (this.#rings.size > RINGS_MAX && quietest !== undefined) this.#rings.delete(quietest);
    for (const listener of this.#listeners) listener(event);
  }

  /** The newest events that fit `budget` by `costOf`; log lines only in what the other kinds leave. */
  list(costOf: (event: DeviceEvent) => number, budget: number): AuditList {
    const newestFirst = [...this.#rings.values()].flat().sort((a, b) => b.number - a.number);
    const isLog = ({ event }: Entry): boolean => event.kind === 'log';
    const byPriority = [...newestFirst.filter((entry) => !isLog(entry)), ...newestFirst.filter(isLog)];
    const kept: Entry[] = [];
    let left = budget;
    for (const entry of byPriority) {
      left -= costOf(entry.event);
      if (left < 0) break;
      kept.push(entry);
    }
    const events = kept.sort((a, b) => a.number - b.number).map(({ event }) => event);
    return { events, dropped: this.#total - events.length };
  }

  /** Told every event from now on, at once. */
  onEvent(listener: (event: DeviceEvent) => void): void {
    this.#listeners.add(listener);
  }
}
