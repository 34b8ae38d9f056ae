// The device listener: what a device says to its service. Never takes an operator's or a customer's certificate for a device's,
// and never believes anything that an open route is told before the domain has checked it.

import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import Fastify from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { DEVICE_API, DEVICE_API_MAX_BYTES } from '../../contracts/wire/device-api.ts';
import type { AttestAnswer, NonceAnswer, TimeAnswer } from '../../contracts/wire/device-api.ts';
import type { Attestation } from '../domain/attest.ts';
import type { AttestedCaller } from '../domain/device-desk.ts';
import { DeviceRefusal } from '../domain/device-refusal.ts';
import { ApiError, frameworkFault } from './api-error.ts';
import { base64Bytes } from './base64.ts';
import { deviceErrorAnswer } from './device-errors.ts';

export type { AttestedCaller };

export interface DeviceRequest {
  /** The parts of the path that the route names. */
  readonly params: Readonly<Record<string, string>>;
  /** Parsed JSON of at most `DEVICE_API_MAX_BYTES.request`, of any shape; `undefined` for GET. */
  readonly body: unknown;
}

export interface DeviceAnswer {
  readonly status: number;
  readonly contentType: string;
  /** An object goes out as JSON. */
  readonly body: Uint8Array | object;
}

/** A route for attested devices alone. */
export interface DeviceRoute {
  readonly method: 'GET' | 'POST';
  /** In the router's form: `/device/v1/metadata/:file`. */
  readonly path: string;
  /** Codes of its own refusals, and the status of each; any other error is a failure of the service. */
  readonly refusals?: Readonly<Record<string, number>>;
  handle(caller: AttestedCaller, request: DeviceRequest): Promise<DeviceAnswer>;
}

/** Keys and certificates in PEM. */
export interface DeviceTls {
  readonly key: string;
  readonly certificate: string;
  /** The root: clients are told that certificates below it are wanted. What lets a device in is `identify`. */
  readonly root: string;
}

export interface DeviceServerParts {
  /** What the open routes ask. */
  readonly desk: Pick<Attestation, 'time' | 'nonce' | 'attest'>;
  /** DER of the certificate whose key the peer has proved to hold. Errors: `device-certificate-refused`, `device-certificate-expired`. */
  readonly identify: (certificate: Uint8Array) => Promise<AttestedCaller>;
  readonly routes: readonly DeviceRoute[];
  readonly newId: () => string;
  readonly tls: DeviceTls;
  /** Where what went wrong inside is written. */
  readonly report: (error: unknown) => void;
}

const REQUEST_TIMEOUT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const NAME_MAX_CHARACTERS = 160;
/** Of a refused body, read and thrown away so that its sender gets to read why. */
const DRAINED_MAX_BYTES = 16 * 1024 * 1024;

const CLOSED = { additionalProperties: false } as const;
const TimeBody = Type.Object({ nonce: Type.String() }, CLOSED);
const NonceBody = Type.Object({ deviceId: Type.String() }, CLOSED);
const AttestBody = Type.Object({ evidence: Type.String() }, CLOSED);

/** What `setSecureContext` and the start both take. */
export function deviceTlsOptions({ key, certificate, root }: DeviceTls) {
  return { key, cert: certificate, ca: root, minVersion: 'TLSv1.3' } as const;
}

/** A server that does not listen yet. */
export function deviceServer({ desk, identify, routes, newId, tls, report }: DeviceServerParts) {
  const answerTo = (error: unknown, more?: Readonly<Record<string, number>>) => {
    const answer = deviceErrorAnswer(frameworkFault(error) ?? error, more);
    if (answer.status >= 500) report(error);
    return answer;
  };
  const server = Fastify<Server>({
    https: {
      ...deviceTlsOptions(tls),
      requestCert: true,
      // A device that has no certificate yet comes for its first one; `identify` asks on each route that wants one.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    },
    bodyLimit: DEVICE_API_MAX_BYTES.request,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    genReqId: newId,
    routerOptions: { maxParamLength: NAME_MAX_CHARACTERS },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    frameworkErrors(error, _request, { raw }) {
      const { status, body } = answerTo(error);
      raw.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
    },
  });
  const refuse = async (
    error: unknown,
    { raw }: FastifyRequest,
    reply: FastifyReply,
    more?: Readonly<Record<string, number>>,
  ): Promise<void> => {
    const { status, body } = answerTo(error, more);
    if (status === 413) await drained(raw);
    await reply.code(status).send(body);
  };
  server.setErrorHandler((error, request, reply) => {
    refuse(error, request, reply).catch(report);
  });
  server.setNotFoundHandler(async () => {
    throw new ApiError('operation-unknown', 'this service has no such operation', { fault: 'caller' });
  });
  server.post(DEVICE_API.time.path, { schema: { body: TimeBody } }, async ({ body }): Promise<TimeAnswer> => {
    const { nonce } = body as { nonce: string };
    const { seconds, signature } = await desk.time(base64Bytes(nonce, 'nonce'));
    return { seconds, signature: Buffer.from(signature).toString('base64') };
  });
  server.post(DEVICE_API.nonce.path, { schema: { body: NonceBody } }, async ({ body }): Promise<NonceAnswer> => {
    const { nonce, expiresInSeconds } = await desk.nonce((body as { deviceId: string }).deviceId);
    return { nonce: Buffer.from(nonce).toString('base64'), expiresInSeconds };
  });
  server.post(DEVICE_API.attest.path, { schema: { body: AttestBody } }, async ({ body }): Promise<AttestAnswer> => {
    const { evidence } = body as { evidence: string };
    const { claim, certificates } = await desk.attest(base64Bytes(evidence, 'evidence'));
    return { claim: Buffer.from(claim).toString('base64'), certificates };
  });
  for (const route of routes) {
    server.route({
      method: route.method,
      url: route.path,
      errorHandler: (error, request, reply) => {
        refuse(error, request, reply, route.refusals).catch(report);
      },
      // Before the body is read: a stranger's is not looked at.
      onRequest: async (request) => {
        callers.set(request.raw, await identify(certificateOf(request.raw)));
      },
      handler: async (request, reply) => {
        const caller = callers.get(request.raw);
        if (caller === undefined) throw missing();
        const params = request.params as Readonly<Record<string, string>>;
        const answer = await route.handle(caller, { params, body: request.body });
        const body = answer.body instanceof Uint8Array ? Buffer.from(answer.body) : JSON.stringify(answer.body);
        return reply.code(answer.status).type(answer.contentType).send(body);
      },
    });
  }
  return server;
}
export type DeviceServer = ReturnType<typeof deviceServer>;

const callers = new WeakMap<IncomingMessage, AttestedCaller>();

function certificateOf({ socket }: IncomingMessage): Uint8Array {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) throw missing();
  return certificate.raw;
}

function missing(): DeviceRefusal {
  return new DeviceRefusal('device-certificate-missing', 'this is for devices with a current update certificate', {
    hint: 'attest first',
  });
}

/** Closing at once would reset the connection under a sender that still writes, and the refusal would be lost with it. */
async function drained(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  await new Promise<void>((done) => {
    let length = 0;
    request
      .on('data', (chunk: Uint8Array) => {
        length += chunk.length;
        if (length > DRAINED_MAX_BYTES) done();
      })
      .once('end', done)
      .once('close', done);
  });
}
