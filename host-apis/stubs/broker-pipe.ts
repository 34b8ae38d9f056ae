// One call at a time to the broker, over whatever carries bytes. Marshals only: it holds no grant and believes no answer's form.

import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { APP_START_FRAME, decodeAppReply, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';

/** Two one-way streams; every call returns when it is done. */
export interface BlockingStreams {
  write(bytes: Uint8Array): void;
  /** Exactly `length` bytes. Throws at the end of the stream. */
  read(length: number): Uint8Array;
}

export type BrokerErrorCode = 'broker-not-started' | 'broker-reply-malformed';
/** The OS side broke the protocol. The app cannot go on: its end is the OS's fault. */
export class BrokerError extends CodedError<BrokerErrorCode> {}

export class BrokerPipe {
  readonly #streams: BlockingStreams;

  constructor(streams: BlockingStreams) {
    this.#streams = streams;
  }

  /** Waits for the broker's first frame. Errors: `broker-not-started`. */
  awaitStart(): void {
    if (!sameBytes(this.#streams.read(APP_START_FRAME.length), APP_START_FRAME)) {
      throw new BrokerError('broker-not-started', 'the first frame is not the start frame');
    }
  }

  /** Errors: `broker-reply-malformed`, codes of app-call.ts, and what the streams throw. */
  call(request: AppRequest, expected: AppResult['kind']): AppReply {
    this.#streams.write(encodeAppRequest(request));
    const head = this.#streams.read(4);
    const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
    if (length > APP_FRAME_MAX_BYTES) throw new BrokerError('broker-reply-malformed', `a reply of ${length} bytes`);
    return decodeAppReply(this.#streams.read(length), expected);
  }
}
