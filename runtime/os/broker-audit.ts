// What the broker has to tell, as events of the device. Never drops or judges one: the trail bounds them.

import type { AppIdentity, AuditPort, TimePort } from '../../host-apis/ports.ts';
import type { AuditTrail } from './audit-trail.ts';
import { toMilliseconds } from './device-time.ts';

export function brokerAudit(trail: AuditTrail, time: TimePort): AuditPort {
  const about = ({ name: app, componentId }: AppIdentity) => ({ t: toMilliseconds(time.nowNs()), app, componentId });
  return {
    log: (app, message) => trail.record({ ...about(app), kind: 'log', message }),
    denied: (app, denial) => trail.record({ ...about(app), kind: 'denied', ...denial }),
    limit: (app, limit, used, allowed) => trail.record({ ...about(app), kind: 'limit', limit, used, allowed }),
  };
}
