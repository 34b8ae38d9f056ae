// Calls on sockets for datagrams. Addresses are in their one text (ip-address.ts); nothing here is ever a name.

import { ByteReader, ByteWriter } from '../../core/bytes.ts';
import { RADIO_DATAGRAM_MAX_BYTES } from '../radio-link.ts';
import type { CallArea } from './call-area.ts';
import { AppCallError } from './call-area.ts';
import { readAddress, writeAddress } from './network-fields.ts';
import type { TcpDirection } from './tcp-calls.ts';
import { readDirection, TCP_DIRECTION } from './tcp-calls.ts';

/** One datagram; a longer one is refused (EMSGSIZE). */
export const UDP_DATAGRAM_MAX_BYTES = RADIO_DATAGRAM_MAX_BYTES;

export interface Datagram {
  /** The other end. */
  readonly address: string;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** Whatever takes time answers `would-block`, as in tcp-calls.ts. */
export type UdpRequest =
  /** Port 0: answers to what it sends, and nothing else. → handle, ready when it is known whether the port is open (`udp.ready`). */
  | { readonly function: 'udp.bind'; readonly port: number }
  | { readonly function: 'udp.ready'; readonly handle: number }
  | ({ readonly function: 'udp.send'; readonly handle: number } & Datagram)
  /** → `Datagram`. */
  | { readonly function: 'udp.receive'; readonly handle: number }
  /** → a handle to wait for. */
  | { readonly function: 'udp.watch'; readonly handle: number; readonly direction: TcpDirection };

export const UDP_CALLS: CallArea<UdpRequest> = {
  functions: {
    'udp.bind': 0x0a01,
    'udp.ready': 0x0a02,
    'udp.send': 0x0a03,
    'udp.receive': 0x0a04,
    'udp.watch': 0x0a05,
  },
  encode(request, writer) {
    switch (request.function) {
      case 'udp.bind':
        writer.u16(request.port);
        return;
      case 'udp.ready':
      case 'udp.receive':
        writer.u32(request.handle);
        return;
      case 'udp.send':
        writer.u32(request.handle).bytes(encodeDatagram(request));
        return;
      case 'udp.watch':
        writer.u32(request.handle).u8(TCP_DIRECTION[request.direction]);
    }
  },
  decode(name, reader) {
    switch (name) {
      case 'udp.bind':
        return { function: name, port: reader.u16() };
      case 'udp.ready':
      case 'udp.receive':
        return { function: name, handle: reader.u32() };
      case 'udp.send':
        return { function: name, handle: reader.u32(), ...readDatagram(reader) };
      case 'udp.watch':
        return { function: name, handle: reader.u32(), direction: readDirection(reader) };
    }
  },
};

/** `u16 port · address · bytes`. */
export function encodeDatagram({ address, port, bytes }: Datagram): Uint8Array {
  const writer = new ByteWriter(32 + bytes.length).u16(port);
  writeAddress(writer, address);
  return writer.bytes(bytes).finish();
}

/** Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function decodeDatagram(bytes: Uint8Array): Datagram {
  return readDatagram(new ByteReader(bytes));
}

function readDatagram(reader: ByteReader): Datagram {
  const [port, address, bytes] = [reader.u16(), readAddress(reader), reader.rest()];
  if (bytes.length > UDP_DATAGRAM_MAX_BYTES) throw new AppCallError('app-call-malformed', `${bytes.length} bytes`);
  return { address, port, bytes };
}
