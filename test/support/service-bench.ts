// A management listener with a store and certificates of its own in a new folder, and a client that may show any certificate.
// It must never check less than the service process does: it is put together from the same parts.

import { createPrivateKey, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { issueCertificate } from '../../as3/adapters/certificate.ts';
import { openServiceFolder } from '../../as3/adapters/service-folder.ts';
import { Management } from '../../as3/domain/management.ts';
import { managementServer } from '../../as3/http/management-server.ts';
import { openStore } from '../../as3/store/open-store.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
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
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  close(): Promise<void>;
}

export async function serviceBench(state: string): Promise<ServiceBench> {
  const clock = { aheadMs: 0, nowMs: () => Date.now() + clock.aheadMs };
  const credentials = await openServiceFolder(state, clock);
  const store = await openStore(`sqlite:${join(state, 'service.db')}`);
  const reports: unknown[] = [];
  const server = managementServer({
    management: new Management(store.management, clock, randomUUID),
    clock,
    newId: randomUUID,
    tls: { key: credentials.server, certificate: credentials.server, operatorCa: credentials.operatorCa },
    report: (error) => reports.push(error),
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const url = `https://localhost:${(server.server.address() as AddressInfo).port}`;
  const operator = readFileSync(join(state, 'service/operator.pem'), 'utf8');
  const root = readFileSync(join(state, 'service/root-ca.pem'), 'utf8');
  return {
    url,
    state,
    operator,
    clock,
    reports,
    ask: async (method, path, asked = {}) => {
      const credential = 'credential' in asked ? asked.credential : operator;
      const body = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
      const contentType = body === undefined ? {} : { 'content-type': asked.contentType ?? 'application/json' };
      const identity = credential === undefined ? {} : { key: credential, cert: credential };
      return new Promise((resolve, reject) => {
        const options = { method, headers: contentType, ca: root, agent: false, ...identity } as const;
        const sent = request(`${url}${path}`, options, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          answer.on('end', () => {
            const parsed = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: parsed });
          });
          answer.on('error', reject);
        });
        sent.on('error', reject);
        sent.end(body);
      });
    },
    async close() {
      await server.close();
      await store.close();
    },
  };
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
