// The broker for a guest that shares its thread: a call answers with a promise. As in the blocking form the app has one call on its way,
// never two: what comes meanwhile stands in line.

import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { decodeAppReply, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { BrokerError, checkStart } from './broker-pipe.ts';

/** What carries the bytes of one app, both ways. */
export interface AppCarrier {
  /** False: its room is used up, the broker does not read. */
  send(bytes: Uint8Array): boolean;
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Once, when the other end is gone. */
  onClosed(listener: () => void): void;
}

/** Calls in line behind the one on its way. A guest is suspended in one of them; the others are handles that it dropped. */
const IN_LINE_MAX = 1024;

interface Waiting {
  readonly request: Uint8Array;
  readonly expected: AppResult['kind'];
  readonly resolve: (reply: AppReply) => void;
  readonly reject: (cause: unknown) => void;
}

export class BrokerStream implements BrokerClient {
  readonly #carrier: AppCarrier;
  readonly #frames = new FrameStream(APP_FRAME_MAX_BYTES);
  readonly #line: Waiting[] = [];
  #onWay: Waiting | undefined;
  #start: { readonly resolve: () => void; readonly reject: (cause: unknown) => void } | undefined;
  #started = false;
  #end: { readonly cause: unknown } | undefined;

  constructor(carrier: AppCarrier) {
    this.#carrier = carrier;
    carrier.onBytes((bytes) => this.#receive(bytes));
    carrier.onClosed(() => this.end(new BrokerError('broker-gone', 'the broker is gone', { fault: 'world' })));
  }

  /** Resolves with the broker's first frame. Errors: `broker-not-started`, `broker-gone`. */
  awaitStart(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) reject(asError(this.#end.cause));
      else if (this.#started) resolve();
      else this.#start = { resolve, reject };
    });
  }

  call(request: AppRequest, expected: AppResult['kind']): Promise<AppReply> {
    return new Promise((resolve, reject) =>
      this.#queue({ request: encodeAppRequest(request), expected, resolve, reject }),
    );
  }

  tell(request: AppRequest): void {
    const ignore = (): void => undefined;
    // A broker that is gone, or too many of these: whoever calls next, or waits now, is told.
    const reject = (cause: unknown): void => this.end(cause);
    this.#queue({ request: encodeAppRequest(request), expected: 'none', resolve: ignore, reject });
  }

  /** Nothing is asked and nothing answered any more: all that wait get this cause. */
  end(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    const waiting = [...(this.#onWay === undefined ? [] : [this.#onWay]), ...this.#line];
    this.#onWay = undefined;
    this.#line.length = 0;
    this.#start?.reject(cause);
    for (const { reject } of waiting) reject(cause);
  }

  #queue(waiting: Waiting): void {
    if (this.#end !== undefined) {
      waiting.reject(this.#end.cause);
      return;
    }
    if (this.#line.length >= IN_LINE_MAX) {
      waiting.reject(new BrokerError('broker-calls-too-many', `${IN_LINE_MAX} calls in line`));
      return;
    }
    this.#line.push(waiting);
    this.#next();
  }

  #next(): void {
    if (this.#onWay !== undefined) return;
    this.#onWay = this.#line.shift();
    if (this.#onWay === undefined) return;
    if (!this.#carrier.send(this.#onWay.request)) this.end(new BrokerError('broker-gone', 'the broker does not read'));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    try {
      for (const frame of this.#frames.push(bytes)) this.#take(frame);
    } catch (cause) {
      this.end(cause);
    }
  }

  #take(frame: Uint8Array): void {
    if (!this.#started) {
      checkStart(frame);
      this.#started = true;
      this.#start?.resolve();
      return;
    }
    const waiting = this.#onWay;
    if (waiting === undefined) throw new BrokerError('broker-reply-malformed', 'a reply to no call');
    const reply = decodeAppReply(frame, waiting.expected);
    this.#onWay = undefined;
    waiting.resolve(reply);
    this.#next();
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
