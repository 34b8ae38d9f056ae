// The listener of the service's page, for the browser of whoever runs the service. Never gives anything to a request without the
// session that the printed address opens, and never does more than show.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { JournalEntry, JournalFeed } from '../domain/journal.ts';
import type { Overview } from '../domain/overview.ts';

/** The page as it is sent. */
export interface PageAssets {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

export interface PageServerParts {
  readonly overview: Overview;
  readonly journal: Pick<JournalFeed, 'recent' | 'onEntry'>;
  readonly assets: PageAssets;
  /** 256 random bits as text of `A-Z a-z 0-9 - _`, anew with each call. */
  readonly newToken: () => string;
  /** Where what went wrong inside is written. */
  readonly report: (error: unknown) => void;
}

/** Browsers keep a stream for each open page, and a hundred pages are no people. */
export const MAX_EVENT_STREAMS = 16;
/** What a reader that does not read may make us keep, before its stream ends. */
const STREAM_BUFFER_MAX_BYTES = 1024 * 1024;
/** A comment now and then shows both ends that the other one is there. */
const HEARTBEAT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 10_000;
const HEADERS_MAX_BYTES = 8 * 1024;
const COOKIE = 'casemate-page';

/**
 * Scripts and styles from here alone and none inline: words of devices that would become markup could still not run. No other page
 * may frame this one or read what it is sent.
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

export interface PageServer {
  /** Resolves to the address to open, with its one-time token. Errors: those of the socket. */
  listen(port: number): Promise<string>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** A server that does not listen yet; plain HTTP, on the loopback interface alone. */
export function pageServer(parts: PageServerParts): PageServer {
  const page = new Page(parts);
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
  const server = createServer({ ...limits, maxHeaderSize: HEADERS_MAX_BYTES }, (request, response) => {
    page.answer(request, response).catch((error: unknown) => {
      parts.report(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'the service failed; its own log says why');
    });
  });
  return {
    async listen(port) {
      await new Promise<void>((listening, failed) => {
        server.once('error', failed).listen({ host: HOST, port }, () => {
          server.off('error', failed);
          listening();
        });
      });
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      return `http://localhost:${taken}/?token=${page.token}`;
    },
    async close() {
      page.close();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

class Page {
  readonly token: string;
  readonly #parts: PageServerParts;
  readonly #session: string;
  readonly #streams = new Set<() => void>();
  #isTokenUsed = false;

  constructor(parts: PageServerParts) {
    this.#parts = parts;
    this.token = parts.newToken();
    this.#session = parts.newToken();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another name for this address is a stranger's page that had its own name point here (DNS rebinding).
    if (!isOwnHost(request)) return refuse(response, 421, 'this listener is localhost');
    if (request.method !== 'GET') return refuse(response, 405, 'this page only shows', { allow: 'GET' });
    if (!isOwnPage(request)) return refuse(response, 403, 'asked for by another page');
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    if (url === null) return refuse(response, 400, 'that is no path');
    if (url.pathname === '/' && url.searchParams.has('token')) return this.#open(url, request, response);
    if (!this.#hasSession(request)) return refuse(response, 403, 'open the address that the service has printed');
    switch (url.pathname) {
      case '/':
        return send(response, 'text/html; charset=utf-8', this.#parts.assets.html);
      case '/page.js':
        return send(response, 'text/javascript; charset=utf-8', this.#parts.assets.script);
      case '/page.css':
        return send(response, 'text/css; charset=utf-8', this.#parts.assets.style);
      case '/overview.json':
        return send(response, 'application/json', JSON.stringify(await this.#parts.overview.read()));
      case '/events':
        return this.#stream(response);
      default:
        return refuse(response, 404, 'there is no such page');
    }
  }

  close(): void {
    for (const end of [...this.#streams]) end();
  }

  /** The token is good once: it stays behind in the history of the browser and in the terminal. */
  #open(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const isFirst = !this.#isTokenUsed && isSameText(url.searchParams.get('token') ?? '', this.token);
    if (!isFirst && !this.#hasSession(request)) {
      return refuse(response, 403, 'this address was used before, or was never printed; start the service again');
    }
    if (isFirst) this.#isTokenUsed = true;
    // Without `Secure`: over plain HTTP, not every browser sends such a cookie back, localhost or not.
    const cookie = isFirst ? { 'set-cookie': `${COOKIE}=${this.#session}; HttpOnly; SameSite=Strict; Path=/` } : {};
    response.writeHead(303, { ...HEADERS, ...cookie, location: '/' }).end();
  }

  #hasSession({ headers }: IncomingMessage): boolean {
    const named = (headers.cookie ?? '').split('; ').filter((pair) => pair.startsWith(`${COOKIE}=`));
    return named.some((pair) => isSameText(pair.slice(COOKIE.length + 1), this.#session));
  }

  #stream(response: ServerResponse): void {
    if (this.#streams.size >= MAX_EVENT_STREAMS) return refuse(response, 503, 'too many pages are open');
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    const write = (text: string): void => {
      response.write(text);
      if (response.writableLength > STREAM_BUFFER_MAX_BYTES) response.destroy();
    };
    const show = (entry: JournalEntry): void => write(`data: ${JSON.stringify(entry)}\n\n`);
    // Headers wait for the first bytes after them, and a browser for the headers.
    write(': listening\n\n');
    this.#parts.journal.recent().forEach(show);
    const stop = this.#parts.journal.onEntry(show);
    const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
    const end = (): void => {
      clearInterval(heartbeat);
      stop();
      this.#streams.delete(end);
      response.destroy();
    };
    this.#streams.add(end);
    response.once('close', end);
  }
}

function isOwnHost({ headers, socket }: IncomingMessage): boolean {
  return [`localhost:${socket.localPort}`, `${HOST}:${socket.localPort}`].includes(headers.host ?? '');
}

/** Pages of other ports of this machine are the same site to a browser, and would be sent with the cookie. */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  return isOwnSite && (headers.origin === undefined || headers.origin === `http://${headers.host ?? ''}`);
}

/** Takes as long for a wrong text as for the right one of its length. */
function isSameText(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let index = 0; index < given.length; index++) {
    difference |= given.charCodeAt(index) ^ wanted.charCodeAt(index % wanted.length);
  }
  return difference === 0;
}

function send(response: ServerResponse, contentType: string, body: string): void {
  response.writeHead(200, { ...HEADERS, 'content-type': contentType }).end(body);
}

function refuse(
  response: ServerResponse,
  status: number,
  why: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  // What was sent along is not read.
  response.writeHead(status, { ...HEADERS, ...type, ...headers, connection: 'close' }).end(`${why}\n`);
}
