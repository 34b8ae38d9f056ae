// The audit trail under load: what is kept, what is dropped, and who can push out whom.

import test from 'ava';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { AuditTrail, EVENTS_PER_RING } from './audit-trail.ts';

const log = (t: number, app: string): DeviceEvent => {
  return { t, kind: 'log', app, componentId: `id of ${app}`, message: `at ${t}` };
};
const denied = (t: number, app: string): DeviceEvent => {
  return {
    t,
    kind: 'denied',
    app,
    componentId: `id of ${app}`,
    interface: 'i',
    function: 'f',
    resource: 'gpio:1',
    error: 'access-denied',
    layer: 'broker',
  };
};
const sameName = (event: DeviceEvent): DeviceEvent => ('app' in event ? { ...event, app: 'blink' } : event);
const oneEach = (): number => 1;

test('events come back oldest first, over all kinds and apps', (t) => {
  const trail = new AuditTrail();
  for (const event of [log(1, 'a'), denied(2, 'b'), log(3, 'b'), denied(4, 'a')]) trail.record(event);
  t.deepEqual(trail.list(oneEach, 100), {
    events: [log(1, 'a'), denied(2, 'b'), log(3, 'b'), denied(4, 'a')],
    dropped: 0,
  });
});

test('an app that writes without end does not push its own denial out, nor another app’s', (t) => {
  const trail = new AuditTrail();
  trail.record(denied(1, 'loud'));
  trail.record(denied(2, 'quiet'));
  for (let line = 0; line < 5000; line++) trail.record(log(line, 'loud'));
  for (let line = 0; line < 5000; line++) trail.record(denied(line + 10, 'other'));
  const { events, dropped } = trail.list(oneEach, 10_000);
  t.deepEqual(events.slice(0, 2), [denied(1, 'loud'), denied(2, 'quiet')]);
  t.is(events.length, 2 + 2 * EVENTS_PER_RING);
  t.is(dropped, 10_002 - events.length);
});

test('an app that takes another one’s name pushes none of its denials out', (t) => {
  const trail = new AuditTrail();
  const victims = sameName(denied(1, 'victim'));
  trail.record(victims);
  for (let line = 0; line < 200; line++) trail.record(sameName(denied(line + 2, 'intruder')));
  const { events } = trail.list(oneEach, 10_000);
  t.deepEqual(events[0], victims);
  t.is(events.length, 1 + EVENTS_PER_RING);
});

test('a short budget keeps the newest, and denials before log lines', (t) => {
  const trail = new AuditTrail();
  trail.record(denied(1, 'a'));
  for (let line = 2; line < 10; line++) trail.record(log(line, 'a'));
  t.deepEqual(trail.list(oneEach, 3), { events: [denied(1, 'a'), log(8, 'a'), log(9, 'a')], dropped: 6 });
});

test('ever new apps do not make it grow', (t) => {
  const trail = new AuditTrail();
  for (let app = 0; app < 1000; app++) trail.record(denied(app, `app ${app}`));
  const { events, dropped } = trail.list(oneEach, 10_000);
  t.is(events.length, 128);
  t.is(dropped, 872);
  t.deepEqual(events.at(-1), denied(999, 'app 999'));
});
