// The arguments of each secure call, with their one layout. Never decides whether a request is granted.

import type { ByteReader, ByteWriter } from '../../../contracts/core/bytes.ts';
import { CLAIM_STATEMENT_BYTES } from '../../../contracts/core/claim-statement.ts';
import { DEVICE_CAPABILITY_BYTES } from '../../../contracts/core/device-capability.ts';
import { EVIDENCE_NONCE_BYTES } from '../../../contracts/core/evidence.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import type { OsRecordName } from '../../../contracts/core/os-records.ts';
import { OS_RECORD } from '../../../contracts/core/os-records.ts';
import { TIME_NONCE_BYTES } from '../../../contracts/core/signed-time.ts';
import type { KEYSTORE_FILES } from '../../../contracts/core/trusted-keystore.ts';
import { AbiError } from './abi-error.ts';
import { COMPONENT_ID, flag, keyOf } from './records.ts';
import type { SecureCall } from './secure-call.ts';

/** The most bytes that `stageWrite` and `readImage` carry at once. */
export const SECURE_PART_MAX_BYTES = 32 * 1024;
const SIGNATURE_BYTES = 64;

export const IMAGE_SECTION = { metadata: 1, manifest: 2, package: 3 } as const;
export type ImageSection = keyof typeof IMAGE_SECTION;

/** The keystore image's files, by number. */
export const KEYSTORE_FILE = { tufRoot: 1, serviceCa: 2 } as const satisfies Record<
  keyof typeof KEYSTORE_FILES,
  number
>;
export type KeystoreFileName = keyof typeof KEYSTORE_FILE;

/** A request, by call. */
export type SecureRequest =
  | { readonly call: Exclude<SecureCall, CallWithArguments> }
  | { readonly call: 'stageBegin'; readonly length: number }
  | { readonly call: 'stageWrite'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly call: 'removeImage' | 'launch'; readonly componentId: ComponentId }
  | {
      readonly call: 'readImage';
      readonly componentId: ComponentId;
      readonly section: ImageSection;
      readonly offset: number;
      /** Fewer bytes come at the end of the section, none after it. */
      readonly length: number;
    }
  | { readonly call: 'stop' | 'usage'; readonly context: number }
  /** The 256 bytes of a device capability file. */
  | { readonly call: 'applyCapability'; readonly file: Uint8Array }
  /** The first violation that the caller has not yet seen, counted from 0 since reset. */
  | { readonly call: 'violations'; readonly first: number }
  /** `nonce`: 32, 48 or 64 bytes. `keys`: whether fresh TLS keys are made and claimed, so that certificates can be issued for them. */
  | { readonly call: 'attest'; readonly nonce: Uint8Array; readonly keys: boolean }
  /** What the service answered to `nonce` (32 bytes); the signature is r ‖ s with the lower s. */
  | {
      readonly call: 'setTime';
      readonly nonce: Uint8Array;
      readonly seconds: number;
      readonly signature: Uint8Array;
    }
  /** The 256 bytes of a claim statement. */
  | { readonly call: 'bindClaim'; readonly statement: Uint8Array }
  | { readonly call: 'readRecord'; readonly record: OsRecordName }
  /** An empty record is removed. */
  | { readonly call: 'writeRecord'; readonly record: OsRecordName; readonly bytes: Uint8Array }
  | { readonly call: 'keystoreFile'; readonly file: KeystoreFileName }
  | {
      readonly call: 'readStorage';
      readonly componentId: ComponentId;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly call: 'writeStorage';
      readonly componentId: ComponentId;
      /** Bytes of the whole. */
      readonly total: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly call: 'random'; readonly length: number };
type CallWithArguments =
  | 'stageBegin'
  | 'stageWrite'
  | 'removeImage'
  | 'launch'
  | 'readImage'
  | 'stop'
  | 'usage'
  | 'applyCapability'
  | 'violations'
  | 'attest'
  | 'setTime'
  | 'bindClaim'
  | 'readRecord'
  | 'writeRecord'
  | 'keystoreFile'
  | 'readStorage'
  | 'writeStorage'
  | 'random';

