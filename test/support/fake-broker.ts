// Plays the OS's side of a compartment's pipe in a test: records what the app asks and answers as told. It must never be lenient: an
// unreadable request fails the test that made it.

import type { AppReply, AppRequest } from '../../contracts/wire/app-call.ts';
import { APP_START_FRAME, decodeAppRequest, encodeAppReply } from '../../contracts/wire/app-call.ts';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { BlockingStreams } from '../../host-apis/stubs/broker-pipe.ts';

export type Answer = (request: AppRequest) => AppReply;

/** Every call succeeds: handles from 1, level low, time 5 s. */
export function agreeable(): Answer {
  let handles = 0;
  return (request) => {
    switch (request.function) {
      case 'gpio.open-input':
      case 'gpio.open-output':
      case 'timers.create':
        return { ok: true, result: { kind: 'u32', value: ++handles } };
      case 'gpio.get':
        return { ok: true, result: { kind: 'u32', value: 0 } };
      case 'timers.now':
      case 'timers.take-expirations':
        return { ok: true, result: { kind: 'u64', value: 5_000_000_000n } };
      case 'poll.wait':
        return { ok: true, result: { kind: 'wake', value: { kind: 'timed-out' } } };
      default:
        return { ok: true, result: { kind: 'none' } };
    }
  };
}

export class FakeBroker {
  /** What the app asked for; what its runner tells of its memory stands in `told`. */
  readonly requests: AppRequest[] = [];
  readonly told: AppRequest[] = [];
  readonly #answer: Answer;
  readonly #frames = new FrameStream(APP_FRAME_MAX_BYTES);

  constructor(answer: Answer = agreeable()) {
    this.#answer = answer;
  }

  /** Bytes from the app in, bytes for the app out. */
  serve(bytes: Uint8Array): Uint8Array {
    const replies = this.#frames.push(bytes).map((frame) => {
      const request = decodeAppRequest(frame);
      (request.function === 'usage.tell' ? this.told : this.requests).push(request);
      return encodeAppReply(this.#answer(request));
    });
    return concatBytes(...replies);
  }

  /** For a stub in the same thread. */
  streams(): BlockingStreams {
    let pending: Uint8Array = APP_START_FRAME;
    return {
      write: (bytes) => {
        pending = concatBytes(pending, this.serve(bytes));
      },
      read: (length) => {
        if (pending.length < length) throw new Error('the fake broker has no more to say');
        const bytes = pending.subarray(0, length);
        pending = pending.subarray(length);
        return bytes;
      },
    };
  }
}
