// One call at a time to the broker, over whatever carries bytes. Marshals only: it holds no grant and believes no answer's form.

import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { APP_START_FRAME, decodeAppReply, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { Later } from '../../contracts/core/later.ts';

/** The broker as the stubs see it, in every placement. */
export interface BrokerClient {
  /** At once where the guest has a thread to itself, later where it shares one. Errors: `BrokerErrorCode`, those of app-call.ts, and the carrier's. */
  call(request: AppRequest, expected: AppResult['kind']): Later<AppReply>;
  /** A call that answers nothing and that nobody waits for. For destructors: they can be suspended nowhere. */
  tell(request: AppRequest): void;
}

/** Two one-way streams; every call returns when it is done. */
export interface BlockingStreams {
  write(bytes: Uint8Array): void;
  /** Exactly `length` bytes. Throws at the end of the stream. */
  read(length: number): Uint8Array;
}

export type BrokerErrorCode = 'broker-not-started' | 'broker-reply-malformed' | 'broker-gone' | 'broker-calls-too-many';
/** The OS side broke the protocol. The app cannot go on: its end is the OS's fault. */
export class BrokerError extends CodedError<BrokerErrorCode> {}

export class BrokerPipe implements BrokerClient {
  readonly #streams: BlockingStreams;

  constructor(streams: BlockingStreams) {
    this.#streams = streams;
  }

  /** Waits for the broker's first frame. Errors: `broker-not-started`. */
  awaitStart(): void {
    checkStart(this.#streams.read(APP_START_FRAME.length).subarray(4));
  }

  call(request: AppRequest, expected: AppResult['kind']): AppReply {
    this.#streams.write(encodeAppRequest(request));
    const head = this.#streams.read(4);
    const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
    if (length > APP_FRAME_MAX_BYTES) throw new BrokerError('broker-reply-malformed', `a reply of ${length} bytes`);
    return decodeAppReply(this.#streams.read(length), expected);
  }

  tell(request: AppRequest): void {
    this.call(request, 'none');
  }
}

/** A frame without its length word. Errors: `broker-not-started`. */
export function checkStart(frame: Uint8Array): void {
  if (!sameBytes(frame, APP_START_FRAME.subarray(4))) {
    throw new BrokerError('broker-not-started', 'the first frame is not the start frame');
  }
}
