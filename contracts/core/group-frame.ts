// What the secure world and a process with several apps of one signer say to each other. Fixed frames: the monitor's side reads words of
// a process that runs guests, and believes nothing of them but which of its own apps has ended.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CONTEXTS } from './chip.ts';
import { CodedError } from './coded-error.ts';

/**
 * Frame: u32 length of what follows · u8 kind · u8 context · u16 zero · rest.
 * - `group` (rest: u8 placement, then the contexts) comes first.
 * - `begin` (rest: u32 length) opens what the pieces make up: for context 0 the module that its workers run, for any other the
 *   image of the app that starts there with its last piece.
 * - `ended` (rest: u16 how, then last words): 0 to 255 the exit code, 256 killed as it was told to.
 */
const KIND = { group: 1, begin: 2, piece: 3, kill: 4, ended: 5 } as const;

/** Where guests of a group run: each in a worker of its own, or all of them in one thread. */
export const GROUP_PLACEMENTS = ['worker', 'thread'] as const;
export type GroupPlacement = (typeof GROUP_PLACEMENTS)[number];

/** To the process. The first is `group`; descriptors of the contexts' pipes follow in its order. */
export type GroupOrder =
  | { readonly kind: 'group'; readonly placement: GroupPlacement; readonly contexts: readonly number[] }
  | { readonly kind: 'begin'; readonly context: number; readonly length: number }
  | { readonly kind: 'piece'; readonly context: number; readonly bytes: Uint8Array }
  | { readonly kind: 'kill'; readonly context: number };

/** From the process: an app of it is gone. `exitCode` undefined: killed. */
export interface GroupWord {
  readonly context: number;
  readonly exitCode: number | undefined;
  readonly lastWords: string;
}

export type GroupFrameErrorCode = 'group-frame-malformed';
export class GroupFrameError extends CodedError<GroupFrameErrorCode> {}

/** After the length word. */
export const GROUP_FRAME_MAX_BYTES = 64 * 1024;
export const GROUP_PIECE_MAX_BYTES = GROUP_FRAME_MAX_BYTES - 4;
const LAST_WORDS_MAX_BYTES = 4096;
const KILLED = 256;

/** With its length word. */
export function encodeGroupOrder(order: GroupOrder): Uint8Array {
  switch (order.kind) {
    case 'group':
      return framed(KIND.group, 0, Uint8Array.of(GROUP_PLACEMENTS.indexOf(order.placement), ...order.contexts));
    case 'begin':
      return framed(KIND.begin, order.context, new ByteWriter().u32(order.length).finish());
    case 'piece':
      return framed(KIND.piece, order.context, order.bytes);
    case 'kill':
      return framed(KIND.kill, order.context, new Uint8Array(0));
  }
}

/** Bytes as the orders that bring them, in their order. */
export function deliver(context: number, bytes: Uint8Array): readonly GroupOrder[] {
  const orders: GroupOrder[] = [{ kind: 'begin', context, length: bytes.length }];
  for (let at = 0; at < bytes.length; at += GROUP_PIECE_MAX_BYTES) {
    orders.push({ kind: 'piece', context, bytes: bytes.subarray(at, at + GROUP_PIECE_MAX_BYTES) });
  }
  return orders;
}

/** A frame without its length word. Errors: `group-frame-malformed`, `LayoutErrorCode`. */
export function decodeGroupOrder(frame: Uint8Array): GroupOrder {
  const { kind, context, reader } = head(frame);
  switch (kind) {
    case KIND.group: {
      const placement = GROUP_PLACEMENTS[reader.u8()];
      const contexts = [...reader.rest()];
      if (context !== 0 || placement === undefined || !contexts.every(isAppContext)) throw malformed('a group');
      return { kind: 'group', placement, contexts };
    }
    case KIND.begin: {
      const length = reader.u32();
      reader.end();
      return { kind: 'begin', context, length };
    }
    case KIND.piece:
      return { kind: 'piece', context, bytes: reader.rest().slice() };
    case KIND.kill:
      reader.end();
      return { kind: 'kill', context };
    default:
      throw malformed(`an order of kind ${kind}`);
  }
}

/** With its length word; longer last words lose their beginning. */
export function encodeGroupWord({ context, exitCode, lastWords }: GroupWord): Uint8Array {
  const words = new TextEncoder().encode(lastWords).subarray(-LAST_WORDS_MAX_BYTES);
  return framed(
    KIND.ended,
    context,
    new ByteWriter()
      .u16(exitCode ?? KILLED)
      .bytes(words)
      .finish(),
  );
}

/** A frame without its length word, of any origin. Errors: `group-frame-malformed`, `LayoutErrorCode`. */
export function decodeGroupWord(frame: Uint8Array): GroupWord {
  const { kind, context, reader } = head(frame);
  const how = reader.u16();
  const words = reader.rest();
  if (kind !== KIND.ended || !isAppContext(context) || how > KILLED || words.length > LAST_WORDS_MAX_BYTES) {
    throw malformed('a word');
  }
  const lastWords = new TextDecoder('utf-8', { ignoreBOM: true }).decode(words);
  return { context, exitCode: how === KILLED ? undefined : how, lastWords };
}

function head(frame: Uint8Array): { readonly kind: number; readonly context: number; readonly reader: ByteReader } {
  const reader = new ByteReader(frame);
  const kind = reader.u8();
  const context = reader.u8();
  if (reader.u16() !== 0 || context >= CONTEXTS) throw malformed('a head');
  return { kind, context, reader };
}

function framed(kind: number, context: number, rest: Uint8Array): Uint8Array {
  return new ByteWriter(8 + rest.length)
    .u32(4 + rest.length)
    .u8(kind)
    .u8(context)
    .u16(0)
    .bytes(rest)
    .finish();
}

function isAppContext(context: number): boolean {
  return context > 0 && context < CONTEXTS;
}

function malformed(what: string): GroupFrameError {
  return new GroupFrameError('group-frame-malformed', `${what} that is none`);
}