/** Errors: `LayoutErrorCode` for a number outside its field. */
export function writeArguments(writer: ByteWriter, request: SecureRequest): void {
  switch (request.call) {
    case 'stageBegin':
      writer.u32(request.length);
      break;
    case 'stageWrite':
      writer.u32(request.offset).bytes(request.bytes);
      break;
    case 'removeImage':
    case 'launch':
      COMPONENT_ID.write(writer, request.componentId);
      break;
    case 'readImage':
      COMPONENT_ID.write(writer, request.componentId);
      writer.u8(IMAGE_SECTION[request.section]).u32(request.offset).u32(request.length);
      break;
    case 'stop':
    case 'usage':
      writer.u8(request.context);
      break;
    case 'applyCapability':
      writer.bytes(request.file);
      break;
    case 'violations':
      writer.u32(request.first);
      break;
    case 'attest':
      writer.u8(request.keys ? 1 : 0).bytes(request.nonce);
      break;
    case 'setTime':
      writer.bytes(request.nonce).u64(BigInt(request.seconds)).bytes(request.signature);
      break;
    case 'bindClaim':
      writer.bytes(request.statement);
      break;
    case 'readRecord':
      writer.u8(OS_RECORD[request.record]);
      break;
    case 'writeRecord':
      writer.u8(OS_RECORD[request.record]).bytes(request.bytes);
      break;
    case 'keystoreFile':
      writer.u8(KEYSTORE_FILE[request.file]);
      break;
    case 'readStorage':
      COMPONENT_ID.write(writer, request.componentId);
      writer.u32(request.offset).u32(request.length);
      break;
    case 'writeStorage':
      COMPONENT_ID.write(writer, request.componentId);
      writer.u32(request.total).u32(request.offset).bytes(request.bytes);
      break;
    case 'random':
      writer.u32(request.length);
      break;
    default:
      break;
  }
}

/** Byte fields are copies. Errors: `abi-malformed`, `LayoutErrorCode`. */
export function readArguments(call: SecureCall, reader: ByteReader): SecureRequest {
  switch (call) {
    case 'stageBegin':
      return { call, length: reader.u32() };
    case 'stageWrite':
      return { call, offset: reader.u32(), bytes: atMost(SECURE_PART_MAX_BYTES, reader.rest().slice()) };
    case 'removeImage':
    case 'launch':
      return { call, componentId: COMPONENT_ID.read(reader) };
    case 'readImage':
      return {
        call,
        componentId: COMPONENT_ID.read(reader),
        section: keyOf(IMAGE_SECTION, reader.u8()),
        offset: reader.u32(),
        length: partLength(reader.u32()),
      };
    case 'stop':
    case 'usage':
      return { call, context: reader.u8() };
    case 'applyCapability':
      return { call, file: reader.bytes(DEVICE_CAPABILITY_BYTES).slice() };
    case 'violations':
      return { call, first: reader.u32() };
    case 'attest':
      return { call, keys: flag(reader.u8()), nonce: evidenceNonce(reader.rest().slice()) };
    case 'setTime':
      return {
        call,
        nonce: reader.bytes(TIME_NONCE_BYTES).slice(),
        seconds: wholeSeconds(reader.u64()),
        signature: reader.bytes(SIGNATURE_BYTES).slice(),
      };
    case 'bindClaim':
      return { call, statement: reader.bytes(CLAIM_STATEMENT_BYTES).slice() };
    case 'readRecord':
      return { call, record: keyOf(OS_RECORD, reader.u8()) };
    case 'writeRecord':
      // Longer than a record may be: an answer of its own, so the frame is the only bound here.
      return { call, record: keyOf(OS_RECORD, reader.u8()), bytes: reader.rest().slice() };
    case 'keystoreFile':
      return { call, file: keyOf(KEYSTORE_FILE, reader.u8()) };
    case 'readStorage':
      return {
        call,
        componentId: COMPONENT_ID.read(reader),
        offset: reader.u32(),
        length: partLength(reader.u32()),
      };
    case 'writeStorage':
      return {
        call,
        componentId: COMPONENT_ID.read(reader),
        total: reader.u32(),
        offset: reader.u32(),
        bytes: atMost(SECURE_PART_MAX_BYTES, reader.rest().slice()),
      };
    case 'random':
      return { call, length: partLength(reader.u32()) };
    default:
      return { call };
  }
}

function atMost(maxBytes: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length > maxBytes)
    throw new AbiError('abi-malformed', `${bytes.length} bytes at once, ${maxBytes} allowed`);
  return bytes;
}

function partLength(length: number): number {
  if (length > SECURE_PART_MAX_BYTES) throw new AbiError('abi-malformed', `${length} bytes at once`);
  return length;
}

/** RFC 9783, section 4.1.1, names these lengths: nothing else of the caller's choice is ever signed. */
function evidenceNonce(bytes: Uint8Array): Uint8Array {
  if (!EVIDENCE_NONCE_BYTES.includes(bytes.length)) throw new AbiError('abi-malformed', `a nonce of ${bytes.length}`);
  return bytes;
}

/** Beyond 2^53 a number is no longer exact: the time that was signed and the time that is set would be two. */
function wholeSeconds(seconds: bigint): number {
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) throw new AbiError('abi-malformed', `${seconds} seconds`);
  return Number(seconds);
}
