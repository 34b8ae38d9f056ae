// One cable to a device's service UART: requests, their replies, and what the device tells. Never believes a reply: whoever
// asks hands in the shape that the answer must have.

import type { Socket } from 'node:net';
import type { CodedError } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { DEVICE_LINK_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { DeviceEvent, LinkMethod, LinkReply } from '../../contracts/wire/device-link.ts';
import { decodeLinkFrame, encodeLinkFrame } from '../../contracts/wire/device-link.ts';
import { deviceEvent } from './device-shapes.ts';
import { FactoryError, RelayedRefusal } from './factory-error.ts';
import type { Shape } from './shape.ts';
import { ShapeMismatch } from './shape.ts';

export interface RequestOptions {
  /** Default 30 s. */
  readonly timeoutMs?: number;
}

interface Waiting {
  readonly settle: (reply: LinkReply) => void;
  readonly fail: (error: Error) => void;
}

const TIMEOUT_MS = 30_000;
const CODE = /^[a-z][a-z0-9-]{0,63}$/;
const MESSAGE_MAX = 1024;

export class DeviceLink {
  readonly #socket: Socket;
  readonly #frames = new FrameStream(DEVICE_LINK_FRAME_MAX_BYTES);
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: DeviceEvent) => void>();
  #nextId = 1;
  #end: Error | undefined;
  /** Resolves when the cable is gone, with the reason: also what a listener threw. */
  readonly closed: Promise<Error>;

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      const end = (error: Error): void => {
        this.#close(error);
        resolve(this.#end ?? error);
      };
      socket.on('data', (chunk: Buffer) => this.#receive(chunk, end));
      socket.on('error', (cause) => end(lost(cause)));
      socket.on('close', () => end(lost()));
    });
  }

  /**
   * The checked result of one call. Errors: `RelayedRefusal` with the device's own code (a missing right is `right-missing`),
   * `device-reply-malformed`, `device-link-timeout`, `device-link-closed`.
   */
  async request<Result>(
    method: LinkMethod,
    params: Readonly<Record<string, unknown>>,
    shape: Shape<Result>,
    options: RequestOptions = {},
  ): Promise<Result> {
    const reply = await this.#exchange(method, params, options.timeoutMs ?? TIMEOUT_MS);
    if (!reply.ok) throw refusalOf(reply.error);
    return checked(shape, reply.result, method);
  }

  /** Hears every event from now on (after `events.subscribe`); the returned function ends it. */
  onEvent(listener: (event: DeviceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Pulls the cable. */
  close(): void {
    this.#close(lost());
  }

  #exchange(method: LinkMethod, params: Readonly<Record<string, unknown>>, timeoutMs: number): Promise<LinkReply> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const id = this.#nextId++;
      const frame = encodeLinkFrame({ id, method, params });
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new FactoryError('device-link-timeout', `no answer to ${method} in ${timeoutMs} ms`, {
            details: { method, timeoutMs },
          }),
        );
      }, timeoutMs);
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        settle: (reply) => (finish(), resolve(reply)),
        fail: (error) => (finish(), reject(error)),
      });
      this.#socket.write(frame);
    });
  }

  #receive(chunk: Uint8Array, end: (error: Error) => void): void {
    if (this.#end !== undefined) return;
    let messages: readonly DeviceMessage[];
    try {
      messages = this.#frames.push(chunk).map(decodeMessage);
    } catch (error) {
      // After one frame that makes no sense, nothing says where the next one begins.
      end(error instanceof FactoryError ? error : malformed((error as Error).message, error));
      return;
    }
    for (const message of messages) {
      if ('event' in message) this.#tell(message.event, end);
      // A reply to nothing is one that came after its time: nobody waits for it any more.
      else this.#waiting.get(message.id)?.settle(message);
    }
  }

  #tell(event: DeviceEvent, end: (error: Error) => void): void {
    try {
      for (const listener of this.#listeners) listener(event);
    } catch (error) {
      // Thrown on, it would end the whole process: nobody stands around a socket's listener.
      end(error instanceof Error ? error : lost(error));
    }
  }

  #close(error: Error): void {
    this.#end ??= error;
    this.#socket.destroy();
    for (const { fail } of [...this.#waiting.values()]) fail(this.#end);
  }
}

type DeviceMessage = LinkReply | { readonly event: DeviceEvent };

/** Errors: `device-reply-malformed` and those of `decodeLinkFrame`. */
function decodeMessage(frame: Uint8Array): DeviceMessage {
  const message = decodeLinkFrame(frame);
  if ('event' in message) return { event: checked(deviceEvent, message.event, 'event') };
  if ('method' in message) throw malformed('a device asked something');
  return message;
}

/** The device's own words, with nothing in them that a terminal would obey. */
function refusalOf(error: {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly hint?: unknown;
}): CodedError {
  const { code, message, hint } = error;
  if (typeof code !== 'string' || !CODE.test(code)) return malformed('a refusal without a code');
  return new RelayedRefusal(code, printable(message), hint === undefined ? {} : { hint: printable(hint) });
}

function printable(value: unknown): string {
  const words = typeof value === 'string' ? value.slice(0, MESSAGE_MAX) : '';
  return words.replaceAll(/\p{Cc}+/gu, ' ');
}

function checked<Value>(shape: Shape<Value>, value: unknown, what: string): Value {
  try {
    return shape(value, what);
  } catch (error) {
    if (error instanceof ShapeMismatch) throw malformed(error.message, error);
    throw error;
  }
}

function malformed(what: string, cause?: unknown): FactoryError {
  return new FactoryError('device-reply-malformed', `the device sent what this version cannot read: ${what}`, {
    hint: 'does the OS on the device belong to this version of Casemate?',
    cause,
  });
}

function lost(cause?: unknown): FactoryError {
  return new FactoryError('device-link-closed', 'the connection to the device is closed', { fault: 'world', cause });
}
