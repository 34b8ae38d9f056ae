// A response that the guest puts together, and how it goes over the wire. Never a head that two clients could read in two ways.

import type { HttpFields } from './http-fields.ts';
import type { RequestHead } from './request-head.ts';
import { MessageSender, headBytes } from './message-sender.ts';
import { announcedLength, OutgoingBody } from './outgoing-body.ts';

export class OutgoingResponse {
  readonly fields: HttpFields;
  status = 200;
  #body: OutgoingBody | undefined;

  constructor(fields: HttpFields) {
    this.fields = fields;
  }

  /** False for what announces another response, or is no status (RFC 9110 section 15). */
  setStatus(status: number): boolean {
    if (status < 200 || status > 599) return false;
    this.status = status;
    return true;
  }

  /** Once. */
  takeBody(): OutgoingBody | undefined {
    if (this.#body !== undefined) return undefined;
    const length = announcedLength(this.fields.entries);
    this.#body = new OutgoingBody('response', length === 'malformed' ? 0 : length);
    return this.#body;
  }

  get body(): OutgoingBody | undefined {
    return this.#body;
  }

  /** As the answer to this request; `undefined`: it announces what it does not have. */
  sender({ method, isOld }: Pick<RequestHead, 'method' | 'isOld'>): MessageSender | undefined {
    const { status } = this;
    const body = this.#body;
    const length = announcedLength(this.fields.entries);
    const hasNone = method === 'HEAD' || status === 204 || status === 304;
    if (length === 'malformed') return undefined;
    if (body === undefined && !hasNone && (length ?? 0) > 0) return undefined;
    const isInChunks = !hasNone && !isOld && body !== undefined && length === undefined;
    const isEmpty = !hasNone && body === undefined && length === undefined;
    const framing = [...(isInChunks ? ['transfer-encoding: chunked'] : []), ...(isEmpty ? ['content-length: 0'] : [])];
    // RFC 9110 section 8.6: not with a 204.
    const fields = this.fields.entries.filter(([name]) => status !== 204 || name.toLowerCase() !== 'content-length');
    const head = headBytes([`HTTP/1.1 ${status} `, 'connection: close', ...framing], fields);
    return new MessageSender(head, body, hasNone ? 'nothing' : isInChunks ? 'chunked' : 'plain');
  }
}

/** The host's own answer, without the guest. */
export function plainResponse(status: number): MessageSender {
  const head = headBytes([`HTTP/1.1 ${status} `, 'connection: close', 'content-length: 0'], []);
  return new MessageSender(head, undefined, 'plain');
}

export const CONTINUE = new TextEncoder().encode('HTTP/1.1 100 Continue\r\n\r\n');
