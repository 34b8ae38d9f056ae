// Calls on TCP connections and listening ports. Addresses are in their one text (ip-address.ts); nothing here is ever a name.

import { ByteReader, ByteWriter } from '../../core/bytes.ts';
import type { CallArea } from './call-area.ts';
import { AppCallError } from './call-area.ts';
import { readAddress, writeAddress } from './network-fields.ts';

/** Bytes that one send or receive carries. */
export const TCP_PART_MAX_BYTES = 32 * 1024;

export const TCP_DIRECTION = { receive: 0, send: 1 } as const;
export type TcpDirection = keyof typeof TCP_DIRECTION;

/** Whatever takes time answers `would-block`; a wait on the handle, or on one that `watch` gave, ends when it may be otherwise. */
export type TcpRequest =
  /** → handle, ready when it is known whether it is connected (`tcp.ready`). */
  | { readonly function: 'tcp.connect'; readonly address: string; readonly port: number }
  /** → handle, ready when it is known whether the port is open (`tcp.ready`). */
  | { readonly function: 'tcp.listen'; readonly port: number }
  | { readonly function: 'tcp.ready'; readonly handle: number }
  /** → `AcceptedCaller`. */
  | { readonly function: 'tcp.accept'; readonly handle: number }
  /** → how many bytes the next `tcp.send` takes. */
  | { readonly function: 'tcp.room'; readonly handle: number }
  /** → how many of them were taken. */
  | { readonly function: 'tcp.send'; readonly handle: number; readonly bytes: Uint8Array }
  /** → bytes, at least one; `closed` at the end. */
  | { readonly function: 'tcp.receive'; readonly handle: number; readonly maxBytes: number }
  | { readonly function: 'tcp.shutdown'; readonly handle: number; readonly direction: TcpDirection }
  /** → a handle to wait for, on: something to receive (or a caller), or room to send. */
  | { readonly function: 'tcp.watch'; readonly handle: number; readonly direction: TcpDirection };

/** A caller that was let in: its stream, and where it is. */
export interface AcceptedCaller {
  readonly handle: number;
  readonly address: string;
  readonly port: number;
}

export const TCP_CALLS: CallArea<TcpRequest> = {
  functions: {
    'tcp.connect': 0x0901,
    'tcp.listen': 0x0902,
    'tcp.ready': 0x0903,
    'tcp.accept': 0x0904,
    'tcp.room': 0x0905,
    'tcp.send': 0x0906,
    'tcp.receive': 0x0907,
    'tcp.shutdown': 0x0908,
    'tcp.watch': 0x0909,
  },
  encode(request, writer) {
    switch (request.function) {
      case 'tcp.connect':
        writer.u16(request.port);
        return writeAddress(writer, request.address);
      case 'tcp.listen':
        writer.u16(request.port);
        return;
      case 'tcp.ready':
      case 'tcp.accept':
      case 'tcp.room':
        writer.u32(request.handle);
        return;
      case 'tcp.send':
        writer.u32(request.handle).bytes(request.bytes);
        return;
      case 'tcp.receive':
        writer.u32(request.handle).u32(request.maxBytes);
        return;
      case 'tcp.shutdown':
      case 'tcp.watch':
        writer.u32(request.handle).u8(TCP_DIRECTION[request.direction]);
    }
  },
  decode(name, reader) {
    switch (name) {
      case 'tcp.connect':
        return { function: name, port: reader.u16(), address: readAddress(reader) };
      case 'tcp.listen':
        return { function: name, port: reader.u16() };
      case 'tcp.ready':
      case 'tcp.accept':
      case 'tcp.room':
        return { function: name, handle: reader.u32() };
      case 'tcp.send': {
        const [handle, bytes] = [reader.u32(), reader.rest()];
        partLength(bytes.length);
        return { function: name, handle, bytes };
      }
      case 'tcp.receive':
        return { function: name, handle: reader.u32(), maxBytes: partLength(reader.u32()) };
      case 'tcp.shutdown':
      case 'tcp.watch':
        return { function: name, handle: reader.u32(), direction: readDirection(reader) };
    }
  },
};

/** `u32 handle · u16 port · address`, as the `bytes` of a reply. */
export function encodeAcceptedCaller({ handle, address, port }: AcceptedCaller): Uint8Array {
  const writer = new ByteWriter().u32(handle).u16(port);
  writeAddress(writer, address);
  return writer.finish();
}

/** Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function decodeAcceptedCaller(bytes: Uint8Array): AcceptedCaller {
  const reader = new ByteReader(bytes);
  const caller = { handle: reader.u32(), port: reader.u16(), address: readAddress(reader) };
  reader.end();
  return caller;
}

export function readDirection(reader: ByteReader): TcpDirection {
  const number = reader.u8();
  if (number > 1) throw new AppCallError('app-call-malformed', `direction ${number}`);
  return number === TCP_DIRECTION.receive ? 'receive' : 'send';
}

function partLength(length: number): number {
  if (length > TCP_PART_MAX_BYTES) throw new AppCallError('app-call-malformed', `${length} bytes at once`);
  return length;
}
