// What the broker has to tell, as events of the device. Never drops or judges one: the trail bounds them.

import type { AuditPort, TimePort } from '../../host-apis/ports.ts';
import type { AuditTrail } from './audit-trail.ts';
import { toMilliseconds } from './device-time.ts';

export function brokerAudit(trail: AuditTrail, time: TimePort): AuditPort {
  const now = (): { readonly t: number } => ({ t: toMilliseconds(time.nowNs()) });
  return {
    log: ({ name }, message) => trail.record({ ...now(), kind: 'log', app: name, message }),
    denied: ({ name }, denial) => trail.record({ ...now(), kind: 'denied', app: name, ...denial }),
    limit: ({ name }, limit, used, allowed) =>
      trail.record({ ...now(), kind: 'limit', app: name, limit, used, allowed }),
  };
}
