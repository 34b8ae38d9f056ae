// The methods of the device link. Each reads its parameters, asks the service that does it, and shapes the answer; never more.

import type {
  AppStatus,
  DeviceDescription,
  DeviceEvent,
  FirewallDescription,
  InstalledImage,
  LinkMethod,
  LinkRequest,
  TargetedImages,
  UpdateOutcome,
} from '../../../contracts/wire/device-link.ts';
import { LinkError, encodeLinkFrame } from '../../../contracts/wire/device-link.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import type { CapabilityFacts, FirewallRowFacts } from '../../monitor/abi/records.ts';
import type { AppManager } from '../app-manager.ts';
import type { AuditList, AuditTrail } from '../audit-trail.ts';
import { toMilliseconds } from '../device-time.ts';
import type { ImageInstaller } from '../image-installer.ts';
import type { InstalledImages } from '../installed-images.ts';
import type { SecureCalls } from '../secure-calls.ts';
import type { AttestationClient } from '../service/attestation-client.ts';
import { RateBound } from '../service/rate-bound.ts';
import type { Reports } from '../service/reports.ts';
import { OS_VERSION } from '../version.ts';
import { bytes, componentId, evidenceNonce, flag, readParams, serviceHost, servicePort, size } from './link-params.ts';
import { toldMeasurements } from './told-measurements.ts';

export interface LinkMethodParts {
  readonly monitor: SecureCalls;
  readonly apps: AppManager;
  readonly images: InstalledImages;
  readonly installer: ImageInstaller;
  readonly trail: AuditTrail;
  readonly time: TimePort;
  readonly service: AttestationClient;
  readonly updates: Updates;
  readonly reports: Reports;
}

/** The client of the service's update director. */
export interface Updates {
  /** Errors: the client's. */
  check(): Promise<UpdateOutcome>;
  targeted(): Promise<TargetedImages>;
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

/** These wait for the service, and the link goes on meanwhile. */
export const LONG_METHODS: ReadonlySet<LinkMethod> = new Set<LinkMethod>(['service.attest', 'update.check']);

const SECOND_NS = 1_000_000_000n;
/**
 * What needs no right must not wear anything out: signatures of the chip, requests at the service, and above all flash and the on-die
 * counter, which each change of the address costs a write.
 */
const RATES = {
  'evidence.collect': { burst: 8, everyNs: SECOND_NS },
  'service.attest': { burst: 8, everyNs: SECOND_NS },
  'update.check': { burst: 8, everyNs: SECOND_NS },
  'service.configure': { burst: 5, everyNs: 300n * SECOND_NS },
} as const;

/** `audit.list` fits one frame, with room for the list around the events. */
const AUDIT_LIST_MAX_BYTES = 60 * 1024;
const NOTHING: Answer = { result: {} };

export function linkMethods(parts: LinkMethodParts): LinkMethodTable {
  const { monitor, apps, images, installer, trail, time, service, updates, reports } = parts;
  const bounds = new Map(Object.entries(RATES).map(([method, rate]) => [method, new RateBound(rate)]));
  /** Errors: `link-busy`. */
  const take = (method: keyof typeof RATES): void => {
    const waitNs = bounds.get(method)?.take(time.nowNs()) ?? 0n;
    if (waitNs === 0n) return;
    const hint = `ask again in ${Math.ceil(toMilliseconds(waitNs) / 1000)} s`;
    throw new LinkError('link-busy', `${method} was asked for too often`, { fault: 'caller', hint });
  };
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
      // Asked to end while they may still run: the monitor's kill would be told as a crash that nobody caused.
      for (const { componentId: app, trust } of await images.records()) {
        if (trust === 'development') await apps.stopIfAny(app);
      }
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
    async 'app.crashes'(params) {
      none(params);
      return { result: { crashes: apps.crashes() } };
    },
    async 'app.memory-stats'(params) {
      none(params);
      return { result: { apps: await apps.memoryStats() } };
    },
    async 'evidence.collect'(params) {
      const { nonce } = readParams(params, { nonce: evidenceNonce });
      take('evidence.collect');
      // Without keys: a host at the cable can prove what the device is, and never get a certificate in its name.
      const { evidence } = await monitor.call({ call: 'attest', nonce, keys: false });
      return { result: { evidence } };
    },
    async 'service.configure'(params) {
      const address = readParams(params, { host: serviceHost, port: servicePort });
      take('service.configure');
      await service.configure(address);
      return NOTHING;
    },
    async 'service.status'(params) {
      none(params);
      return { result: await service.status() };
    },
    async 'service.attest'(params) {
      none(params);
      take('service.attest');
      await service.attest();
      return { result: await service.status() };
    },
    async 'update.check'(params) {
      none(params);
      take('update.check');
      return { result: await updates.check() };
    },
    async 'update.targeted'(params) {
      none(params);
      return { result: await updates.targeted() };
    },
    async restart(params) {
      none(params);
      const afterwards = async (): Promise<void> => {
        await reports.flush();
        await monitor.call({ call: 'reset' });
      };
      return { ...NOTHING, afterwards };
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
