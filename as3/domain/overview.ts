// All of a service at a glance, for its page. Types only.

import type { FleetOverview } from '../../contracts/wire/service-page.ts';

export interface Overview {
  /** As of one moment, and bounded: a large fleet makes a short page and no slow one. */
  read(): Promise<FleetOverview>;
}
