// What travels between a device's radio and its access point: byte streams to the outside, several on one wire. Never trusted by
// either end: whatever breaks these rules ends the link.
//
// The device numbers its streams, each higher than all before it, and never uses a number again: frames that were under way
// when a stream was closed then mean nothing to a later one.

import { ByteReader, ByteWriter, concatBytes } from '../core/bytes.ts';
import { CodedError } from '../core/coded-error.ts';

/** u32 length (little-endian) of what follows; u8 kind, u32 stream, then the kind's own fields. */
export const RADIO_FRAME = {
  /** Device: u16 port, host in ASCII. */
  open: 1,
  /** Access point: the stream is open. */
  opened: 2,
  /** Access point: u8 of `RADIO_REFUSAL`; there is no such stream. */
  refused: 3,
  /** Either: 1 to `RADIO_DATA_MAX_BYTES` bytes. */
  data: 4,
  /** Either: this side sends no more data. */
  end: 5,
  /** Either: u8 of `RADIO_CLOSING`; the stream is gone. */
  closed: 6,
  /** Either: u32, so many more bytes may be sent to me. */
  credit: 7,
} as const;
export const RADIO_REFUSAL = { radioOff: 1, hostUnreachable: 2, hostUnknown: 3 } as const;
export const RADIO_CLOSING = { finished: 1, lost: 2 } as const;
export type RadioRefusal = keyof typeof RADIO_REFUSAL;
export type RadioClosing = keyof typeof RADIO_CLOSING;

export const RADIO_DATA_MAX_BYTES = 16 * 1024;
/** Kind, stream and the longest field: the largest frame after its length word. */
export const RADIO_FRAME_MAX_BYTES = 5 + RADIO_DATA_MAX_BYTES;
/** What may be under way in one direction of one stream; at first each end has this much credit. */
export const RADIO_WINDOW_BYTES = 64 * 1024;
/** Streams at once; a device that opens one more breaks the rules. */
export const RADIO_STREAMS_MAX = 8;
/** RFC 1035 section 2.3.4 allows 255 bytes on the wire: 253 characters. */
export const RADIO_HOST_MAX_BYTES = 253;

export type RadioFrame =
  | { readonly kind: 'open'; readonly stream: number; readonly host: string; readonly port: number }
  | { readonly kind: 'opened'; readonly stream: number }
  | { readonly kind: 'refused'; readonly stream: number; readonly why: RadioRefusal }
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly stream: number }
  | { readonly kind: 'closed'; readonly stream: number; readonly how: RadioClosing }
  | { readonly kind: 'credit'; readonly stream: number; readonly bytes: number };

/** `radio-out-of-order`: a frame that has no place now; `radio-credit-exceeded`: more than the window. */
export type RadioLinkErrorCode = 'radio-frame-malformed' | 'radio-out-of-order' | 'radio-credit-exceeded';
export class RadioLinkError extends CodedError<RadioLinkErrorCode> {}

/** A DNS name or an IP address as far as its characters go; never a path, so that no local socket can be meant. */
const HOST = /^[0-9A-Za-z.:-]+$/;

/** Whether a stream can be opened to it. */
export function isRadioHost(host: string): boolean {
  return host.length <= RADIO_HOST_MAX_BYTES && HOST.test(host);
}

/** With its length word. Errors: `radio-frame-malformed` for a host, port or length that no frame may have. */
export function encodeRadioFrame(frame: RadioFrame): Uint8Array {
  const writer = new ByteWriter().u8(RADIO_FRAME[frame.kind]).u32(frame.stream);
  switch (frame.kind) {
    case 'open':
      if (!isRadioHost(frame.host) || !isPort(frame.port)) throw malformed(`no host ${frame.host}:${frame.port}`);
      writer.u16(frame.port).bytes(new TextEncoder().encode(frame.host));
      break;
    case 'refused':
      writer.u8(RADIO_REFUSAL[frame.why]);
      break;
    case 'closed':
      writer.u8(RADIO_CLOSING[frame.how]);
      break;
    case 'credit':
      writer.u32(frame.bytes);
      break;
    case 'data':
      if (!isDataLength(frame.bytes.length)) throw malformed(`${frame.bytes.length} bytes of data`);
      writer.bytes(frame.bytes);
      break;
    case 'opened':
    case 'end':
  }
  const body = writer.finish();
  return concatBytes(new ByteWriter(4).u32(body.length).finish(), body);
}

/** A frame without its length word, of any origin. Errors: `radio-frame-malformed`, `LayoutErrorCode`. */
export function decodeRadioFrame(frame: Uint8Array): RadioFrame {
  const reader = new ByteReader(frame);
  const kind = nameOf(RADIO_FRAME, reader.u8());
  const stream = reader.u32();
  if (stream === 0) throw malformed('stream 0');
  const read = fieldsOf(kind, stream, reader);
  reader.end();
  return read;
}

function fieldsOf(kind: RadioFrame['kind'], stream: number, reader: ByteReader): RadioFrame {
  switch (kind) {
    case 'open': {
      const port = reader.u16();
      // Latin-1, one character a byte: what is not ASCII does not pass the check that follows.
      const host = String.fromCharCode(...reader.bytes(Math.min(reader.remaining, RADIO_HOST_MAX_BYTES + 1)));
      if (!isRadioHost(host) || !isPort(port)) throw malformed('a host or port that cannot be');
      return { kind, stream, host, port };
    }
    case 'refused':
      return { kind, stream, why: nameOf(RADIO_REFUSAL, reader.u8()) };
    case 'closed':
      return { kind, stream, how: nameOf(RADIO_CLOSING, reader.u8()) };
    case 'credit': {
      const bytes = reader.u32();
      if (bytes === 0 || bytes > RADIO_WINDOW_BYTES) throw malformed(`a credit of ${bytes} bytes`);
      return { kind, stream, bytes };
    }
    case 'data':
      if (!isDataLength(reader.remaining)) throw malformed(`${reader.remaining} bytes of data`);
      return { kind, stream, bytes: reader.rest() };
    case 'opened':
    case 'end':
      return { kind, stream };
  }
}

/** What one end may still send on one stream, kept by both ends alike. Never more than the window. */
export class RadioCredit {
  #left = RADIO_WINDOW_BYTES;

  get left(): number {
    return this.#left;
  }

  /** Everything that was sent has been taken. */
  get isWhole(): boolean {
    return this.#left === RADIO_WINDOW_BYTES;
  }

  /** Errors: `radio-credit-exceeded`. */
  spend(bytes: number): void {
    if (bytes > this.#left) throw new RadioLinkError('radio-credit-exceeded', `${bytes} bytes, ${this.#left} allowed`);
    this.#left -= bytes;
  }

  /** Errors: `radio-credit-exceeded` when more comes back than was spent. */
  restore(bytes: number): void {
    if (this.#left + bytes > RADIO_WINDOW_BYTES)
      throw new RadioLinkError('radio-credit-exceeded', `${bytes} bytes of credit over the window`);
    this.#left += bytes;
  }
}

function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name {
  const name = (Object.keys(table) as Name[]).find((key) => table[key] === value);
  if (name === undefined) throw malformed(`no ${value} among ${Object.keys(table).join(', ')}`);
  return name;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 0xffff;
}

function isDataLength(length: number): boolean {
  return length > 0 && length <= RADIO_DATA_MAX_BYTES;
}

function malformed(message: string): RadioLinkError {
  return new RadioLinkError('radio-frame-malformed', message);
}
