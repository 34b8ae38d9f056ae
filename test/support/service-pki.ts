// Certificates of a service for one test, and TLS servers that show them: good ones, and each bad one that a client must refuse.

import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { createServer } from 'node:tls';
import type { ExecutionContext } from 'ava';
import type { CertificateKind } from '../../as3/adapters/certificate.ts';
import { issueCertificate } from '../../as3/adapters/certificate.ts';

export interface Held {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly der: Uint8Array;
}

export interface Life {
  readonly from: number;
  readonly to: number;
}

export const newKey = (namedCurve = 'P-256'): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
export const pemOf = (...certificates: readonly Held[]): string =>
  certificates.map(({ der }) => new X509Certificate(der).toString()).join('');
export const keyPem = ({ privateKey }: Held): string => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The scalar (32 bytes) and the point (65) of a P-256 key. */
export function rawKey({ privateKey }: Held): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } {
  const { d = '', x = '', y = '' } = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return { privateKey: Uint8Array.from(Buffer.from(d, 'base64url')), publicKey: Uint8Array.from(point) };
}

/** Seconds since 1970 of the host, and what is valid around it. */
export const HOST_NOW = Math.floor(Date.now() / 1000);
export const DAY = 86_400;
export const AROUND_NOW: Life = { from: HOST_NOW - DAY, to: HOST_NOW + DAY };

export function issued(
  name: string,
  issuer: Held | undefined,
  is: CertificateKind,
  life = AROUND_NOW,
  key = newKey(),
): Held {
  const der = issueCertificate({
    subject: name,
    subjectKey: key,
    issuer: issuer ?? { name, privateKey: key },
    notBefore: new Date(life.from * 1000),
    notAfter: new Date(life.to * 1000),
    is,
  });
  return { name, privateKey: key, der };
}

export const NAMES = ['localhost', '127.0.0.1'] as const;

export interface Pki {
  readonly root: Held;
  readonly ca: Held;
  readonly leaf: Held;
}

/** A chain as the service has it: root P-384, a CA for servers, a leaf. */
export function servicePki(life: Partial<Record<keyof Pki, Life>> = {}): Pki {
  const root = issued('Test Root', undefined, { kind: 'ca', pathLength: 1 }, life.root, newKey('P-384'));
  const ca = issued('Test TLS CA', root, { kind: 'ca', pathLength: 0, purpose: 'server' }, life.ca);
  const leaf = issued('localhost', ca, { kind: 'leaf', purpose: 'server', names: NAMES }, life.leaf);
  return { root, ca, leaf };
}

/** The port of a server that does `serve` with each connection; it is gone with the test. */
export async function tlsServer(
  t: ExecutionContext<unknown>,
  chain: readonly [Held, ...Held[]],
  serve: (socket: TLSSocket) => void,
  options: TlsOptions = {},
): Promise<number> {
  const server = createServer({ key: keyPem(chain[0]), cert: pemOf(...chain), ...options }, serve);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
