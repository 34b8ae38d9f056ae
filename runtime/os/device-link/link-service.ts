// The device link: requests of an attached computer, each behind the right it needs, one after another but for the few that wait for
// the service. Never crashes on what comes over the cable: every frame has a coded answer, and a stream without frames is left alone until the next cable.

import { CodedError } from '../../../contracts/core/coded-error.ts';
import { FrameError, FrameStream } from '../../../contracts/core/frame-stream.ts';
import { DEVICE_LINK_FRAME_MAX_BYTES } from '../../../contracts/core/limits.ts';
import type { LinkErrorBody, LinkReply, LinkRequest } from '../../../contracts/wire/device-link.ts';
import { LINK_METHODS, LinkError, decodeLinkFrame } from '../../../contracts/wire/device-link.ts';
import type { SecureCalls } from '../secure-calls.ts';
import type { Answer, LinkMethodTable } from './link-methods.ts';
import { LONG_METHODS } from './link-methods.ts';
import type { LinkOutbox } from './link-outbox.ts';
import type { ServiceUartDriver } from './service-uart.ts';

export interface LinkServiceParts {
  readonly uart: ServiceUartDriver;
  readonly outbox: LinkOutbox;
  readonly methods: LinkMethodTable;
  readonly monitor: SecureCalls;
  /** Told what nobody expected; the host only learns `internal`. */
  readonly report: (error: unknown) => void;
}

/** Answers a frame that says no id of its own. */
const NO_ID = 0;
/** Requests that wait for the service, of all cables together. */
export const LONG_REQUESTS_MAX = 8;

export class LinkService {
  readonly #parts: LinkServiceParts;
  readonly #frames = new FrameStream(DEVICE_LINK_FRAME_MAX_BYTES);
  /** After a frame that is too large nothing says where the next one begins. */
  #isLost = false;
  #longRequests = 0;

  constructor(parts: LinkServiceParts) {
    this.#parts = parts;
  }

  /** For as long as the OS runs. While a request is worked on, the cable waits: its flow control is our queue. */
  async run(): Promise<never> {
    for (;;) {
      const input = await this.#parts.uart.read();
      if (input.kind === 'new-cable') {
        this.#frames.reset();
        this.#isLost = false;
      } else if (!this.#isLost) await this.#take(input.bytes);
    }
  }

  async #take(bytes: Uint8Array): Promise<void> {
    const { outbox, uart } = this.#parts;
    const { cable } = uart;
    let frames: readonly Uint8Array[];
    try {
      frames = this.#frames.push(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#isLost = true;
      await outbox.reply(
        refusal(NO_ID, { code: 'link-frame-too-large', message: error.message, hint: 'connect again' }),
        cable,
      );
      return;
    }
    for (const frame of frames) await this.#answer(frame, cable);
  }

  /** Waits for the answer of a request that does not wait itself: a service that is slow must not keep the cable from being heard. */
  async #answer(frame: Uint8Array, cable: number): Promise<void> {
    let request: LinkRequest;
    try {
      request = requestOf(frame);
    } catch (error) {
      return this.#parts.outbox.reply(refusal(idOf(error) ?? NO_ID, this.#errorBody(error)), cable);
    }
    const settled = this.#settle(request, cable);
    if (!LONG_METHODS.has(request.method)) await settled;
  }

  async #settle(request: LinkRequest, cable: number): Promise<void> {
    const { id } = request;
    const isLong = LONG_METHODS.has(request.method);
    let reply: LinkReply;
    let afterwards: Answer['afterwards'];
    if (isLong) this.#longRequests++;
    try {
      if (isLong && this.#longRequests > LONG_REQUESTS_MAX) throw tooManyAtOnce();
      const answer = await this.#call(request, cable);
      reply = { id, ok: true, result: answer.result };
      ({ afterwards } = answer);
    } catch (error) {
      reply = refusal(id, this.#errorBody(error));
    }
    if (isLong) this.#longRequests--;
    await this.#parts.outbox.reply(reply, cable);
    await afterwards?.();
  }

  async #call({ method, params }: LinkRequest, cable: number): Promise<Answer> {
    const { monitor, methods, outbox } = this.#parts;
    const right = LINK_METHODS[method];
    if (right !== 'free') {
      // Asked anew every time: a capability can be removed between two requests.
      const capability = await monitor.call({ call: 'capability' });
      if (capability?.rights.includes(right) !== true) {
        const hint = 'apply a device capability file that holds it';
        throw new LinkError('right-missing', `${method} needs the right ${right}`, { hint, details: { right } });
      }
    }
    return methods[method](params, { subscribe: () => outbox.subscribe(cable) });
  }

  /** The edge: codes of the closed unions go out, anything else is opaque to the host and reported inside. */
  #errorBody(error: unknown): LinkErrorBody {
    if (error instanceof CodedError) {
      const { code, message, hint } = error as CodedError;
      return hint === undefined ? { code, message } : { code, message, hint };
    }
    this.#parts.report(error);
    return { code: 'internal', message: 'the device could not do it' };
  }
}

/** Errors: `link-frame-malformed`, `link-method-unknown`. */
function requestOf(frame: Uint8Array): LinkRequest {
  const message = decodeLinkFrame(frame);
  if ('method' in message) return message;
  throw new LinkError('link-frame-malformed', 'a host only sends requests');
}

/** A frame that was understood far enough to have an id is answered under it. */
function idOf(error: unknown): number | undefined {
  const id = error instanceof LinkError ? error.details['id'] : undefined;
  return typeof id === 'number' ? id : undefined;
}

function tooManyAtOnce(): LinkError {
  const hint = 'wait for the answers to the others';
  return new LinkError('link-busy', `${LONG_REQUESTS_MAX} requests wait for the service`, { fault: 'caller', hint });
}

function refusal(id: number, error: LinkErrorBody): LinkReply {
  return { id, ok: false, error };
}
