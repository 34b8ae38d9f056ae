// What the canonical ABI remembers of a running component: may it be entered, may it leave, what does it hold. Dead once is dead for ever.

import { HandleTable } from './handles.ts';
import { GuestTrap } from './trap.ts';

export class InstanceState {
  mayEnter = true;
  mayLeave = true;
  readonly handles = new HandleTable();
}

/**
 * All component instances of one link, which live and die together. After a trap the engine leaves an instance callable, with its
 * data half changed. (A guest with exceptions could catch what the glue throws, too: they are not on the list of instructions.)
 * So the end is remembered here, and every border of every instance stays shut from then on.
 */
export class Life {
  readonly #instances: InstanceState[] = [];
  #end: { readonly cause: unknown } | undefined;

  newInstance(): InstanceState {
    const instance = new InstanceState();
    this.#instances.push(instance);
    return instance;
  }

  /** Ends all of it; the first cause stays. Returns what to throw. */
  end(cause: unknown): unknown {
    if (this.#end === undefined) {
      this.#end = { cause };
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
