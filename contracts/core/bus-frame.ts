// Bus transactions between the normal world and the silicon, as frames on a stream. Never a secure call.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { BUS_MAX_BYTES } from './limits.ts';

/**
 * Every frame: u32 length of what follows, u32 tag, then by direction:
 * request u8 operation (1 read, 2 write), u8 context, u16 zero, u32 address, then u32 count (read) or the bytes (write);
 * reply u8 status, u24 zero, then the bytes read. An interrupt is a reply with tag 0, status 255 and a u32 line.
 * The master is not in the frame: it is what the stream is wired to.
 */
export const BUS_STATUS = { ok: 0, denied: 1, noDevice: 2, badAccess: 3, fifoFull: 4 } as const;
export type BusStatus = keyof typeof BUS_STATUS;
const INTERRUPT_STATUS = 255;
/** Largest frame after its length word. */
export const BUS_FRAME_MAX_BYTES = BUS_MAX_BYTES + 16;

export interface BusRead {
  readonly operation: 'read';
  readonly tag: number;
  readonly context: number;
  readonly address: number;
  readonly count: number;
}
export interface BusWrite {
  readonly operation: 'write';
  readonly tag: number;
  readonly context: number;
  readonly address: number;
  readonly bytes: Uint8Array;
}
export type BusRequest = BusRead | BusWrite;
export interface BusReply {
  readonly kind: 'reply';
  readonly tag: number;
  readonly status: BusStatus;
  readonly bytes: Uint8Array;
}
export interface BusInterrupt {
  readonly kind: 'interrupt';
  readonly line: number;
}

export type BusFrameErrorCode = 'bus-frame-malformed';
export class BusFrameError extends CodedError<BusFrameErrorCode> {}

export function encodeBusRequest(request: BusRequest): Uint8Array {
  const writer = new ByteWriter();
  const body = request.operation === 'read' ? new ByteWriter().u32(request.count).finish() : request.bytes;
  writer
    .u32(12 + body.length)
    .u32(request.tag)
    .u8(request.operation === 'read' ? 1 : 2)
    .u8(request.context)
    .u16(0);
  return writer.u32(request.address).bytes(body).finish();
}

/** A frame without its length word. Errors: `bus-frame-malformed`, `LayoutErrorCode`. */
export function decodeBusRequest(frame: Uint8Array): BusRequest {
  const reader = new ByteReader(frame);
  const tag = reader.u32();
  const operation = reader.u8();
  const context = reader.u8();
  const zero = reader.u16();
  const address = reader.u32();
  if (zero !== 0 || tag === 0) throw new BusFrameError('bus-frame-malformed', 'tag 0 or reserved bits');
  if (operation === 1) {
    const count = reader.u32();
    reader.end();
    if (count > BUS_MAX_BYTES) throw new BusFrameError('bus-frame-malformed', `a read of ${count} bytes`);
    return { operation: 'read', tag, context, address, count };
  }
  if (operation !== 2 || reader.remaining > BUS_MAX_BYTES)
    throw new BusFrameError('bus-frame-malformed', `operation ${operation}`);
  return { operation: 'write', tag, context, address, bytes: reader.rest() };
}

export function encodeBusReply(reply: Omit<BusReply, 'kind'>): Uint8Array {
  const writer = new ByteWriter().u32(8 + reply.bytes.length).u32(reply.tag);
  return writer.u8(BUS_STATUS[reply.status]).zeros(3).bytes(reply.bytes).finish();
}

export function encodeBusInterrupt(line: number): Uint8Array {
  return new ByteWriter().u32(12).u32(0).u8(INTERRUPT_STATUS).zeros(3).u32(line).finish();
}

/** A frame without its length word. Errors: `bus-frame-malformed`, `LayoutErrorCode`. */
export function decodeBusReply(frame: Uint8Array): BusReply | BusInterrupt {
  const reader = new ByteReader(frame);
  const tag = reader.u32();
  const statusNumber = reader.u8();
  reader.bytes(3);
  if (tag === 0 && statusNumber === INTERRUPT_STATUS) return { kind: 'interrupt', line: reader.u32() };
  const status = (Object.keys(BUS_STATUS) as BusStatus[]).find((name) => BUS_STATUS[name] === statusNumber);
  if (status === undefined) throw new BusFrameError('bus-frame-malformed', `status ${statusNumber}`);
  return { kind: 'reply', tag, status, bytes: reader.rest() };
}
