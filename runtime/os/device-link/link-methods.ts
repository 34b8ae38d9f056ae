// The methods of the device link. Each reads its parameters, asks the service that does it, and shapes the answer; never more.

import type {
  AppStatus,
  DeviceDescription,
  DeviceEvent,
  FirewallDescription,
  InstalledImage,
  LinkMethod,
  LinkRequest,
} from '../../../contracts/wire/device-link.ts';
import { encodeLinkFrame } from '../../../contracts/wire/device-link.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { CapabilityFacts, FirewallRowFacts } from '../../monitor/abi/records.ts';
import type { AppManager } from '../app-manager.ts';
import type { AuditList, AuditTrail } from '../audit-trail.ts';
import { toMilliseconds } from '../device-time.ts';
import type { ImageInstaller } from '../image-installer.ts';
import type { InstalledImages } from '../installed-images.ts';
import type { SecureCalls } from '../secure-calls.ts';
import { OS_VERSION } from '../version.ts';
import { bytes, componentId, flag, readParams, size } from './link-params.ts';
import { toldMeasurements } from './told-measurements.ts';

export interface LinkMethodParts {
  readonly monitor: SecureCalls;
  readonly apps: AppManager;
  readonly images: InstalledImages;
  readonly installer: ImageInstaller;
  readonly trail: AuditTrail;
  readonly time: TimePort;
}

export interface Answer {
  readonly result: unknown;
  /** Done when the reply is out. */
  readonly afterwards?: () => Promise<void>;
}

export interface Caller {
  /** From now on this host hears events. */
  subscribe(): void;
}

type Method = (params: LinkRequest['params'], caller: Caller) => Promise<Answer>;
export type LinkMethodTable = Readonly<Record<LinkMethod, Method>>;

/** `audit.list` fits one frame, with room for the list around the events. */
const AUDIT_LIST_MAX_BYTES = 60 * 1024;
const NOTHING: Answer = { result: {} };

export function linkMethods({ monitor, apps, images, installer, trail, time }: LinkMethodParts): LinkMethodTable {
  const none = (params: LinkRequest['params']): void => void readParams(params, {});
  const onComponent = (params: LinkRequest['params']) => readParams(params, { componentId }).componentId;
  const statusOf = (status: AppStatus): Answer => ({ result: { app: status } });

  return {
    async 'device.show'(params) {
      none(params);
      return { result: await describeDevice(monitor, time) };
    },
    async 'firewall.show'(params) {
      none(params);
      const { rows, violations } = await monitor.call({ call: 'firewall' });
      return { result: { rows: rows.map(describeRow), violations } satisfies FirewallDescription };
    },
    async 'capability.apply'(params) {
      await monitor.call({ call: 'applyCapability', file: readParams(params, { file: bytes }).file });
      return NOTHING;
    },
    async 'capability.remove'(params) {
      none(params);
      await monitor.call({ call: 'removeCapability' });
      return NOTHING;
    },
    async 'audit.list'(params) {
      none(params);
      return { result: trail.list(eventBytes, AUDIT_LIST_MAX_BYTES) satisfies AuditList };
    },
    async 'events.subscribe'(params, caller) {
      none(params);
      caller.subscribe();
      return NOTHING;
    },
    async 'image.list'(params) {
      none(params);
      const list: InstalledImage[] = [];
      for (const record of await images.records()) list.push(await images.describe(record));
      return { result: { images: list } };
    },
    async 'image.begin'(params) {
      await installer.begin(readParams(params, { length: size }).length);
      return NOTHING;
    },
    async 'image.write'(params) {
      const part = readParams(params, { offset: size, bytes });
      await installer.write(part.offset, part.bytes);
      return NOTHING;
    },
    async 'image.install'(params) {
      const record = await installer.install(readParams(params, { start: flag }).start);
      return { result: { image: await images.describe(record) } };
    },
    async 'image.delete'(params) {
      await installer.remove(onComponent(params));
      return NOTHING;
    },
    async 'app.start'(params) {
      const app = apps.get(onComponent(params));
      await app.start();
      return statusOf(app.status());
    },
    async 'app.stop'(params) {
      const app = apps.get(onComponent(params));
      await app.stop();
      return statusOf(app.status());
    },
    async 'app.status'(params) {
      none(params);
      return { result: { apps: apps.statuses() } };
    },
    async restart(params) {
      none(params);
      return { ...NOTHING, afterwards: () => monitor.call({ call: 'reset' }) };
    },
  };
}

async function describeDevice(monitor: SecureCalls, time: TimePort): Promise<DeviceDescription> {
  const { deviceId, lifecycle, board } = await monitor.call({ call: 'describe' });
  const lines = await monitor.call({ call: 'measurements' });
  const capability: CapabilityFacts | undefined = await monitor.call({ call: 'capability' });
  return {
    deviceId,
    lifecycle,
    board,
    osVersion: OS_VERSION,
    uptimeMs: toMilliseconds(time.nowNs()),
    rights: capability?.rights ?? [],
    capabilitySerial: String(capability?.serial ?? 0n),
    ...toldMeasurements(lines),
  };
}

function describeRow(row: FirewallRowFacts): FirewallDescription['rows'][number] {
  const { name, master, contexts, base, size: sizeBytes, read, write, execute, locked } = row;
  const access = `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`;
  return { name, master, contexts, base, size: sizeBytes, access, locked };
}

function eventBytes(event: DeviceEvent): number {
  return encodeLinkFrame({ event }).length;
}
