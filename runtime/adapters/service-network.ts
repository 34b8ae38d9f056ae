// HTTPS requests of the OS over its radio: TLS 1.3, then our own check of the far end, then HTTP/1.1. Never sends a byte of a request
// before the check, never resumes a session, never follows where an answer points.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { connect as tlsConnect, createSecureContext } from 'node:tls';
import { CertificatePartsError } from '../os/certificate-parts.ts';
import { checkServiceChain } from '../os/service-chain.ts';
import type {
  ServiceAddress,
  ServiceNetwork,
  ServiceNetworkErrorCode,
  ServiceRequest,
  ServiceResponse,
  ServiceTrust,
  TlsIdentity,
} from '../os/service-port.ts';
import { ServiceNetworkError } from '../os/service-port.ts';
import { BoundedBody } from './bounded-body.ts';
import { chainCertificate } from './chain-certificate.ts';
import { pemOfScalar } from './node-crypto.ts';
import { RadioError } from './os-radio.ts';

export interface ServiceTimes {
  /** From the request to the head of its answer, connection and handshake included. */
  readonly headMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  /** A body slower than this is given up: it would hold the device up for as long as it likes. */
  readonly bodyBytesPerSecond: number;
}
export const SERVICE_TIMES: ServiceTimes = { headMs: 30_000, idleMs: 15_000, bodyBytesPerSecond: 4096 };
/** All headers of an answer together, bytes. */
const HEADERS_MAX_BYTES = 16 * 1024;
const PATH = /^\/[\x21-\x7e]*$/;

export interface ServiceRadio {
  connect(host: string, port: number): Duplex;
}

/** One connection for each request, closed with it. */
export function serviceNetwork(radio: ServiceRadio, times: ServiceTimes = SERVICE_TIMES): ServiceNetwork {
  return {
    request: async (address, trust, request) => new Exchange(radio, times, address, trust, request).answer(),
  };
}

