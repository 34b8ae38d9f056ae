// The head of an HTTP/1.1 request out of the bytes of a client that may be hostile: one reading of it, or a refusal. Never a guess where two
// readers could differ: that is how one request is smuggled inside another (RFC 9112 sections 2.2, 3.2, 6.3 and 11.2).

import { concatBytes } from '../../../../contracts/core/bytes.ts';
import { CodedError } from '../../../../contracts/core/coded-error.ts';
import { HEAD_MAX_BYTES, endOfHead, latin1, readField } from './head-lines.ts';
import type { FieldList } from './http-fields.ts';
import { isForbidden } from './http-fields.ts';
import { AUTHORITY, PATH_MAX_LENGTH } from './http-request.ts';
import { announcedLength } from './outgoing-body.ts';
import type { BodyEnd } from './response-head.ts';

export type RequestErrorCode =
  | 'request-malformed'
  | 'request-timeout'
  | 'request-body-too-large'
  | 'request-head-too-large'
  /** A coding of the body that is not `chunked`, or a tunnel. */
  | 'request-not-implemented'
  | 'request-version-unknown';
export class RequestError extends CodedError<RequestErrorCode> {}

/** What the client is told (RFC 9110 section 15.5, RFC 6585). */
export const REQUEST_ERROR_STATUS: Readonly<Record<RequestErrorCode, number>> = {
  'request-malformed': 400,
  'request-timeout': 408,
  'request-body-too-large': 413,
  'request-head-too-large': 431,
  'request-not-implemented': 501,
  'request-version-unknown': 505,
};

/** Bytes of one body, in whatever pieces: more than the memory and the storage of any board. */
export const REQUEST_BODY_MAX_BYTES = 16 * 1024 * 1024;

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly authority: string | undefined;
  /** Those that are the guest's business: what belongs to the connection is gone. */
  readonly fields: FieldList;
  readonly body: BodyEnd & { readonly kind: 'length' | 'chunked' };
  /** HTTP/1.0: no chunks in the answer. */
  readonly isOld: boolean;
  /** The client waits for a word before it sends the body (RFC 9110 section 10.1.1). */
  readonly waitsForContinue: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/([0-9])\.([0-9])$/;
const ABSOLUTE = /^http:\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?$/i;
const ORIGIN = /^\/[^#]*$/;

/** Collects a head piece by piece; each byte is looked at once, however small the pieces are. */
export class RequestHeadReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #checked = 0;

  /** The head and what came after it; `undefined`: it is not whole yet. Errors: `RequestErrorCode`. */
  push(bytes: Uint8Array): { readonly head: RequestHead; readonly rest: Uint8Array } | undefined {
    this.#bytes = concatBytes(this.#bytes, bytes);
    const end = endOfHead(this.#bytes, Math.max(0, this.#checked - 4));
    this.#checkLineEnds(end ?? this.#bytes.length);
    if ((end ?? this.#bytes.length) > HEAD_MAX_BYTES) {
      throw new RequestError('request-head-too-large', `more than ${HEAD_MAX_BYTES} bytes`);
    }
    if (end === undefined) return undefined;
    return { head: readHead(this.#bytes.subarray(0, end)), rest: this.#bytes.slice(end) };
  }

  /** A line feed alone ends a line for some readers and not for others; so does a carriage return. */
  #checkLineEnds(end: number): void {
    for (; this.#checked < end; this.#checked++) {
      const [before, byte] = [this.#bytes[this.#checked - 1], this.#bytes[this.#checked]];
      if ((byte === LF) !== (before === CR)) throw malformed('the end of a line');
    }
  }
}

function readHead(bytes: Uint8Array): RequestHead {
  const [requestLine = '', ...lines] = latin1(bytes.subarray(0, bytes.length - 4)).split('\r\n');
  const [, method, target, major, minor] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) throw malformed('the request line');
  if (major !== '1' || (minor !== '0' && minor !== '1')) throw new RequestError('request-version-unknown', requestLine);
  if (target.length > PATH_MAX_LENGTH) throw new RequestError('request-head-too-large', 'the target');
  const fields = lines.map((line) => readField(line) ?? unreadable());
  const isOld = minor === '0';
  const host = hostOf(fields, isOld);
  const { path, authority } = targetOf(method, target, host);
  return {
    method,
    path,
    authority,
    fields: fields.filter(([name]) => !isForbidden(name)),
    body: bodyEnd(fields, isOld),
    isOld,
    waitsForContinue: !isOld && all(fields, 'expect').some((value) => value.toLowerCase() === '100-continue'),
  };
}

function all(fields: FieldList, wanted: string): readonly string[] {
  return fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [latin1(value)] : []));
}

/** RFC 9112 section 3.2: exactly one, which may be empty. */
function hostOf(fields: FieldList, isOld: boolean): string | undefined {
  const [host, ...others] = all(fields, 'host');
  if (others.length > 0 || (host === undefined && !isOld)) throw malformed('the host');
  if (host !== undefined && host !== '' && !AUTHORITY.test(host)) throw malformed('the host');
  return host === '' ? undefined : host;
}

function targetOf(method: string, target: string, host: string | undefined): Pick<RequestHead, 'path' | 'authority'> {
  if (method === 'CONNECT') throw new RequestError('request-not-implemented', 'a tunnel');
  if (ORIGIN.test(target) || (target === '*' && method === 'OPTIONS')) return { path: target, authority: host };
  const [, authority, path = '/'] = ABSOLUTE.exec(target) ?? [];
  // Whoever looked at one of the two on the way must not have seen another host than the app does.
  if (authority === undefined || authority.toLowerCase() !== host?.toLowerCase()) throw malformed('the target');
  return { path: path.startsWith('?') ? `/${path}` : path, authority };
}

/** RFC 9112 section 6.3, with every doubt refused. */
function bodyEnd(fields: FieldList, isOld: boolean): RequestHead['body'] {
  const [coding, ...codings] = all(fields, 'transfer-encoding');
  const length = announcedLength(fields);
  if (coding !== undefined && (length !== undefined || isOld)) throw malformed('a length and chunks');
  if (length === 'malformed' || codings.length > 0) throw malformed('the length of the body');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new RequestError('request-not-implemented', 'a coding that is not known');
  }
  if (coding !== undefined) return { kind: 'chunked' };
  if ((length ?? 0) > REQUEST_BODY_MAX_BYTES) throw new RequestError('request-body-too-large', `${length} bytes`);
  return { kind: 'length', bytes: length ?? 0 };
}

function malformed(what: string): RequestError {
  return new RequestError('request-malformed', `not understood: ${what}`);
}

function unreadable(): never {
  throw malformed('a header');
}
