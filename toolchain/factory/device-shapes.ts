// The shapes of what a device answers and tells (contracts/wire/device-link.ts). A device may be hostile to the computer that
// it is attached to: nothing of its words is used before it was checked here.

import type {
  AppEnd,
  AppMemoryStats,
  AppStatus,
  DeviceCertificate,
  DeviceDescription,
  DeviceEvent,
  FirewallDescription,
  InstalledImage,
  ServiceState,
  ServiceStatus,
  TargetedImages,
  UpdateOutcome,
} from '../../contracts/wire/device-link.ts';
import { APP_PLACEMENTS, APP_RESOURCES } from '../../contracts/wire/device-link.ts';
import { EVIDENCE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { CrashRecord } from '../../contracts/wire/crash-record.ts';
import { CRASH_CAUSES, CRASH_TEXT_MAX } from '../../contracts/wire/crash-record.ts';
import type { Shape } from './shape.ts';
import { ShapeMismatch, flag, list, nullable, number, oneOf, record, text, variant } from './shape.ts';

type EventOf<Kind extends DeviceEvent['kind']> = Extract<DeviceEvent, { readonly kind: Kind }>;
const endReason = oneOf('exit', 'trap', 'killed', 'refused');

export const deviceDescription: Shape<DeviceDescription> = record<DeviceDescription>({
  deviceId: text(128),
  lifecycle: oneOf('Blank', 'Module1Complete', 'DeviceComplete'),
  board: text(64),
  osVersion: text(64),
  uptimeMs: number,
  rights: list(text(64), 32),
  capabilitySerial: text(20),
  measurements: list(record({ stage: text(64), digest: text(128), rollbackIndex: number, name: text(256) }), 256),
  // An older OS tells none: it answered with all lines or not at all.
  measurementsDropped: (value, path) => (value === undefined ? 0 : number(value, path)),
});

export const installedImage: Shape<InstalledImage> = record<InstalledImage>({
  componentId: text(36),
  imageId: text(36),
  name: text(256),
  version: text(64),
  rollbackIndex: number,
  sizeBytes: number,
  trust: oneOf('development', 'service'),
});

const appEnd: Shape<AppEnd> = record<AppEnd>({ reason: endReason, exitCode: nullable(number), detail: text() });

export const appStatus: Shape<AppStatus> = record<AppStatus>({
  componentId: text(36),
  name: text(256),
  state: oneOf('stopped', 'starting', 'running', 'stopping', 'crashed', 'failed'),
  restarts: number,
  context: nullable(number),
  placement: nullable(oneOf(...APP_PLACEMENTS)),
  memoryLimitBytes: number,
  lastEnd: nullable(appEnd),
});

export const crash: Shape<CrashRecord> = record<CrashRecord>({
  t: number,
  app: text(256),
  componentId: text(36),
  imageId: text(36),
  cause: oneOf(...CRASH_CAUSES),
  code: nullable(text(64)),
  detail: text(CRASH_TEXT_MAX),
  stack: list(text(256), 64),
  fuelUsed: nullable(number),
  lastCalls: list(record({ function: text(64), resource: text(CRASH_TEXT_MAX), outcome: text(64) }), 64),
  exitCode: nullable(number),
  signal: nullable(number),
  restarts: number,
});

export const appMemoryStats: Shape<AppMemoryStats> = record<AppMemoryStats>({
  componentId: text(36),
  name: text(256),
  resources: list(
    record({
      resource: oneOf(...APP_RESOURCES),
      unit: oneOf('bytes', 'entries', 'handles', 'ms'),
      used: number,
      limit: nullable(number),
      peak: nullable(number),
    }),
    32,
  ),
});

export const firewallDescription: Shape<FirewallDescription> = record<FirewallDescription>({
  rows: list(
    record({
      name: text(256),
      master: text(32),
      contexts: list(number, 32),
      base: number,
      size: number,
      access: text(16),
      locked: flag,
    }),
    1024,
  ),
  violations: number,
});

/** A token as the device signed it; whoever uses it checks it. */
export const evidenceToken: Shape<Uint8Array> = (value, path) => {
  if (value instanceof Uint8Array && value.length <= EVIDENCE_MAX_BYTES) return Uint8Array.from(value);
  throw new ShapeMismatch(path, `at most ${EVIDENCE_MAX_BYTES} bytes`);
};

const serviceState: Shape<ServiceState> = oneOf(
  'unconfigured',
  'waiting',
  'attested',
  'unclaimed',
  'refused',
  'unreachable',
);

const deviceCertificate: Shape<DeviceCertificate> = record<DeviceCertificate>({
  purpose: oneOf('update', 'customer'),
  serial: text(64),
  subject: text(1024),
  subjectAltName: text(1024),
  notBefore: text(32),
  notAfter: text(32),
  chain: text(16 * 1024),
});

export const serviceStatus: Shape<ServiceStatus> = record<ServiceStatus>({
  state: serviceState,
  service: nullable(record({ host: text(253), port: number })),
  catalogId: nullable(text(36)),
  trustedTime: nullable(text(32)),
  certificates: list(deviceCertificate, 2),
  lastError: nullable(record({ code: text(64), message: text(1024), claim: nullable(text(64)) })),
  nextAttemptInSeconds: nullable(number),
});

const IMAGES_MAX = 64;
const imageOf = { componentId: text(36), imageId: text(36) };

export const updateOutcome: Shape<UpdateOutcome> = record<UpdateOutcome>({
  outcome: oneOf('installed', 'up-to-date', 'no-deployment', 'refused', 'development'),
  deploymentId: nullable(text(64)),
  installed: list(record(imageOf), IMAGES_MAX),
  refused: list(record({ ...imageOf, code: text(64), message: text(1024) }), IMAGES_MAX),
});

export const targetedImages: Shape<TargetedImages> = record<TargetedImages>({
  deploymentId: nullable(text(64)),
  images: list(record({ ...imageOf, rollbackIndex: number, sizeBytes: number }), IMAGES_MAX),
});

const component = { t: number, app: text(256), componentId: text(36) };
/** `componentId` came to these kinds later: an older OS tells none. */
const laterId: Shape<string> = (value, path) => (value === undefined ? '' : component.componentId(value, path));
const said = { ...component, componentId: laterId };

const exitFacts = record<Omit<EventOf<'exit'>, 'detail'>>({
  ...component,
  kind: oneOf('exit'),
  code: nullable(number),
  reason: endReason,
});
const refusal = record<{ readonly detail: string }>({ detail: text() });
/** A refusal has its code with it; an older OS says none. */
const exitEvent: Shape<EventOf<'exit'>> = (value, path) => {
  const facts = exitFacts(value, path);
  return Object.hasOwn(value as object, 'detail') ? { ...facts, ...refusal(value, path) } : facts;
};

export const deviceEvent: Shape<DeviceEvent> = variant<DeviceEvent>({
  log: record<EventOf<'log'>>({ ...said, kind: oneOf('log'), message: text(8192) }),
  denied: record<EventOf<'denied'>>({
    ...said,
    kind: oneOf('denied'),
    interface: text(256),
    function: text(256),
    resource: text(256),
    error: text(64),
    layer: oneOf('broker', 'firewall'),
  }),
  violation: record<EventOf<'violation'>>({
    t: number,
    kind: oneOf('violation'),
    master: text(32),
    context: number,
    region: text(64),
    address: number,
    access: text(16),
  }),
  started: record<EventOf<'started'>>({ ...component, kind: oneOf('started'), context: number }),
  exit: exitEvent,
  listening: record<EventOf<'listening'>>({
    ...component,
    kind: oneOf('listening'),
    protocol: oneOf('tcp', 'udp'),
    port: number,
    hostPort: number,
  }),
  trap: record<EventOf<'trap'>>({ ...component, kind: oneOf('trap'), detail: text() }),
  limit: record<EventOf<'limit'>>({ ...said, kind: oneOf('limit'), limit: text(64), used: number, allowed: number }),
  update: record<EventOf<'update'>>({
    ...component,
    kind: oneOf('update'),
    imageId: text(36),
    outcome: text(64),
  }),
  service: record<EventOf<'service'>>({ t: number, kind: oneOf('service'), state: serviceState, code: text(64) }),
  failure: record<EventOf<'failure'>>({ ...component, kind: oneOf('failure'), restarts: number, lastEnd: appEnd }),
});
