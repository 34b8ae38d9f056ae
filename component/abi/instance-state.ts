// What the canonical ABI remembers of a running component: may it be entered, may it leave, what does it hold. Dead once is dead for ever.

import { HandleTable } from './handles.ts';
import { GuestTrap } from './trap.ts';

/** As much of a component's function as tells whether a call of it may have to wait. */
export interface MayBlock {
  readonly blocks?: boolean;
  readonly whenBlocks?: (listener: () => void) => void;
}

export class InstanceState {
  mayEnter = true;
  mayLeave = true;
  readonly handles: HandleTable;
  #blocks = false;
  #listeners: (() => void)[] = [];

  constructor(app: { handleCount: number }) {
    this.handles = new HandleTable(app);
  }

  /** A call into it may have to wait: something that it can call does. Certain once all of the link is elaborated. */
  get blocks(): boolean {
    return this.#blocks;
  }

  whenBlocks(listener: () => void): void {
    if (this.#blocks) listener();
    else this.#listeners.push(listener);
  }

  /** It has been given a function to call. Tables carry functions anywhere, so what it can reach is all that it was given. */
  wasGiven({ blocks, whenBlocks }: MayBlock): void {
    if (blocks === true) this.#nowBlocks();
    else whenBlocks?.(() => this.#nowBlocks());
  }

  #nowBlocks(): void {
    if (this.#blocks) return;
    this.#blocks = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

/**
 * All component instances of one link, which live and die together. After a trap the engine leaves an instance callable, with its
 * data half changed. (A guest with exceptions could catch what the glue throws, too: they are not on the list of instructions.)
 * So the end is remembered here, and every border of every instance stays shut from then on.
 */
export class Life {
  /** Of the values that calls have lifted and not given back yet. */
  liftedBytes = 0;
  /** Of all instances. */
  handleCount = 0;
  readonly #instances: InstanceState[] = [];
  #end: { readonly cause: unknown } | undefined;

  newInstance(): InstanceState {
    const instance = new InstanceState(this);
    this.#instances.push(instance);
    return instance;
  }

  /** Ends all of it; the first cause stays. Returns what to throw. */
  end(cause: unknown): unknown {
    if (this.#end === undefined) {
      this.#end = { cause: cause instanceof WebAssembly.SuspendError ? cannotBlock(cause) : cause };
      for (const instance of this.#instances) {
        instance.mayEnter = false;
        instance.mayLeave = false;
      }
    }
    return this.#end.cause;
  }

  /** Throws the cause of the end, if it has ended. */
  checkAlive(): void {
    if (this.#end !== undefined) throw this.#end.cause;
  }

  /** What to throw when a border is shut. */
  refusal(code: 'cannot-enter' | 'cannot-leave'): unknown {
    return this.end(
      new GuestTrap(
        code,
        code === 'cannot-enter' ? 'cannot enter component instance' : 'cannot leave component instance',
      ),
    );
  }
}

/** The engine refuses before it calls the import: a call that would have had to wait was never made. */
function cannotBlock(cause: Error): GuestTrap {
  return new GuestTrap('cannot-block', 'a call that waits, where the guest cannot be suspended', { cause });
}
