// What travels between a device's radio and its access point: byte streams, datagrams, open ports and questions for names, several on
// one wire. Never trusted by either end: whatever breaks these rules ends the link.
//
// The device numbers its streams, each higher than all before it, and never uses a number again: frames that were under way
// when a stream was closed then mean nothing to a later one.

import { ByteReader, ByteWriter, concatBytes } from '../core/bytes.ts';
import { CodedError } from '../core/coded-error.ts';
import type { IpBytes } from '../core/ip-address.ts';
import { parseIp } from '../core/ip-address.ts';

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
  /** Device: u16 port that others may connect to. */
  listen: 8,
  /** Access point: u16 port at which the device's port is reached from outside; 0: from nowhere. The stream is open. */
  listening: 9,
  /** Access point, on a stream that listens: u16 port, address in ASCII: one more that wants to be let in. */
  caller: 10,
  /** Device: u32 stream that listens. A new stream to the one that has waited longest. */
  accept: 11,
  /** Device: u16 port for datagrams, 0: none that others could send to first. */
  bind: 12,
  /** Either: u16 port, u8 length and ASCII of the address at the other end, the datagram. */
  datagram: 13,
  /** Device: a name in ASCII. */
  lookup: 14,
  /** Access point: u8 count, each u8 length (4 or 16) and an address; the stream is gone. */
  addresses: 15,
} as const;
/** `portTaken`: the port cannot be opened at the access point. `connectionRefused`: the host is there and wants nobody. */
export const RADIO_REFUSAL = {
  radioOff: 1,
  hostUnreachable: 2,
  hostUnknown: 3,
  portTaken: 4,
  connectionRefused: 5,
} as const;
export const RADIO_CLOSING = { finished: 1, lost: 2 } as const;
export type RadioRefusal = keyof typeof RADIO_REFUSAL;
export type RadioClosing = keyof typeof RADIO_CLOSING;

export const RADIO_DATA_MAX_BYTES = 16 * 1024;
/** Kind, stream and the longest field: the largest frame after its length word. */
export const RADIO_FRAME_MAX_BYTES = 5 + RADIO_DATA_MAX_BYTES;
/** What may be under way in one direction of one stream; at first each end has this much credit. */
export const RADIO_WINDOW_BYTES = 64 * 1024;
/** Streams at once, of whatever kind; a device that opens one more breaks the rules. */
export const RADIO_STREAMS_MAX = 64;
/** Of them the device keeps so many for its own service, whatever its apps do, */
export const RADIO_SERVICE_STREAMS = 8;
/** and so many for each app, whatever the others do: with all seven contexts (chip.ts) these are all. */
export const RADIO_APP_STREAMS = 8;
/** One datagram. */
export const RADIO_DATAGRAM_MAX_BYTES = 8 * 1024;
/** What a datagram takes of the window over its bytes, so that empty ones are not free. */
export const RADIO_DATAGRAM_COST_BYTES = 64;
/** Addresses of one name. */
export const RADIO_ADDRESSES_MAX = 16;
/** Callers that wait on one listening stream; one more is not let in. */
export const RADIO_CALLERS_MAX = 8;
/** RFC 1035 section 2.3.4 allows 255 bytes on the wire: 253 characters. */
export const RADIO_HOST_MAX_BYTES = 253;

export type RadioFrame =
  | { readonly kind: 'open'; readonly stream: number; readonly host: string; readonly port: number }
  | { readonly kind: 'opened'; readonly stream: number }
  | { readonly kind: 'refused'; readonly stream: number; readonly why: RadioRefusal }
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly stream: number }
  | { readonly kind: 'closed'; readonly stream: number; readonly how: RadioClosing }
  | { readonly kind: 'credit'; readonly stream: number; readonly bytes: number }
  | { readonly kind: 'listen'; readonly stream: number; readonly port: number }
  | { readonly kind: 'listening'; readonly stream: number; readonly hostPort: number }
  | { readonly kind: 'caller'; readonly stream: number; readonly address: string; readonly port: number }
  | { readonly kind: 'accept'; readonly stream: number; readonly listener: number }
  | { readonly kind: 'bind'; readonly stream: number; readonly port: number }
  | {
      readonly kind: 'datagram';
      readonly stream: number;
      readonly address: string;
      readonly port: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'lookup'; readonly stream: number; readonly name: string }
  | { readonly kind: 'addresses'; readonly stream: number; readonly addresses: readonly IpBytes[] };

/** Frames of the device that begin a stream. */
export type RadioBeginning = Extract<RadioFrame, { readonly kind: 'open' | 'listen' | 'accept' | 'bind' | 'lookup' }>;

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
  writeFields(writer, frame);
  const body = writer.finish();
  return concatBytes(new ByteWriter(4).u32(body.length).finish(), body);
}

