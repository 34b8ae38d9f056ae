// Secure-call frames for both sides, as one table of calls: arguments and result of each. Never carries a frame itself.
//
// The OS: send `encodeSecureRequest(tag, { call: 'launch', componentId })`; cut what comes back with
// `new FrameStream(SECURE_FRAME_MAX_BYTES)`; give each frame to `decodeSecureReply(frame)`. A reply with `ok: true` has a
// `body` that `decodeSecureResult('launch', body)` reads; one with `ok: false` has a `SecureCallError` and a detail.
// The monitor: `decodeSecureRequest(frame)` never throws; answer with `encodeSecureResult`, `encodeSecureError`, `encodeSecureEvent`.

import { ByteReader, ByteWriter } from '../../../contracts/core/bytes.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
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
  BYTES,
  CAPABILITY_FACTS,
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
import type { SecureRequest } from './requests.ts';
import { readArguments, writeArguments } from './requests.ts';
import type { SecureCall, SecureCallError } from './secure-call.ts';
import { ABI_VERSION, SECURE_CALL, SECURE_CALL_ERRORS, SECURE_EVENT } from './secure-call.ts';
import type { Attestation, ClaimFacts, TrustedTimeFacts } from './service-records.ts';
import { ATTESTATION, CLAIM_FACTS, RECORD_CONTENT, TIME_NONCE, TRUSTED_TIME_FACTS } from './service-records.ts';

export type { ImageSection, KeystoreFileName, SecureRequest } from './requests.ts';
import type { UsageFacts } from './usage-facts.ts';
import { USAGE_FACTS } from './usage-facts.ts';
export { IMAGE_SECTION, KEYSTORE_FILE, SECURE_PART_MAX_BYTES } from './requests.ts';

/** A request that has no readable tag is answered under this one; no client may use it. */
export const UNREADABLE_TAG = 0xffff_ffff;
const DETAIL_MAX_BYTES = 256;

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
  attest: Attestation;
  timeNonce: Uint8Array;
  setTime: void;
  trustedTime: TrustedTimeFacts;
  bindClaim: void;
  claim: ClaimFacts | undefined;
  readRecord: Uint8Array | undefined;
  writeRecord: void;
  keystoreFile: Uint8Array;
  readStorage: Uint8Array;
  writeStorage: void;
  random: Uint8Array;
  usage: UsageFacts;
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
  readImage: BYTES,
  launch: LAUNCHED_APP,
  stop: NOTHING,
  applyCapability: NOTHING,
  capability: CAPABILITY_FACTS,
  removeCapability: NOTHING,
  firewall: FIREWALL_FACTS,
  violations: VIOLATION_LIST,
  reset: NOTHING,
  attest: ATTESTATION,
  timeNonce: TIME_NONCE,
  setTime: NOTHING,
  trustedTime: TRUSTED_TIME_FACTS,
  bindClaim: NOTHING,
  claim: CLAIM_FACTS,
  readRecord: RECORD_CONTENT,
  writeRecord: NOTHING,
  keystoreFile: BYTES,
  readStorage: BYTES,
  writeStorage: NOTHING,
  random: BYTES,
  usage: USAGE_FACTS,
};

/** With its length word. `tag` 1 to 0xfffffffe, the caller's choice. Errors: `abi-too-large`, `LayoutErrorCode`. */
export function encodeSecureRequest(tag: number, request: SecureRequest): Uint8Array {
  const writer = new ByteWriter().u32(tag).u16(ABI_VERSION).u16(SECURE_CALL[request.call]);
  writeArguments(writer, request);
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
    const request = readArguments(call, reader);
    reader.end();
    return { ok: true, tag, request };
  } catch (error) {
    if (isCoded(error)) return { ok: false, tag, error: 'call-malformed', detail: error.message };
    throw error;
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
