// Addresses of the network as fields of a call. Never one that has another text, too: what is compared later must be unique.

import type { ByteReader, ByteWriter } from '../../core/bytes.ts';
import { formatIp, parseIp } from '../../core/ip-address.ts';
import { AppCallError } from './call-area.ts';

/** `u8 length (4 or 16) · bytes`. Errors: `app-call-malformed` for a text that is no address. */
export function writeAddress(writer: ByteWriter, text: string): void {
  const address = parseIp(text);
  if (address === undefined) throw new AppCallError('app-call-malformed', 'no address');
  writer.u8(address.length).bytes(address);
}

/** The address in its one text. Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function readAddress(reader: ByteReader): string {
  const length = reader.u8();
  if (length !== 4 && length !== 16) throw new AppCallError('app-call-malformed', `an address of ${length} bytes`);
  return formatIp(reader.bytes(length));
}
