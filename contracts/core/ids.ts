// Identities with one spelling each, so that two spellings of one id never pass for two. Never invents an id.

import { CodedError } from './coded-error.ts';

declare const brand: unique symbol;
/** A GUID, lower case with hyphens. Azure Sphere manifests carry either case; comparing is on this form. */
export type ComponentId = string & { readonly [brand]: 'ComponentId' };
/** An image's id: derived from what is signed, see `imageIdOf` in image.ts. Lower-case GUID form. */
export type ImageId = string & { readonly [brand]: 'ImageId' };
/** SHA-512 of the identity public key's SubjectPublicKeyInfo, 128 lower-case hex digits. */
export type DeviceId = string & { readonly [brand]: 'DeviceId' };

export type IdErrorCode = 'id-malformed';
export class IdError extends CodedError<IdErrorCode> {}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DEVICE = /^[0-9a-f]{128}$/;

/** Any letter case in, the one spelling out; `undefined` if it is no GUID. */
export function parseComponentId(text: string): ComponentId | undefined {
  const lower = text.toLowerCase();
  return GUID.test(lower) ? (lower as ComponentId) : undefined;
}

export function parseDeviceId(text: string): DeviceId | undefined {
  const lower = text.toLowerCase();
  return DEVICE.test(lower) ? (lower as DeviceId) : undefined;
}

/** 16 bytes in the order they are written (RFC 9562), not the mixed-endian form of Windows. */
export function componentIdToBytes(id: ComponentId): Uint8Array {
  return hexToBytes(id.replaceAll('-', ''));
}

export function componentIdFromBytes(bytes: Uint8Array): ComponentId {
  return guid(bytes) as ComponentId;
}

export function imageIdFromBytes(bytes: Uint8Array): ImageId {
  return guid(bytes) as ImageId;
}

/** 64 bytes of a SHA-512. */
export function deviceIdFromBytes(bytes: Uint8Array): DeviceId {
  if (bytes.length !== 64) throw new IdError('id-malformed', `a device id has 64 bytes, not ${bytes.length}`);
  return bytesToHex(bytes) as DeviceId;
}

export function deviceIdToBytes(id: DeviceId): Uint8Array {
  return hexToBytes(id);
}

export function bytesToHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** Lower- or upper-case hex of whole bytes. Errors: `id-malformed`. */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex))
    throw new IdError('id-malformed', 'not hex digits of whole bytes');
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

function guid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new IdError('id-malformed', `a GUID has 16 bytes, not ${bytes.length}`);
  const hex = bytesToHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
