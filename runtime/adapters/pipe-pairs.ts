// The pipes between the compartments and the OS, laid before either runs. No file of them is left, and no end is ever shared.

import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LaunchFault } from './launch-fault.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** Descriptors for a child; the parent closes them once the child has its copies. */
export interface PipeEnds {
  /** The app writes its requests here, or the OS reads them. */
  readonly requests: number;
  /** The app reads its replies here, or the OS writes them. */
  readonly replies: number;
}

interface Pair {
  readonly requests: number;
  readonly replies: number;
}

/**
 * One pair of FIFOs per compartment context, numbered from 1. Each end is opened for one direction with a file description
 * of its own: what one child sets on its end (such as O_NONBLOCK) does not change another's, and when this process and
 * the OS are both gone a compartment that waits for a reply reads the end of the file.
 *
 * A context's pair outlives its apps, since the OS holds its ends from its start on. Emptying it between two apps takes away
 * what the earlier one left there; it does not take away an end that a process of the earlier one still has open: a child
 * that left its process group can go on writing in the name of the app that has the context next.
 */
export class PipePairs {
  #pairs: readonly Pair[];

  /** Errors: `launch-failed`. */
  constructor(count: number) {
    const folder = mkdtempSync(join(tmpdir(), 'casemate-pipes-'));
    try {
      const paths = Array.from({ length: count * 2 }, (_, index) => join(folder, String(index)));
      const made = spawnSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
      if (made.status !== 0)
        throw new LaunchFault('launch-failed', 'mkfifo did not run', { fault: 'world', cause: made.error });
      // For both directions: these keep the pipe alive between two apps, and are never given to a child.
      const held = paths.map((path) => openSync(path, O_RDWR | O_NONBLOCK));
      this.#pairs = Array.from({ length: count }, (_, index) => {
        return { requests: held[index * 2] ?? -1, replies: held[index * 2 + 1] ?? -1 };
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The OS's ends of every pair, in the order of the contexts. */
  osEnds(): readonly PipeEnds[] {
    return this.#pairs.map(({ requests, replies }) => ({
      requests: reopen(requests, O_RDONLY),
      replies: reopen(replies, O_WRONLY),
    }));
  }

  /** The app's ends of the pair of this context, from 1, emptied of what an earlier app or its OS left. */
  appEnds(context: number): PipeEnds {
    const pair = this.#pairs[context - 1];
    if (pair === undefined)
      throw new LaunchFault('launch-failed', `there is no context ${context}`, { fault: 'caller' });
    drain(pair.requests);
    drain(pair.replies);
    return { requests: reopen(pair.requests, O_WRONLY), replies: reopen(pair.replies, O_RDONLY) };
  }

  /**
   * Takes away what an app of a group left on its way to the OS. What is on its way to the group stays: its process reads all of it in its
   * order, and knows itself where the next app begins.
   */
  emptyRequests(context: number): void {
    const pair = this.#pairs[context - 1];
    if (pair !== undefined) drain(pair.requests);
  }

  /** There is no pair any more. Closing again does nothing: the numbers may be somebody else's files by then. */
  close(): void {
    const pairs = this.#pairs;
    this.#pairs = [];
    for (const pair of pairs) closeEnds(pair);
  }
}

export function closeEnds({ requests, replies }: PipeEnds): void {
  closeSync(requests);
  closeSync(replies);
}

/** The same pipe under a new file description; Linux gives one for the path of an open descriptor, macOS shares the old one. */
function reopen(descriptor: number, flags: number): number {
  return openSync(`/dev/fd/${descriptor}`, flags);
}

function drain(descriptor: number): void {
  const scratch = new Uint8Array(64 * 1024);
  for (;;) {
    try {
      if (readSync(descriptor, scratch) === 0) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
      throw error;
    }
  }
}
