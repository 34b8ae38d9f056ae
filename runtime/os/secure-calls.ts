// The OS's end of the secure calls: requests to the monitor and its events. Never decides what the monitor alone decides.

import { CodedError } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { SECURE_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { ByteChannel } from '../hil/launch.ts';
import type { SecureReply, SecureRequest, SecureResults } from '../monitor/abi/codec.ts';
import { UNREADABLE_TAG, decodeSecureReply, decodeSecureResult, encodeSecureRequest } from '../monitor/abi/codec.ts';
import type { AppEnded } from '../monitor/abi/records.ts';
import type { SecureCall, SecureCallError } from '../monitor/abi/secure-call.ts';

/** The monitor said no; the code is the monitor's. */
export class SecureCallRefused extends CodedError<SecureCallError> {}

/** The monitor as the OS sees it. */
export interface SecureCalls {
  /** Errors: `SecureCallRefused`. */
  call<Call extends SecureCall>(request: RequestOf<Call>): Promise<SecureResults[Call]>;
}
export type RequestOf<Call extends SecureCall> = SecureRequest & { readonly call: Call };

type Settle = (reply: Extract<SecureReply, { readonly kind: 'reply' }>) => void;

/**
 * Over the secure-call channel. As on the bus, bytes that are no frame throw out of the channel's listener and end the OS.
 *
 * @example
 *   const monitor = new SecureCallClient(channel, (ended) => apps.ended(ended));
 *   const { context } = await monitor.call({ call: 'launch', componentId });
 */
export class SecureCallClient implements SecureCalls {
  readonly #channel: ByteChannel;
  readonly #frames = new FrameStream(SECURE_FRAME_MAX_BYTES);
  readonly #pending = new Map<number, Settle>();
  readonly #onEnded: (ended: AppEnded) => void;
  #lastTag = 0;

  constructor(channel: ByteChannel, onEnded: (ended: AppEnded) => void) {
    this.#channel = channel;
    this.#onEnded = onEnded;
    channel.onBytes((bytes) => this.#receive(bytes));
  }

  /** Calls without their answer yet. */
  get pending(): number {
    return this.#pending.size;
  }

  call<Call extends SecureCall>(request: RequestOf<Call>): Promise<SecureResults[Call]> {
    return new Promise((resolve, reject) => {
      const tag = this.#freeTag();
      const frame = encodeSecureRequest(tag, request);
      this.#pending.set(tag, (reply) => {
        if (!reply.ok) reject(new SecureCallRefused(reply.error, `${request.call}: ${reply.detail}`));
        else resolve(decodeSecureResult(request.call, reply.body));
      });
      this.#channel.send(frame);
    });
  }

  #freeTag(): number {
    do this.#lastTag = this.#lastTag + 1 === UNREADABLE_TAG ? 1 : this.#lastTag + 1;
    while (this.#pending.has(this.#lastTag));
    return this.#lastTag;
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#frames.push(bytes)) {
      const message = decodeSecureReply(frame);
      if (message.kind === 'ended') this.#onEnded(message.ended);
      else {
        const settle = this.#pending.get(message.tag);
        this.#pending.delete(message.tag);
        settle?.(message);
      }
    }
  }
}