function writeFields(writer: ByteWriter, frame: RadioFrame): void {
  switch (frame.kind) {
    case 'open':
      if (!isRadioHost(frame.host) || !isPort(frame.port)) throw malformed(`no host ${frame.host}:${frame.port}`);
      writer.u16(frame.port).bytes(ascii(frame.host));
      return;
    case 'lookup':
      if (!isRadioHost(frame.name)) throw malformed(`no name ${frame.name}`);
      writer.bytes(ascii(frame.name));
      return;
    case 'refused':
      writer.u8(RADIO_REFUSAL[frame.why]);
      return;
    case 'closed':
      writer.u8(RADIO_CLOSING[frame.how]);
      return;
    case 'credit':
      writer.u32(frame.bytes);
      return;
    case 'data':
      if (!isDataLength(frame.bytes.length)) throw malformed(`${frame.bytes.length} bytes of data`);
      writer.bytes(frame.bytes);
      return;
    case 'listen':
      if (!isPort(frame.port)) throw malformed(`port ${frame.port}`);
      writer.u16(frame.port);
      return;
    case 'bind':
      writer.u16(frame.port);
      return;
    case 'listening':
      writer.u16(frame.hostPort);
      return;
    case 'accept':
      writer.u32(frame.listener);
      return;
    case 'caller':
      checkPeer(frame);
      writer.u16(frame.port).bytes(ascii(frame.address));
      return;
    case 'datagram':
      checkPeer(frame);
      if (frame.bytes.length > RADIO_DATAGRAM_MAX_BYTES) throw malformed(`a datagram of ${frame.bytes.length} bytes`);
      writer.u16(frame.port).u8(frame.address.length).bytes(ascii(frame.address)).bytes(frame.bytes);
      return;
    case 'addresses':
      if (!isAddressCount(frame.addresses.length)) throw malformed(`${frame.addresses.length} addresses`);
      writer.u8(frame.addresses.length);
      for (const address of frame.addresses) writer.u8(address.length).bytes(address);
      return;
    case 'opened':
    case 'end':
  }
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
      const host = hostOf(reader);
      if (!isRadioHost(host) || !isPort(port)) throw malformed('a host or port that cannot be');
      return { kind, stream, host, port };
    }
    case 'lookup': {
      const name = hostOf(reader);
      if (!isRadioHost(name)) throw malformed('a name that cannot be');
      return { kind, stream, name };
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
    case 'listen': {
      const port = reader.u16();
      if (!isPort(port)) throw malformed(`port ${port}`);
      return { kind, stream, port };
    }
    case 'bind':
      return { kind, stream, port: reader.u16() };
    case 'listening':
      return { kind, stream, hostPort: reader.u16() };
    case 'accept':
      return { kind, stream, listener: reader.u32() };
    case 'caller': {
      const port = reader.u16();
      return { kind, stream, ...checkPeer({ address: hostOf(reader), port }) };
    }
    case 'datagram': {
      const port = reader.u16();
      const address = String.fromCharCode(...reader.bytes(reader.u8()));
      if (reader.remaining > RADIO_DATAGRAM_MAX_BYTES) throw malformed(`a datagram of ${reader.remaining} bytes`);
      return { kind, stream, ...checkPeer({ address, port }), bytes: reader.rest() };
    }
    case 'addresses': {
      const count = reader.u8();
      if (!isAddressCount(count)) throw malformed(`${count} addresses`);
      return { kind, stream, addresses: Array.from({ length: count }, () => addressOf(reader)) };
    }
    case 'opened':
    case 'end':
      return { kind, stream };
  }
}

/** Latin-1, one character a byte: what is not ASCII does not pass the check that follows. */
function hostOf(reader: ByteReader): string {
  return String.fromCharCode(...reader.bytes(Math.min(reader.remaining, RADIO_HOST_MAX_BYTES + 1)));
}

function addressOf(reader: ByteReader): IpBytes {
  const length = reader.u8();
  if (length !== 4 && length !== 16) throw malformed(`an address of ${length} bytes`);
  return reader.bytes(length);
}

/** An address, never a name: whoever sends to it must not look it up again. */
function checkPeer<Peer extends { readonly address: string; readonly port: number }>(peer: Peer): Peer {
  if (parseIp(peer.address) === undefined || !isPort(peer.port)) throw malformed('an address or port that cannot be');
  return peer;
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

function isAddressCount(count: number): boolean {
  return count > 0 && count <= RADIO_ADDRESSES_MAX;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function isDataLength(length: number): boolean {
  return length > 0 && length <= RADIO_DATA_MAX_BYTES;
}

function malformed(message: string): RadioLinkError {
  return new RadioLinkError('radio-frame-malformed', message);
}
