// Both listeners of a service with a store and certificates of their own in a new folder, and a client that may show any certificate.
// It must never check less than the service process does: it is put together from the same parts.

import { createPrivateKey, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { issueCertificate } from '../../as3/adapters/certificate.ts';
import type { ServiceFolderOptions } from '../../as3/adapters/service-folder.ts';
import { openServiceFolder } from '../../as3/adapters/service-folder.ts';
import { JournalFeed } from '../../as3/domain/journal.ts';
import { Management } from '../../as3/domain/management.ts';
import type { UpdateDesk } from '../../as3/domain/update-desk.ts';
import type { DeviceDesk } from '../../as3/domain/device-desk.ts';
import { deviceRoutes } from '../../as3/http/device-routes.ts';
import { deviceServer } from '../../as3/http/device-server.ts';
import { managementServer } from '../../as3/http/management-server.ts';
import { openDeviceDesk } from '../../as3/main/open-device-desk.ts';
import { openUpdateDesk } from '../../as3/main/open-update-desk.ts';
import { openStore } from '../../as3/store/open-store.ts';
import type { OpenStore } from '../../as3/store/open-store.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Empty for a body that is not JSON. */
  readonly body: Record<string, unknown>;
  readonly bytes: Uint8Array;
}

export interface Asked {
  readonly body?: unknown;
  /** In the place of `body`, as it stands. */
  readonly raw?: string | Buffer;
  readonly contentType?: string;
  /** PEM of key and certificate; `undefined` shows none. */
  readonly credential?: string | undefined;
}

export interface ServiceBench {
  readonly url: string;
  readonly state: string;
  readonly operator: string;
  /** A clock that tests may turn; the service's and nobody else's. */
  readonly clock: { nowMs(): number; aheadMs: number };
  readonly reports: unknown[];
  readonly journal: JournalFeed;
  readonly store: OpenStore;
  readonly updates: UpdateDesk;
  readonly devices: DeviceDesk;
  /** Of the device listener. */
  readonly deviceUrl: string;
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  /** As `ask`, of the device listener; without a `credential` none is shown. */
  askDevice(method: string, path: string, asked?: Asked): Promise<Answer>;
  close(): Promise<void>;
}

/** `aheadMs`: how far the service's clock is ahead of the host's from the beginning. */
export async function serviceBench(
  state: string,
  { aheadMs = 0, ...options }: ServiceFolderOptions & { readonly aheadMs?: number } = {},
): Promise<ServiceBench> {
  const clock = { aheadMs, nowMs: () => Date.now() + clock.aheadMs };
  const credentials = await openServiceFolder(state, clock, options);
  const store = await openStore(`sqlite:${join(state, 'service.db')}`);
  const reports: unknown[] = [];
  const journal = new JournalFeed(clock);
  const updates = await openUpdateDesk(state, store, { clock, newId: randomUUID, journal });
  const devices = openDeviceDesk(credentials, store, updates, { clock, journal });
  const server = managementServer({
    management: new Management(store.management, clock, randomUUID),
    updates,
    devices,
    clock,
    newId: randomUUID,
    tls: { key: credentials.server, certificate: credentials.server, operatorCa: credentials.operatorCa },
    report: (error) => reports.push(error),
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const url = `https://localhost:${(server.server.address() as AddressInfo).port}`;
  const listener = deviceServer({
    desk: devices.attestation,
    identify: (certificate) => devices.identify(certificate),
    routes: deviceRoutes(updates),
    newId: randomUUID,
    tls: { key: credentials.deviceServer, certificate: credentials.deviceServer, root: credentials.root },
    report: (error) => reports.push(error),
  });
  await listener.listen({ host: '127.0.0.1', port: 0 });
  const deviceUrl = `https://localhost:${(listener.server.address() as AddressInfo).port}`;
  const operator = readFileSync(join(state, 'service/operator.pem'), 'utf8');
  const root = readFileSync(join(state, 'service/root-ca.pem'), 'utf8');
  return {
    url,
    state,
    operator,
    clock,
    reports,
    journal,
    store,
    updates,
    devices,
    deviceUrl,
    ask: async (method, path, asked = {}) => {
      const credential = 'credential' in asked ? asked.credential : operator;
      return exchange(`${url}${path}`, method, root, { ...asked, credential });
    },
    askDevice: async (method, path, asked = {}) => exchange(`${deviceUrl}${path}`, method, root, asked),
    async close() {
      await server.close();
      await listener.close();
      await store.close();
    },
  };
}

async function exchange(url: string, method: string, root: string, asked: Asked): Promise<Answer> {
  const { credential } = asked;
  const body = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const contentType = body === undefined ? {} : { 'content-type': asked.contentType ?? 'application/json' };
  const identity = credential === undefined ? {} : { key: credential, cert: credential };
  return new Promise((resolve, reject) => {
    const options = { method, headers: contentType, ca: root, agent: false, ...identity } as const;
    const sent = request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const isJson = String(answer.headers['content-type']).startsWith('application/json') && bytes.length > 0;
        const parsed = (isJson ? JSON.parse(bytes.toString('utf8')) : {}) as Record<string, unknown>;
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: parsed, bytes });
      });
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** An operator's key and certificate in PEM, from a CA of the caller's or of this folder. */
export function operatorCredential(
  how: {
    readonly state?: string;
    readonly notBeforeMs?: number;
    readonly notAfterMs?: number;
    readonly purpose?: 'client' | 'server';
  } = {},
): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const caKey =
    how.state === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createPrivateKey(readFileSync(join(how.state, 'service/operator-ca.key.pem'), 'utf8'));
  const der = issueCertificate({
    subject: 'operator',
    subjectKey: privateKey,
    issuer: { name: 'Casemate Operator CA', privateKey: caKey },
    notBefore: new Date(how.notBeforeMs ?? Date.now() - 60_000),
    notAfter: new Date(how.notAfterMs ?? Date.now() + 3_600_000),
    is: { kind: 'leaf', purpose: how.purpose ?? 'client' },
  });
  return `${privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}${new X509Certificate(der).toString()}`;
}
