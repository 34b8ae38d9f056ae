// Secure-call frames for both sides, as one table of calls: arguments and result of each. Never carries a frame itself.
//
// The OS: send `encodeSecureRequest(tag, { call: 'launch', componentId })`; cut what comes back with
// `new FrameStream(SECURE_FRAME_MAX_BYTES)`; give each frame to `decodeSecureReply(frame)`. A reply with `ok: true` has a
// `body` that `decodeSecureResult('launch', body)` reads; one with `ok: false` has a `SecureCallError` and a detail.
// The monitor: `decodeSecureRequest(frame)` never throws; answer with `encodeSecureResult`, `encodeSecureError`, `encodeSecureEvent`.

import { ByteReader, ByteWriter } from '../../../contracts/core/bytes.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import { DEVICE_CAPABILITY_BYTES } from '../../../contracts/core/device-capability.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { SECURE_FRAME_MAX_BYTES } from '../../../contracts/core/limits.ts';
import type { Measurement } from '../../../contracts/core/measurement.ts';
import { AbiError } from './abi-error.ts';
import type {
  AppEnded,
  CapabilityFacts,
  DeviceFacts,
  FirewallFacts,
  ImageRecord,
  LaunchedApp,
  Layout,
  ViolationList,
} from './records.ts';
import {
  APP_ENDED,
  CAPABILITY_FACTS,
  COMPONENT_ID,
  DEVICE_FACTS,
  FIREWALL_FACTS,
  IMAGE_RECORD,
  LAUNCHED_APP,
  MEASUREMENT,
  NOTHING,
  VIOLATION_LIST,
  decodeText,
  listOf,
} from './records.ts';
import type { SecureCall, SecureCallError } from './secure-call.ts';
import { ABI_VERSION, SECURE_CALL, SECURE_CALL_ERRORS, SECURE_EVENT } from './secure-call.ts';

/** The most bytes that `stageWrite` and `readImage` carry at once. */
export const SECURE_PART_MAX_BYTES = 32 * 1024;
/** A request that has no readable tag is answered under this one; no client may use it. */
export const UNREADABLE_TAG = 0xffff_ffff;
const DETAIL_MAX_BYTES = 256;

export const IMAGE_SECTION = { metadata: 1, manifest: 2, package: 3 } as const;
export type ImageSection = keyof typeof IMAGE_SECTION;

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
  | { readonly call: 'stop'; readonly context: number }
  /** The 256 bytes of a device capability file. */
  | { readonly call: 'applyCapability'; readonly file: Uint8Array }
  /** The first violation that the caller has not yet seen, counted from 0 since reset. */
  | { readonly call: 'violations'; readonly first: number };
type CallWithArguments =
  'stageBegin' | 'stageWrite' | 'removeImage' | 'launch' | 'readImage' | 'stop' | 'applyCapability' | 'violations';

/** What each call answers. */
export interface SecureResults {
  describe: DeviceFacts;
  measurements: readonly Measurement[];
  stageBegin: void;
  stageWrite: void;
  stageInstall: ImageRecord;
  listImages: readonly ImageRecord[];
  removeImage: void;
  readImage: Uint8Array;
  launch: LaunchedApp;
  stop: void;
  applyCapability: void;
  capability: CapabilityFacts | undefined;
  removeCapability: void;
  firewall: FirewallFacts;
  violations: ViolationList;
  reset: void;
}

/** What a request says; a frame of which nothing better can be said carries the error to answer. */
export type DecodedRequest =
  | { readonly ok: true; readonly tag: number; readonly request: SecureRequest }
  | { readonly ok: false; readonly tag: number; readonly error: SecureCallError; readonly detail: string };

export type SecureReply =
  | { readonly kind: 'reply'; readonly tag: number; readonly ok: true; readonly body: Uint8Array }
  | {
      readonly kind: 'reply';
      readonly tag: number;
      readonly ok: false;
      readonly error: SecureCallError;
      readonly detail: string;
    }
  | { readonly kind: 'ended'; readonly ended: AppEnded };

const RESULTS: { readonly [Call in SecureCall]: Layout<SecureResults[Call]> } = {
  describe: DEVICE_FACTS,
  measurements: listOf(MEASUREMENT),
  stageBegin: NOTHING,
  stageWrite: NOTHING,
  stageInstall: IMAGE_RECORD,
  listImages: listOf(IMAGE_RECORD),
  removeImage: NOTHING,
  readImage: { write: (writer, bytes) => void writer.bytes(bytes), read: (reader) => reader.rest().slice() },
  launch: LAUNCHED_APP,
  stop: NOTHING,
  applyCapability: NOTHING,
  capability: CAPABILITY_FACTS,
  removeCapability: NOTHING,
  firewall: FIREWALL_FACTS,
  violations: VIOLATION_LIST,
  reset: NOTHING,
};

