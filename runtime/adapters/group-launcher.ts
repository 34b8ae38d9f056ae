// The secure world's end of a process with several apps: images go in, orders to end go in, and what it says is believed of its own apps alone.
// A process that does not end an app when it is told to is ended whole.

import type { Duplex } from 'node:stream';
import type { GroupOrder } from '../../contracts/core/group-frame.ts';
import { GROUP_FRAME_MAX_BYTES, decodeGroupWord, deliver, encodeGroupOrder } from '../../contracts/core/group-frame.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { AppGroup, GroupPlan, ProcessEnd, ProcessUsage, Program, Running, RunningProcess } from '../hil/launch.ts';
import { LaunchFault } from './launch-fault.ts';

/** What an app has to end in after the order. It takes a few milliseconds; a busy host gets the benefit of the doubt. */
const OBEY_MS = 250;
const CONTROL_DESCRIPTOR = 3;

/** A started process, as far as a group needs it. */
export interface GroupProcess extends RunningProcess {
  stream(descriptor: number): Duplex;
}

type EndListener = (end: ProcessEnd) => void;

interface GroupApp {
  readonly listeners: EndListener[];
  /** Set once it was told to end. */
  deadline: NodeJS.Timeout | undefined;
}

export class LaunchedGroup implements AppGroup {
  readonly pid: number;
  readonly #process: GroupProcess;
  readonly #contexts: readonly number[];
  readonly #emptyRequests: (context: number) => void;
  readonly #apps = new Map<number, GroupApp>();
  readonly #words = new FrameStream(GROUP_FRAME_MAX_BYTES);
  #isOver = false;

  /** `emptyRequests` takes away what an earlier app in a context was still asking. */
  constructor(process: GroupProcess, program: Program, plan: GroupPlan, emptyRequests: (context: number) => void) {
    this.#process = process;
    this.#contexts = plan.contexts;
    this.#emptyRequests = emptyRequests;
    this.pid = process.pid;
    const control = process.stream(CONTROL_DESCRIPTOR);
    control.on('error', () => control.destroy());
    control.on('data', (chunk: Buffer) => this.#hear(chunk));
    process.onEnd((end) => this.#processEnded(end));
    this.#order({ kind: 'group', placement: plan.placement, contexts: plan.contexts });
    // A worker runs the module that its process was started with; in one thread nobody else runs it.
    if (plan.placement === 'worker') for (const order of deliver(0, program.code)) this.#order(order);
  }

  startApp(context: number, image: Uint8Array): Running {
    if (this.#isOver || !this.#contexts.includes(context) || this.#apps.has(context)) {
      throw new LaunchFault('launch-failed', `context ${context} is no place in this group`, { fault: 'caller' });
    }
    const app: GroupApp = { listeners: [], deadline: undefined };
    this.#emptyRequests(context);
    this.#apps.set(context, app);
    for (const order of deliver(context, image)) this.#order(order);
    return {
      kill: () => {
        if (this.#apps.get(context) === app) this.#killApp(context, app);
      },
      onEnd: (listener) => void app.listeners.push(listener),
    };
  }

  usage(): ProcessUsage | undefined {
    return this.#process.usage();
  }

  kill(): void {
    this.#process.kill();
  }

  onEnd(listener: EndListener): void {
    this.#process.onEnd(listener);
  }

  #killApp(context: number, app: GroupApp): void {
    if (app.deadline !== undefined) return;
    this.#order({ kind: 'kill', context });
    app.deadline = setTimeout(() => this.kill(), OBEY_MS).unref();
  }

  #order(order: GroupOrder): void {
    this.#process.stream(CONTROL_DESCRIPTOR).write(encodeGroupOrder(order));
  }

  #hear(chunk: Buffer): void {
    try {
      for (const frame of this.#words.push(new Uint8Array(chunk))) {
        const { context, exitCode, lastWords } = decodeGroupWord(frame);
        const app = this.#apps.get(context);
        if (app === undefined) throw new LaunchFault('launch-failed', `no app is in context ${context}`);
        this.#appEnded(context, app, { exitCode, signal: exitCode === undefined ? 'SIGKILL' : undefined, lastWords });
      }
    } catch (error) {
      if (!isCoded(error)) throw error;
      // Its own code says nothing like it: somebody else has taken it over.
      this.kill();
    }
  }

  #appEnded(context: number, { deadline, listeners }: GroupApp, end: ProcessEnd): void {
    clearTimeout(deadline);
    this.#apps.delete(context);
    for (const listener of listeners) listener(end);
  }

  #processEnded(end: ProcessEnd): void {
    this.#isOver = true;
    for (const [context, app] of [...this.#apps]) this.#appEnded(context, app, end);
  }
}
