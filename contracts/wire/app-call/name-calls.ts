// Questions for names. An answer is addresses in the order of the access point; never more than the radio's bound.

import { ByteReader, ByteWriter } from '../../core/bytes.ts';
import type { CallArea } from './call-area.ts';
import { AppCallError } from './call-area.ts';
import { readAddress, writeAddress } from './network-fields.ts';

/** RFC 1035 section 2.3.4. */
export const NAME_MAX_BYTES = 253;

export type NameRequest =
  /** → handle, ready when the answer is there. */
  | { readonly function: 'names.resolve'; readonly name: string }
  /** → addresses; `would-block`, `name-not-resolved`, `access-denied` (of every address). */
  | { readonly function: 'names.addresses'; readonly handle: number };

export const NAME_CALLS: CallArea<NameRequest> = {
  functions: { 'names.resolve': 0x0b01, 'names.addresses': 0x0b02 },
  encode(request, writer) {
    if (request.function === 'names.resolve') writer.bytes(new TextEncoder().encode(request.name));
    else writer.u32(request.handle);
  },
  decode(name, reader) {
    if (name === 'names.addresses') return { function: name, handle: reader.u32() };
    if (reader.remaining > NAME_MAX_BYTES)
      throw new AppCallError('app-call-malformed', `a name of ${reader.remaining} bytes`);
    return { function: name, name: new TextDecoder().decode(reader.rest()) };
  },
};

/** `u8 count`, then `u8 length · address` each, as the `bytes` of a reply. */
export function encodeAddresses(addresses: readonly string[]): Uint8Array {
  const writer = new ByteWriter().u8(addresses.length);
  for (const address of addresses) writeAddress(writer, address);
  return writer.finish();
}

/** Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function decodeAddresses(bytes: Uint8Array): readonly string[] {
  const reader = new ByteReader(bytes);
  const addresses = Array.from({ length: reader.u8() }, () => readAddress(reader));
  reader.end();
  return addresses;
}
