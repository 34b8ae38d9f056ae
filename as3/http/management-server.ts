// The management listener: mutual TLS, routes, limits. Never answers anybody whose certificate is not of the operator CA, and
// never trusts another CA here, that of devices least of all.

import type { Server } from 'node:https';
import Fastify from 'fastify';
import type { DeviceDesk } from '../domain/device-desk.ts';
import type { Management } from '../domain/management.ts';
import type { Clock } from '../domain/ports.ts';
import type { UpdateDesk } from '../domain/update-desk.ts';
import type { ErrorAnswer } from './api-error.ts';
import { ApiError, errorAnswer } from './api-error.ts';
import type { Query } from './listing.ts';
import { listingOf } from './listing.ts';
import { Place } from './operation.ts';
import { MANAGEMENT_OPERATIONS } from './operations.ts';
import { operatorOf } from './operator-identity.ts';

export const API_VERSION = '2024-04-01';

/** The largest body without a limit of its own has tags: 50 of at most 768 characters. */
const BODY_MAX_BYTES = 64 * 1024;
/** A device id has 128 characters; no name in a path is longer. */
const NAME_MAX_CHARACTERS = 160;
const REQUEST_TIMEOUT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Keys and certificates in PEM. */
export interface ManagementTls {
  readonly key: string;
  /** The server's certificate, followed by the CAs between it and the root. */
  readonly certificate: string;
  /** The one CA whose client certificates are let in. */
  readonly operatorCa: string;
}

export interface ManagementServerParts {
  readonly management: Management;
  readonly updates: UpdateDesk;
  readonly devices: DeviceDesk;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly tls: ManagementTls;
  /** Where what went wrong inside is written. */
  readonly report: (error: unknown) => void;
}

/** What `setSecureContext` and the start both take. */
export function tlsOptions({ key, certificate, operatorCa }: ManagementTls) {
  return { key, cert: certificate, ca: operatorCa, minVersion: 'TLSv1.3' } as const;
}

/** A server that does not listen yet. */
export function managementServer({ management, updates, devices, clock, newId, tls, report }: ManagementServerParts) {
  const answerTo = (error: unknown): ErrorAnswer => {
    const answer = errorAnswer(error);
    if (answer.status >= 500) report(error);
    return answer;
  };
  const server = Fastify<Server>({
    https: { ...tlsOptions(tls), requestCert: true, rejectUnauthorized: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    genReqId: newId,
    // Clients of Azure Resource Manager send `//subscriptions/…`, and spell names of types in any letter case.
    routerOptions: { caseSensitive: false, ignoreDuplicateSlashes: true, maxParamLength: NAME_MAX_CHARACTERS },
    // A value is what it should be or refused; nothing is converted, filled in or dropped.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    // A path that is no path: it comes before every hook, so that nobody has been asked for a certificate's name yet.
    frameworkErrors(error, _request, { raw }) {
      const { status, body } = answerTo(error);
      raw.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
    },
  });
  server.setErrorHandler(async (error, _request, reply) => {
    const { status, body } = answerTo(error);
    return reply.code(status).send(body);
  });
  server.setNotFoundHandler(async () => {
    throw new ApiError('operation-unknown', 'this service has no such operation', { fault: 'caller' });
  });
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-ms-request-id', request.id);
    // Before any route is looked at: what is not there is nobody's business either.
    operatorOf(request.raw.socket, clock);
  });
  for (const operation of MANAGEMENT_OPERATIONS) {
    const { methods, path, body, bodyMaxBytes } = operation;
    server.route({
      method: [...methods],
      url: path,
      ...(body === undefined ? {} : { schema: { body } }),
      ...(bodyMaxBytes === undefined ? {} : { bodyLimit: bodyMaxBytes }),
      onRequest: async ({ query }) => checkVersion(query as Query),
      async handler(request, reply) {
        const base = `https://${request.host}${request.url.split('?', 1)[0] ?? ''}`;
        const answer = await operation.handle({
          management,
          updates,
          devices,
          nowMs: clock.nowMs(),
          place: new Place(request.params as Readonly<Record<string, string>>),
          body: request.body,
          operator: operatorOf(request.raw.socket, clock),
          listing: listingOf(request.query as Query, base, API_VERSION),
        });
        return reply.code(answer.status).send(answer.body);
      },
    });
  }
  return server;
}
export type ManagementServer = ReturnType<typeof managementServer>;

function checkVersion(query: Query): void {
  const version = query['api-version'];
  const hint = `ask with ?api-version=${API_VERSION}`;
  if (version === undefined) {
    throw new ApiError('api-version-missing', 'the query parameter api-version is missing', { fault: 'caller', hint });
  }
  if (version !== API_VERSION) {
    throw new ApiError('api-version-unsupported', 'this service does not speak that api-version', {
      fault: 'caller',
      hint,
    });
  }
}
