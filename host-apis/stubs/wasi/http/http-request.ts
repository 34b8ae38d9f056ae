// A request that the guest puts together, and what of it can be sent. Never a request line with a space or a line end of the guest's in it.

import type { HttpTarget } from './http-exchange.ts';
import type { HttpFields } from './http-fields.ts';
import { isToken } from './http-fields.ts';
import type { HttpErrorName } from './http-types.ts';
import { announcedLength, OutgoingBody } from './outgoing-body.ts';

/** In the order of `method`; the last one is any other. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;
/** What no server has to take (RFC 9110 section 4.1 recommends 8000). */
export const PATH_MAX_LENGTH = 8000;
const PATH = /^[/*?][\x21-\x7e]*$/;
/** Host and port, as in `host` and in the guest's authority. */
export const AUTHORITY = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9A-Za-z._-]+))(?::([0-9]{1,5}))?$/;
const HTTP_PORT = 80;

export type Scheme = { readonly kind: 'http' | 'https' } | { readonly kind: 'other'; readonly name: string };

export class OutgoingRequest {
  readonly fields: HttpFields;
  method = 'GET';
  path: string | undefined;
  scheme: Scheme | undefined;
  authority: string | undefined;
  #body: OutgoingBody | undefined;

  constructor(fields: HttpFields) {
    this.fields = fields;
  }

  setMethod(method: string): boolean {
    if (!isToken(method)) return false;
    this.method = method;
    return true;
  }

  setPath(path: string | undefined): boolean {
    if (path !== undefined && (path.length > PATH_MAX_LENGTH || (path !== '' && !PATH.test(path)))) return false;
    this.path = path;
    return true;
  }

  setAuthority(authority: string | undefined): boolean {
    if (authority !== undefined && !AUTHORITY.test(authority)) return false;
    this.authority = authority;
    return true;
  }

  /** Once. */
  takeBody(): OutgoingBody | undefined {
    if (this.#body !== undefined) return undefined;
    const length = announcedLength(this.fields.entries);
    // One that nobody could read keeps the request from going anywhere (`target`).
    this.#body = new OutgoingBody('request', length === 'malformed' ? 0 : length);
    return this.#body;
  }

  get body(): OutgoingBody | undefined {
    return this.#body;
  }

  /** Where it goes, or why it cannot go anywhere. */
  target(): HttpTarget | HttpErrorName {
    // TLS for apps needs roots and a time that the app can be held to: not of this version.
    if (this.scheme?.kind === 'https') return 'TLS-protocol-error';
    if (this.scheme?.kind === 'other') return 'HTTP-request-URI-invalid';
    // A tunnel would take the guest to another host than the one that was asked for.
    if (this.method === 'CONNECT') return 'HTTP-request-method-invalid';
    const length = announcedLength(this.fields.entries);
    if (length === 'malformed') return 'HTTP-request-body-size';
    if (length !== undefined && length > 0 && this.#body === undefined) return 'HTTP-request-body-size';
    const [, v6, name, port] = AUTHORITY.exec(this.authority ?? '') ?? [];
    const host = v6 ?? name;
    const number = port === undefined ? HTTP_PORT : Number(port);
    if (host === undefined || number === 0 || number > 0xffff) return 'HTTP-request-URI-invalid';
    return { host, port: number };
  }
}
