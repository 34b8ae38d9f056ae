// The hands and eyes at the bench: presses buttons, drives pins, sees every edge, breaks connections of the radio. Never reaches the
// device but through its pins and the air.

import type { Socket } from 'node:net';
import type { RadioCommand, WorldCommand, WorldEvent } from '../../contracts/wire/world-link.ts';
import { WORLD_LINE_MAX_BYTES } from '../../contracts/wire/world-link.ts';
import { FactoryError } from './factory-error.ts';
import { LineStream } from './line-stream.ts';
import type { Shape } from './shape.ts';
import { ShapeMismatch, list, number, oneOf, record, text, variant } from './shape.ts';
import { connectCable } from './socket-address.ts';

type EventOf<Kind extends WorldEvent['kind']> = Extract<WorldEvent, { readonly kind: Kind }>;

const level: Shape<0 | 1 | null> = (value, path) => {
  if (value === 0 || value === 1 || value === null) return value;
  throw new ShapeMismatch(path, '0, 1 or null');
};
const numberOrNull: Shape<number | null> = (value, path) => (value === null ? null : number(value, path));
const worldEvent: Shape<WorldEvent> = variant<WorldEvent>({
  pin: record<EventOf<'pin'>>({ kind: oneOf('pin'), t: number, pin: number, level, by: oneOf('chip', 'world') }),
  press: record<EventOf<'press'>>({ kind: oneOf('press'), t: number, pin: number }),
  scheduled: record<EventOf<'scheduled'>>({ kind: oneOf('scheduled'), t: number, pin: number, atMs: number }),
  time: record<EventOf<'time'>>({ kind: oneOf('time'), t: number }),
  radio: record<EventOf<'radio'>>({
    kind: oneOf('radio'),
    t: number,
    power: oneOf('on', 'off'),
    cutAfterBytes: numberOrNull,
    delayMs: number,
    hosts: list(text(253)),
  }),
  refused: record<EventOf<'refused'>>({
    kind: oneOf('refused'),
    t: number,
    code: oneOf('command-malformed', 'no-such-part', 'time-is-running', 'time-is-real', 'time-is-past'),
    message: text(1024),
  }),
});

export class WorldClient {
  readonly #socket: Socket;
  readonly #lines = new LineStream(WORLD_LINE_MAX_BYTES);
  readonly #listeners = new Set<(event: WorldEvent) => void>();
  #isClosed = false;
  /** Resolves when the world is gone, with the reason: also what a listener threw. */
  readonly closed: Promise<Error>;

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      const end = (error: unknown): void => {
        this.close();
        resolve(error instanceof Error ? error : lost(error));
      };
      socket.on('data', (chunk: Buffer) => this.#receive(chunk, end));
      socket.on('error', (cause) => end(lost(cause)));
      socket.on('close', () => end(lost()));
    });
  }

  /** Presses the button on this pin of the chip, now or at `atMs` since power-on, and lets it go after `forMs`. */
  press(pin: number, forMs: number, atMs?: number): void {
    this.#send({ do: 'press', pin, forMs, ...(atMs !== undefined && { atMs }) });
  }

  /** Lets virtual time run until there; a `time` event says that it has. */
  run(untilMs: number): void {
    this.#send({ do: 'run', untilMs });
  }

  /** Drives the pin from outside; `null` lets it go. */
  drive(pin: number, level: 0 | 1 | null): void {
    this.#send({ do: 'drive', pin, level });
  }

  /** Switches the access point of the device's radio, or arms a fault there; a `radio` event says how it is then. */
  radio(command: RadioCommand): void {
    this.#send(command);
  }

  /** Hears edges, presses, the radio and refusals from now on; the returned function ends it. */
  onEvent(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  /** Errors: `world-link-closed`. */
  #send(command: WorldCommand): void {
    if (this.#isClosed) throw lost();
    this.#socket.write(`${JSON.stringify(command)}\n`);
  }

  #receive(chunk: Uint8Array, end: (error: unknown) => void): void {
    if (this.#isClosed) return;
    try {
      for (const line of this.#lines.push(chunk)) {
        const event = parseEvent(line);
        for (const listener of this.#listeners) listener(event);
      }
    } catch (error) {
      // Thrown on, it would end the whole process: nobody stands around a socket's listener.
      end(error);
    }
  }
}

/** A client of the world around the device in this folder. Errors: `device-off`. */
export async function connectWorld(folder: string): Promise<WorldClient> {
  return new WorldClient(await connectCable(folder, 'world'));
}

function parseEvent(line: string): WorldEvent {
  try {
    return worldEvent(JSON.parse(line), 'event');
  } catch (cause) {
    if (!(cause instanceof ShapeMismatch || cause instanceof SyntaxError)) throw cause;
    throw new FactoryError('device-reply-malformed', `the world told what this version cannot read: ${cause.message}`, {
      cause,
    });
  }
}

function lost(cause?: unknown): FactoryError {
  return new FactoryError('world-link-closed', 'the connection to the world is closed', { fault: 'world', cause });
}