/** With its length word. `tag` 1 to 0xfffffffe, the caller's choice. Errors: `abi-too-large`, `LayoutErrorCode`. */
export function encodeSecureRequest(tag: number, request: SecureRequest): Uint8Array {
  const writer = new ByteWriter().u32(tag).u16(ABI_VERSION).u16(SECURE_CALL[request.call]);
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
      writer.u8(request.context);
      break;
    case 'applyCapability':
      writer.bytes(request.file);
      break;
    case 'violations':
      writer.u32(request.first);
      break;
    default:
      break;
  }
  return framed(writer);
}

/**
 * A frame of any origin, without its length word. Never throws: what cannot be read comes back as the error to answer.
 * Byte fields are copies, so that the sender cannot change them after they were looked at.
 */
export function decodeSecureRequest(frame: Uint8Array): DecodedRequest {
  let tag = UNREADABLE_TAG;
  try {
    const reader = new ByteReader(frame);
    tag = reader.u32() || UNREADABLE_TAG;
    const version = reader.u16();
    const number = reader.u16();
    if (version !== ABI_VERSION)
      return { ok: false, tag, error: 'abi-version-unsupported', detail: `version ${version}` };
    const call = (Object.keys(SECURE_CALL) as SecureCall[]).find((name) => SECURE_CALL[name] === number);
    if (call === undefined) return { ok: false, tag, error: 'call-unknown', detail: `call ${number}` };
    if (tag === UNREADABLE_TAG) throw new AbiError('abi-malformed', 'no tag');
    const request = decodeArguments(call, reader);
    reader.end();
    return { ok: true, tag, request };
  } catch (error) {
    if (isCoded(error)) return { ok: false, tag, error: 'call-malformed', detail: error.message };
    throw error;
  }
}

function decodeArguments(call: SecureCall, reader: ByteReader): SecureRequest {
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
        section: imageSection(reader.u8()),
        offset: reader.u32(),
        length: partLength(reader.u32()),
      };
    case 'stop':
      return { call, context: reader.u8() };
    case 'applyCapability':
      return { call, file: reader.bytes(DEVICE_CAPABILITY_BYTES).slice() };
    case 'violations':
      return { call, first: reader.u32() };
    default:
      return { call };
  }
}

/** A successful reply with its length word. Errors: `abi-too-large`. */
export function encodeSecureResult<Call extends SecureCall>(
  tag: number,
  call: Call,
  result: SecureResults[Call],
): Uint8Array {
  const writer = new ByteWriter().u32(tag).u16(0).u16(0);
  RESULTS[call].write(writer, result);
  return framed(writer);
}

/** A refusal with its length word; the detail is cut to 256 bytes. */
export function encodeSecureError(tag: number, error: SecureCallError, detail: string): Uint8Array {
  const writer = new ByteWriter()
    .u32(tag)
    .u16(SECURE_CALL_ERRORS.indexOf(error) + 1)
    .u16(0);
  return framed(writer.bytes(new TextEncoder().encode(detail).subarray(0, DETAIL_MAX_BYTES)));
}

/** The event of an ended app, with its length word. */
export function encodeSecureEvent(ended: AppEnded): Uint8Array {
  const writer = new ByteWriter().u32(0).u16(SECURE_EVENT.ended).u16(0);
  APP_ENDED.write(writer, ended);
  return framed(writer);
}

/** A frame without its length word. Errors: `abi-malformed`, `LayoutErrorCode`. */
export function decodeSecureReply(frame: Uint8Array): SecureReply {
  const reader = new ByteReader(frame);
  const tag = reader.u32();
  const status = reader.u16();
  reader.u16();
  if (tag === 0) {
    if (status !== SECURE_EVENT.ended) throw new AbiError('abi-malformed', `event ${status}`);
    return { kind: 'ended', ended: APP_ENDED.read(reader) };
  }
  if (status === 0) return { kind: 'reply', tag, ok: true, body: reader.rest() };
  const error = SECURE_CALL_ERRORS[status - 1];
  if (error === undefined) throw new AbiError('abi-malformed', `status ${status}`);
  return { kind: 'reply', tag, ok: false, error, detail: decodeText(reader.rest()) };
}

/** The body of a successful reply to `call`. Errors: `abi-malformed`, `LayoutErrorCode`. */
export function decodeSecureResult<Call extends SecureCall>(call: Call, body: Uint8Array): SecureResults[Call] {
  const reader = new ByteReader(body);
  const result = RESULTS[call].read(reader);
  reader.end();
  return result;
}

function framed(body: ByteWriter): Uint8Array {
  if (body.length > SECURE_FRAME_MAX_BYTES)
    throw new AbiError('abi-too-large', `a frame of ${body.length} bytes`, { fault: 'caller' });
  return new ByteWriter(4 + body.length).u32(body.length).bytes(body.finish()).finish();
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

function imageSection(number: number): ImageSection {
  const section = (Object.keys(IMAGE_SECTION) as ImageSection[]).find((name) => IMAGE_SECTION[name] === number);
  if (section === undefined) throw new AbiError('abi-malformed', `image section ${number}`);
  return section;
}