/** One request and all that can become of it. Whatever comes first settles it, and nothing of it is left open. */
class Exchange {
  readonly #times: ServiceTimes;
  readonly #address: ServiceAddress;
  readonly #trust: ServiceTrust;
  readonly #request: ServiceRequest;
  readonly #settled = Promise.withResolvers<ServiceResponse>();
  readonly #stream: Duplex;
  readonly #tls: TLSSocket;
  #phase: 'connecting' | 'answering' = 'connecting';
  #timer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(
    radio: ServiceRadio,
    times: ServiceTimes,
    address: ServiceAddress,
    trust: ServiceTrust,
    request: ServiceRequest,
  ) {
    this.#times = times;
    this.#address = address;
    this.#trust = trust;
    this.#request = request;
    // First of all, since it throws for a chain that TLS does not take: a stream that is open by then would never be closed.
    const secureContext = createSecureContext({
      ca: [],
      minVersion: 'TLSv1.3',
      ...(request.identity === undefined ? {} : credentialOf(request.identity)),
    });
    this.#stream = radio.connect(address.host, address.port);
    // An error of the stream reaches the TLS socket too, but not always with its code.
    this.#stream.on('error', (error) => this.#fail(this.#broken(error)));
    this.#tls = tlsConnect({
      socket: this.#stream,
      // Node would judge the chain at the host's time and by the host's roots; `#check` does it instead, before a byte is sent.
      rejectUnauthorized: false,
      secureContext,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    });
    this.#tls.on('error', (error) => this.#fail(this.#broken(error)));
    this.#tls.on('close', () => this.#fail(this.#broken(new Error('the connection was closed'))));
    this.#tls.once('secureConnect', () => this.#attempt(() => this.#ask()));
    this.#timer = setTimeout(() => this.#timeOut(), times.headMs);
  }

  async answer(): Promise<ServiceResponse> {
    try {
      return await this.#settled.promise;
    } finally {
      clearTimeout(this.#timer);
      clearTimeout(this.#deadline);
      this.#tls.destroy();
      this.#stream.destroy();
    }
  }

  #ask(): void {
    this.#check();
    this.#phase = 'answering';
    const { method, path, body } = this.#request;
    if (!PATH.test(path)) throw new TypeError(`no path: ${JSON.stringify(path)}`);
    const { host, port } = this.#address;
    const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length };
    const sent: ClientRequest = httpRequest({
      method,
      path,
      headers: { host: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`, connection: 'close', ...content },
      maxHeaderSize: HEADERS_MAX_BYTES,
      createConnection: () => this.#tls,
    });
    sent.on('error', (error) => this.#fail(this.#broken(error)));
    sent.on('upgrade', () => this.#fail(malformed('another protocol')));
    sent.on('response', (response) => this.#attempt(() => this.#receive(response)));
    sent.end(body);
  }

  #check(): void {
    const leaf = this.#tls.getPeerX509Certificate();
    // A resumed session would carry over what an earlier check said.
    if (leaf === undefined || this.#tls.isSessionReused()) throw notTrusted('no certificate');
    const issuer = leaf.issuerCertificate;
    const above = issuer?.issuerCertificate;
    try {
      const chain = {
        leaf: chainCertificate(leaf),
        issuer: issuer && chainCertificate(issuer),
        above: above && chainCertificate(above),
        root: chainCertificate(rootOf(this.#trust)),
      };
      checkServiceChain(chain, this.#address.host, this.#trust);
    } catch (cause) {
      if (cause instanceof CertificatePartsError) throw notTrusted(cause.message, cause);
      throw cause;
    }
  }

  #receive(response: IncomingMessage): void {
    const { maxBytes, method } = this.#request;
    const status = response.statusCode ?? 0;
    const length = response.headers['content-length'];
    const isChunked = response.headers['transfer-encoding'] === 'chunked';
    // A body that ends with the connection can be cut short by anyone on the way, and nobody would see it.
    if (length === undefined && !isChunked && status !== 204 && status !== 304)
      throw malformed('a body without an end');
    if (Number(length ?? 0) > maxBytes) throw tooLarge(`${length} bytes, ${maxBytes} allowed`);
    const { idleMs, bodyBytesPerSecond } = this.#times;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#timeOut(), idleMs);
    this.#deadline = setTimeout(() => this.#timeOut(), idleMs + (maxBytes / bodyBytesPerSecond) * 1000);
    const content = new BoundedBody(maxBytes);
    response.on('data', (part: Buffer) => {
      if (!content.take(part)) return this.#fail(tooLarge(`more than ${maxBytes} bytes`));
      this.#timer?.refresh();
    });
    response.on('error', (error) => this.#fail(this.#broken(error)));
    response.on('end', () => {
      if (!response.complete) return this.#fail(this.#broken(new Error(`${method} was cut short`)));
      this.#settled.resolve({ status, body: content.whole() });
    });
  }

  /** What went wrong in a listener is the request's failure, not the process's. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #timeOut(): void {
    this.#fail(new ServiceNetworkError('service-timed-out', 'the service took too long', { fault: 'world' }));
  }

  #broken(cause: Error & { code?: string }): ServiceNetworkError {
    const reason = cause.code ?? cause.message;
    const details = { reason };
    if (reason === 'HPE_HEADER_OVERFLOW') return tooLarge('headers beyond their bound');
    if (reason.startsWith('HPE_')) return malformed(cause.message);
    const code = this.#phase === 'answering' ? 'service-cut-off' : codeOfConnecting(cause);
    const said = cause instanceof RadioError ? cause.message : reason;
    return new ServiceNetworkError(code, said, { fault: 'world', cause, details });
  }

  #fail(error: unknown): void {
    this.#settled.reject(error);
  }
}

/** A far end that answers and does not speak TLS 1.3 is no service of ours; one that does not answer is not there. */
function codeOfConnecting({ code = '' }: { readonly code?: string }): ServiceNetworkErrorCode {
  return code.startsWith('ERR_SSL_') ? 'service-not-trusted' : 'service-unreachable';
}

function rootOf({ root }: ServiceTrust): X509Certificate {
  try {
    return new X509Certificate(root);
  } catch (cause) {
    throw notTrusted('the pinned root is no certificate', cause);
  }
}

function credentialOf({ privateKey, chain }: TlsIdentity): { readonly key: string; readonly cert: string } {
  return { key: pemOfScalar(privateKey), cert: chain };
}

function notTrusted(message: string, cause?: unknown): ServiceNetworkError {
  return new ServiceNetworkError('service-not-trusted', message, { cause });
}

function malformed(message: string): ServiceNetworkError {
  return new ServiceNetworkError('service-answer-malformed', message);
}

function tooLarge(message: string): ServiceNetworkError {
  return new ServiceNetworkError('service-answer-too-large', message);
}
