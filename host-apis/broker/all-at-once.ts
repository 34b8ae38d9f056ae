// Turns in real time: nobody waits for one. Never remembers who computes.

import type { TurnPort } from '../ports.ts';

export const ALL_AT_ONCE: TurnPort = {
  blocked: () => undefined,
  ready: (_componentId, go) => go(),
  gone: () => undefined,
};
