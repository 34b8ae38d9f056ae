// The head of an HTTP/1.1 response out of the bytes of a server that may be hostile: one reading of it, or an error. Never a guess where two
// readers could differ (RFC 9112 sections 2.2 and 6.3).

import { concatBytes } from '../../../../contracts/core/bytes.ts';
import { CodedError } from '../../../../contracts/core/coded-error.ts';
import type { FieldList } from './http-fields.ts';
import { HEAD_MAX_BYTES, endOfHead, latin1, readField } from './head-lines.ts';

export type ResponseErrorCode =
  'HTTP-protocol-error' | 'HTTP-response-header-section-size' | 'HTTP-response-transfer-coding';
export class ResponseError extends CodedError<ResponseErrorCode> {}

/** Where the body ends. `close`: with the connection. */
export type BodyEnd = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' | 'close' };

export interface ResponseHead {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: BodyEnd;
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const LENGTH = /^[0-9]{1,15}$/;

/** Collects a head piece by piece. */
export class ResponseHeadReader {
  #bytes: Uint8Array = new Uint8Array(0);

  /** The head and what came after it; `undefined`: it is not whole yet. Errors: `ResponseErrorCode`. */
  push(bytes: Uint8Array, isHead: boolean): { readonly head: ResponseHead; readonly rest: Uint8Array } | undefined {
    this.#bytes = concatBytes(this.#bytes, bytes);
    for (;;) {
      const end = endOfHead(this.#bytes);
      if (end === undefined) {
        if (this.#bytes.length > HEAD_MAX_BYTES) throw tooLarge();
        return undefined;
      }
      if (end > HEAD_MAX_BYTES) throw tooLarge();
      const head = readHead(this.#bytes.subarray(0, end), isHead);
      const rest = this.#bytes.subarray(end);
      // 100 and its like announce the real one (RFC 9110 section 15.2); another protocol was not asked for.
      if (head.status === 101) throw malformed('another protocol');
      if (head.status >= 200) return { head, rest };
      this.#bytes = rest.slice();
    }
  }
}

function readHead(bytes: Uint8Array, isHead: boolean): ResponseHead {
  const [statusLine = '', ...lines] = latin1(bytes.subarray(0, bytes.length - 4)).split('\r\n');
  const status = Number(STATUS_LINE.exec(statusLine)?.[1] ?? 0);
  if (status === 0) throw malformed('the status line');
  const fields = lines.map((line) => readField(line) ?? unreadable());
  return { status, fields, body: bodyEnd(status, fields, isHead) };
}

function bodyEnd(status: number, fields: FieldList, isHead: boolean): BodyEnd {
  const all = (wanted: string): readonly string[] =>
    fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [latin1(value)] : []));
  const [coding, ...codings] = all('transfer-encoding');
  const [length, ...lengths] = all('content-length');
  if (coding !== undefined && length !== undefined) throw malformed('a length and chunks');
  if (codings.length > 0 || lengths.length > 0) throw malformed('two ends of a body');
  if (length !== undefined && !LENGTH.test(length)) throw malformed('the length');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new ResponseError('HTTP-response-transfer-coding', 'a coding that is not known');
  }
  if (isHead || status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  if (coding !== undefined) return { kind: 'chunked' };
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) };
}

function malformed(what: string): ResponseError {
  return new ResponseError('HTTP-protocol-error', `not understood: ${what}`);
}

function unreadable(): never {
  throw malformed('a header');
}

function tooLarge(): ResponseError {
  return new ResponseError('HTTP-response-header-section-size', `more than ${HEAD_MAX_BYTES} bytes`);
}
