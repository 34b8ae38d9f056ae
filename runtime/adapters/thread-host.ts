// Apps of a group in this one thread, each with its own pipe to the broker. Never lets one of them keep the event loop: an order to end is seen
// after at most a quantum of each that computes.

import type { GroupEnding, GroupHost, GroupPipes } from './group-orders.ts';
import type { CompartmentPipe } from '../os/compartment-pipes.ts';
import { ContextReplies, takeAll } from './context-replies.ts';
import { sha256 } from './engine-modules.ts';
import { openCompartmentPipe } from './os-compartment-pipe.ts';

/** Lets the event loop look at its descriptors: an immediate that is set by another one runs only after that. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** An app that shares the thread. */
export interface GuestInThread {
  readonly ended: Promise<GroupEnding>;
  kill(): void;
}

/** What a guest in this thread is made of: its bytes, its way to the broker, and how it lets the others have their turn. */
export interface GuestParts {
  readonly image: Uint8Array;
  readonly carrier: {
    send(bytes: Uint8Array): boolean;
    onBytes(listener: (bytes: Uint8Array) => void): void;
    onClosed(listener: () => void): void;
  };
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly turn: () => Promise<void>;
}

interface Place {
  readonly pipe: CompartmentPipe;
  readonly descriptor: number;
  readonly replies: ContextReplies;
  app: GuestInThread | undefined;
}

export class ThreadHost implements GroupHost {
  readonly #places: ReadonlyMap<number, Place>;

  readonly #startGuest: (parts: GuestParts) => GuestInThread;

  constructor(pipes: ReadonlyMap<number, GroupPipes>, startGuest: (parts: GuestParts) => GuestInThread) {
    this.#startGuest = startGuest;
    this.#places = new Map([...pipes].map(([context, ends]) => [context, openPlace(ends)]));
  }

  start(context: number, image: Uint8Array, ended: (ending: GroupEnding) => void): void {
    const place = this.#places.get(context);
    if (place === undefined) return ended({ kind: 'refused', code: 'launch-failed', detail: 'no such context here' });
    const carrier = {
      send: (bytes: Uint8Array) => place.pipe.send(bytes),
      onBytes: (listener: (bytes: Uint8Array) => void) => place.replies.attach(listener),
      // The pipes of all contexts end with the device, and the process with them.
      onClosed: () => undefined,
    };
    const app = this.#startGuest({ image, carrier, sha256, turn });
    place.app = app;
    void app.ended.then((ending) => {
      place.app = undefined;
      place.replies.detach(takeAll(place.descriptor));
      ended(ending);
    });
  }

  kill(context: number): void {
    this.#places.get(context)?.app?.kill();
  }
}

function openPlace({ requests, replies: descriptor }: GroupPipes): Place {
  // The same pipe from its other end: replies are what comes in here.
  const pipe = openCompartmentPipe(descriptor, requests);
  const replies = new ContextReplies();
  pipe.onBytes((bytes) => replies.push(bytes));
  return { pipe, descriptor, replies, app: undefined };
}
