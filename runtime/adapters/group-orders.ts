// The group process's end of the orders: pieces become a module or an image, and every app has one place in it. It opens nothing: pipes and
// orders are descriptors that it was started with.

import { Socket } from 'node:net';
import type { GroupPlacement } from '../../contracts/core/group-frame.ts';
import { GROUP_FRAME_MAX_BYTES, decodeGroupOrder, encodeGroupWord } from '../../contracts/core/group-frame.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { LastWords } from '../../contracts/core/last-words.ts';
import { RUNNER_EXIT, encodeLastWords } from '../../contracts/core/last-words.ts';
import { exitWith } from './engine-modules.ts';

/** Orders and words on 3; then for each context, in the order of the group, requests (to write) and replies (to read). */
export const GROUP_DESCRIPTOR = { control: 3, firstPipe: 4 } as const;

export type GroupEnding =
  LastWords | { readonly kind: 'exit'; readonly exitCode: number } | { readonly kind: 'killed' };

export interface GroupPipes {
  readonly requests: number;
  readonly replies: number;
}

/** What runs the apps of a group. */
export interface GroupHost {
  /** `ended` is called once, also after `kill`. */
  start(context: number, image: Uint8Array, ended: (ending: GroupEnding) => void): void;
  kill(context: number): void;
}

export interface GroupPlaces {
  readonly placement: GroupPlacement;
  readonly pipes: ReadonlyMap<number, GroupPipes>;
}

/** `moduleCode` is what workers run; empty in a thread. */
export type MakeHost = (places: GroupPlaces, moduleCode: () => Uint8Array) => GroupHost;

type OrdersErrorCode = 'group-order-unexpected';
/** The secure world broke the protocol: nothing that it says can be acted on. */
class OrdersError extends CodedError<OrdersErrorCode> {}

interface Delivery {
  readonly bytes: Uint8Array;
  at: number;
}

/** Serves orders until the secure world is gone, which ends the process. */
export function serveOrders(makeHost: MakeHost): void {
  const control = new Socket({ fd: GROUP_DESCRIPTOR.control, readable: true, writable: true });
  const orders = new FrameStream(GROUP_FRAME_MAX_BYTES);
  const deliveries = new Map<number, Delivery>();
  let moduleCode: Uint8Array = new Uint8Array(0);
  let host: GroupHost | undefined;

  function say(context: number, ending: GroupEnding): void {
    const exitCode =
      ending.kind === 'exit' ? ending.exitCode : ending.kind === 'killed' ? undefined : RUNNER_EXIT[ending.kind];
    const lastWords = ending.kind === 'exit' || ending.kind === 'killed' ? '' : encodeLastWords(ending);
    control.write(encodeGroupWord({ context, exitCode, lastWords }));
  }

  function arrived(context: number, bytes: Uint8Array): void {
    deliveries.delete(context);
    if (context === 0) moduleCode = bytes;
    else host?.start(context, bytes, (ending) => say(context, ending));
  }

  function take(frame: Uint8Array): void {
    const order = decodeGroupOrder(frame);
    switch (order.kind) {
      case 'group':
        host = makeHost({ placement: order.placement, pipes: pipesOf(order.contexts) }, () => moduleCode);
        return;
      case 'begin':
        if (order.length > IMAGE_MAX_BYTES) throw new OrdersError('group-order-unexpected', `${order.length} bytes`);
        deliveries.set(order.context, { bytes: new Uint8Array(order.length), at: 0 });
        return;
      case 'piece': {
        const delivery = deliveries.get(order.context);
        if (delivery === undefined || delivery.at + order.bytes.length > delivery.bytes.length)
          throw new OrdersError('group-order-unexpected', `a piece for context ${order.context}`);
        delivery.bytes.set(order.bytes, delivery.at);
        delivery.at += order.bytes.length;
        if (delivery.at === delivery.bytes.length) arrived(order.context, delivery.bytes);
        return;
      }
      case 'kill':
        if (deliveries.delete(order.context)) say(order.context, { kind: 'killed' });
        else host?.kill(order.context);
    }
  }

  control.on('data', (chunk: Buffer) => {
    for (const frame of orders.push(new Uint8Array(chunk))) take(frame);
  });
  control.on('error', () => control.destroy());
  control.once('close', () => exitWith(0));
}

function pipesOf(contexts: readonly number[]): ReadonlyMap<number, GroupPipes> {
  const first = GROUP_DESCRIPTOR.firstPipe;
  return new Map(
    contexts.map((context, index) => [context, { requests: first + 2 * index, replies: first + 2 * index + 1 }]),
  );
}
