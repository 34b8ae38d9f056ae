// Apps of a group, each in a worker of its own: it blocks where it waits, and is ended by ending its worker. Never gives a worker an environment
// or any right of the host: without being told so a worker has every right that its process does not.

import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { blockingWrite } from './compartment-descriptors.ts';
import { sha256 } from './engine-modules.ts';
import { ContextReplies, takeAll } from './context-replies.ts';
import type { GroupEnding, GroupHost, GroupPipes } from './group-orders.ts';
import { openCompartmentPipe } from './os-compartment-pipe.ts';
import { ReplyReader, ReplyWriter, newReplyWindow } from './reply-window.ts';

interface WorkerApp {
  readonly image: Uint8Array;
  readonly requests: number;
  readonly replies: SharedArrayBuffer;
}

/** JavaScript heap of an app's worker, MiB: as for a compartment's process. */
const HEAP_MIB = 64;

/** A worker with an empty list is outside the permission model: it has rights that its process does not have. */
export const WORKER_FLAGS = ['--permission'];

interface Place {
  readonly pipes: GroupPipes;
  readonly replies: ContextReplies;
  worker: Worker | undefined;
}

export class WorkerHost implements GroupHost {
  readonly #places: ReadonlyMap<number, Place>;
  readonly #moduleCode: () => Uint8Array;
  #moduleUrl: URL | undefined;

  constructor(pipes: ReadonlyMap<number, GroupPipes>, moduleCode: () => Uint8Array) {
    this.#moduleCode = moduleCode;
    this.#places = new Map([...pipes].map(([context, ends]) => [context, openPlace(ends)]));
  }

  start(context: number, image: Uint8Array, ended: (ending: GroupEnding) => void): void {
    const place = this.#places.get(context);
    if (place === undefined) return ended({ kind: 'refused', code: 'launch-failed', detail: 'no such context here' });
    const replies = newReplyWindow();
    const writer = new ReplyWriter(replies);
    place.replies.attach((frame) => writer.push(frame));
    const app: WorkerApp = { image, requests: place.pipes.requests, replies };
    const worker = new Worker(this.#module(), {
      workerData: app,
      env: {},
      execArgv: WORKER_FLAGS,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    place.worker = worker;
    let ending: GroupEnding = { kind: 'killed' };
    worker.once('message', (message: GroupEnding) => {
      ending = message;
    });
    worker.once('error', (error: Error) => {
      ending = { kind: 'refused', code: 'runner-failed', detail: error.message };
    });
    worker.once('exit', () => {
      place.worker = undefined;
      place.replies.detach(takeAll(place.pipes.replies));
      ended(ending);
    });
  }

  kill(context: number): void {
    void this.#places.get(context)?.worker?.terminate();
  }

  #module(): URL {
    this.#moduleUrl ??= new URL(`data:text/javascript;base64,${Buffer.from(this.#moduleCode()).toString('base64')}`);
    return this.#moduleUrl;
  }
}

function openPlace(pipes: GroupPipes): Place {
  const replies = new ContextReplies();
  // Only read here: a worker writes its requests itself.
  openCompartmentPipe(pipes.replies, pipes.requests).onBytes((bytes) => replies.push(bytes));
  return { pipes, replies, worker: undefined };
}

/** Whether this module runs in one of the workers, and not in the thread that has the orders. */
export const IS_WORKER = !isMainThread;

/** One app and its way to the broker, every call of which blocks. */
export interface GuestInWorker {
  readonly readImage: () => Uint8Array;
  readonly broker: { write(bytes: Uint8Array): void; read(length: number): Uint8Array };
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

/** In a worker: one app from its bytes to its ending. */
export function runInWorker(run: (guest: GuestInWorker) => GroupEnding): void {
  const { image, requests, replies } = workerData as WorkerApp;
  const reader = new ReplyReader(replies);
  const broker = {
    write: (bytes: Uint8Array): void => blockingWrite(requests, bytes),
    read: (length: number): Uint8Array => reader.read(length),
  };
  parentPort?.postMessage(run({ readImage: () => image, broker, sha256 }));
}
