// The device capability file: rights for exactly one device, signed by its service. Never valid on any other device.

import { ByteReader, ByteWriter, concatBytes, sameBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { DeviceId } from './ids.ts';
import { deviceIdFromBytes, deviceIdToBytes } from './ids.ts';

/**
 * Layout (little-endian), 256 bytes: magic "CSMC" · u16 version = 1 · u16 zero · u64 serial · u32 rights (bits) ·
 * device id (64) · development key (65, or zeros) · zeros to 160 · key id (32) · ECDSA P-256 signature (64).
 * The serial rises with every file of one service; a device never goes back to a lower one.
 */
export const DEVICE_CAPABILITY_BYTES = 256;
const SIGNED_BYTES = 160;
const MAGIC = Uint8Array.of(0x43, 0x53, 0x4d, 0x43);
const SIGNING_CONTEXT = new TextEncoder().encode('casemate device capability v1\0');
export const P256_PUBLIC_KEY_BYTES = 65;

/** Azure Sphere's names. `appDevelopment` lets images count that the file's development key signed. */
export const DEVICE_RIGHT = { appDevelopment: 1, fieldServicing: 2, rfTest: 4 } as const;
export type DeviceRight = keyof typeof DEVICE_RIGHT;

export interface DeviceCapability {
  readonly serial: bigint;
  readonly rights: readonly DeviceRight[];
  readonly deviceId: DeviceId;
  /** SEC 1 uncompressed P-256 point; present exactly when `appDevelopment` is among the rights. */
  readonly developmentKey: Uint8Array | undefined;
}

/** A file whose layout holds; its signature has still to be checked over `signedBytes`. */
export interface SignedDeviceCapability extends DeviceCapability {
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

export type DeviceCapabilityErrorCode =
  | 'capability-size-wrong'
  | 'capability-magic-wrong'
  | 'capability-version-unsupported'
  | 'capability-right-unknown'
  | 'capability-malformed';
export class DeviceCapabilityError extends CodedError<DeviceCapabilityErrorCode> {}

/** The 160 bytes that the service signs; `deviceCapabilitySigningBytes` adds the context. */
export function encodeDeviceCapabilityBody(capability: DeviceCapability): Uint8Array {
  const writer = new ByteWriter(SIGNED_BYTES);
  const rights = capability.rights.reduce((bits, right) => bits | DEVICE_RIGHT[right], 0);
  writer.bytes(MAGIC).u16(1).u16(0).u64(capability.serial).u32(rights).bytes(deviceIdToBytes(capability.deviceId));
  writer.bytes(capability.developmentKey ?? new Uint8Array(P256_PUBLIC_KEY_BYTES));
  return writer.zeros(SIGNED_BYTES - writer.length).finish();
}

export function deviceCapabilitySigningBytes(body: Uint8Array): Uint8Array {
  return concatBytes(SIGNING_CONTEXT, body);
}

/** Errors: `DeviceCapabilityErrorCode`. */
export function decodeDeviceCapability(bytes: Uint8Array): SignedDeviceCapability {
  if (bytes.length !== DEVICE_CAPABILITY_BYTES)
    throw new DeviceCapabilityError('capability-size-wrong', `${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  if (!sameBytes(reader.bytes(4), MAGIC))
    throw new DeviceCapabilityError('capability-magic-wrong', 'not a device capability');
  const version = reader.u16();
  if (version !== 1) throw new DeviceCapabilityError('capability-version-unsupported', `version ${version}`);
  const zero = reader.u16();
  const serial = reader.u64();
  const rights = decodeRights(reader.u32());
  const deviceId = deviceIdFromBytes(reader.bytes(64));
  const key = reader.bytes(P256_PUBLIC_KEY_BYTES);
  const reserved = reader.bytes(SIGNED_BYTES - reader.offset);
  const developmentKey = key.some((byte) => byte !== 0) ? key : undefined;
  const keyIsWanted = rights.includes('appDevelopment');
  if (zero !== 0 || reserved.some((byte) => byte !== 0) || keyIsWanted !== (developmentKey !== undefined)) {
    throw new DeviceCapabilityError(
      'capability-malformed',
      'reserved bytes or the development key do not fit the rights',
    );
  }
  const signedBytes = deviceCapabilitySigningBytes(bytes.subarray(0, SIGNED_BYTES));
  return {
    serial,
    rights,
    deviceId,
    developmentKey,
    keyId: reader.bytes(32),
    signature: reader.bytes(64),
    signedBytes,
  };
}

function decodeRights(bits: number): readonly DeviceRight[] {
  const names = Object.keys(DEVICE_RIGHT) as DeviceRight[];
  const known = names.filter((name) => (bits & DEVICE_RIGHT[name]) !== 0);
  if (known.reduce((sum, name) => sum + DEVICE_RIGHT[name], 0) !== bits) {
    throw new DeviceCapabilityError('capability-right-unknown', `rights ${bits.toString(16)}`);
  }
  return known;
}
