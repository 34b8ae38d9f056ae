// Speaks to a service's management API over mutual TLS. Never follows a link to another address, reads an answer without a
// bound, or trusts a certificate that does not lead to the service's root.

import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { RelayedRefusal } from '../../factory/factory-error.ts';
import { CliError } from '../outcome.ts';
import type { ServiceAccess } from './service-record.ts';

const API_VERSION = '2024-04-01';
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** 1000 pages of 1000: more than any fleet that a table in a terminal is for. */
const PAGES_MAX = 1000;

export type Method = 'GET' | 'PUT' | 'PATCH' | 'DELETE' | 'POST';
export type Resource = Readonly<Record<string, unknown>>;

export class ServiceClient {
  readonly #access: ServiceAccess;

  constructor(access: ServiceAccess) {
    this.#access = access;
  }

  /** The answer's document, or `undefined` when it has none. Errors: `RelayedRefusal` with the service's own code, `service-unreachable`, `service-answer-malformed`. */
  async ask(method: Method, path: string, body?: object): Promise<Resource | undefined> {
    const url = new URL(path, this.#access.url);
    url.searchParams.set('api-version', API_VERSION);
    return this.#send(method, url, body);
  }

  /** All pages of a list. */
  async list(path: string): Promise<readonly Resource[]> {
    const items: Resource[] = [];
    let page = await this.ask('GET', path);
    for (let count = 1; ; count++) {
      const { value, nextLink } = page ?? {};
      if (!Array.isArray(value) || !value.every(isResource) || count > PAGES_MAX) throw malformed('no list');
      items.push(...value);
      if (nextLink === undefined) return items;
      const next = typeof nextLink === 'string' ? URL.parse(nextLink) : null;
      // The operator's certificate is for this service alone.
      if (next?.origin !== this.#access.url.origin) throw malformed('its next page is at another address');
      page = await this.#send('GET', next, undefined);
    }
  }

  async #send(method: Method, url: URL, body: object | undefined): Promise<Resource | undefined> {
    const { status, text } = await this.#exchange(method, url, body);
    const document = parse(text);
    if (status >= 200 && status < 300) return document;
    throw refusalOf(status, document);
  }

  #exchange(method: Method, url: URL, body: object | undefined): Promise<{ status: number; text: string }> {
    const { operator, root } = this.#access;
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = {
        method,
        headers,
        key: operator,
        cert: operator,
        ca: root,
        agent: false,
        timeout: TIMEOUT_MS,
      } as const;
      const sent = request(url, options, (answer) => {
        bodyOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
      sent.on('error', (cause) => {
        reject(
          new CliError('service-unreachable', `${this.#access.url.origin}: ${cause.message}`, {
            fault: 'world',
            hint: 'Is it running? Start it in another terminal: npx casemate as3 serve',
            cause,
          }),
        );
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > ANSWER_MAX_BYTES) throw malformed(`more than ${ANSWER_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): Resource | undefined {
  if (text === '') return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw malformed('not JSON', cause);
  }
  if (!isResource(document)) throw malformed('not an object');
  return document;
}

/** The service's own code is in `additionalInfo`; a service of somebody else has Azure's alone. */
function refusalOf(status: number, document: Resource | undefined): Error {
  const error = document?.['error'];
  if (!isResource(error) || typeof error['code'] !== 'string') return malformed(`status ${status} without a reason`);
  const additional: unknown = Array.isArray(error['additionalInfo']) ? error['additionalInfo'][0] : undefined;
  const info = isResource(additional) && isResource(additional['info']) ? additional['info'] : {};
  const code = typeof info['code'] === 'string' ? info['code'] : error['code'];
  const message = typeof error['message'] === 'string' ? error['message'] : '';
  const hint = info['hint'];
  const details = typeof error['target'] === 'string' ? { status, target: error['target'] } : { status };
  return new RelayedRefusal(code, message, { ...(typeof hint === 'string' ? { hint } : {}), details });
}

function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string, cause?: unknown): CliError {
  return new CliError('service-answer-malformed', `the service's answer: ${what}`, { fault: 'peer', cause });
}
