// The handle table of a component instance, and what one call lends and borrows. A guest's number never reaches a resource by itself.

import { MAX_HANDLES, MAX_LIFTED_BYTES } from '../limits.ts';
import type { ResourceType } from '../value-types.ts';
import type { FuelReserve } from './host-fuel.ts';
import { HOST_FUEL } from './host-fuel.ts';
import { GuestTrap } from './trap.ts';

export interface Handle {
  readonly resource: ResourceType;
  /** The resource for its owner: the host's number, or what the guest gave to resource.new. */
  readonly rep: number;
  readonly own: boolean;
  /** Calls that hold a borrow of it now. */
  lends: number;
  /** The call that a borrow lives in. */
  readonly scope: CallScope | undefined;
}

/** Whose app a call is of, and what it runs on. */
export interface LiftContext {
  readonly life: { liftedBytes: number };
  readonly meter?: FuelReserve;
}

/** One call over a component's border: what it must give back at its end, and what it may still copy. */
export class CallScope {
  #lent: Handle[] | undefined;
  /** Borrows that the callee was given and has not dropped. */
  borrows = 0;
  readonly #context: LiftContext;
  #lifted = 0;

  constructor(context: LiftContext) {
    this.#context = context;
  }

  lend(handle: Handle): void {
    handle.lends++;
    (this.#lent ??= []).push(handle);
  }

  /** At the end of a call that a guest made. */
  returnLent(): void {
    if (this.#lent === undefined) return;
    for (const handle of this.#lent) handle.lends--;
    this.#lent = undefined;
  }

  /** At the end of a call that a guest served. Traps while the callee still holds a borrow. */
  checkBorrows(): void {
    if (this.borrows !== 0) throw new GuestTrap('borrow-kept', 'borrow handles still remain at the end of the call');
  }

  /**
   * Charges what the host is about to hold. Lists that all point at the same bytes multiply a small memory into a large value, and calls within
   * calls, each with a value of its own, multiply it once more: the bound is of all calls of the app that have not ended.
   */
  spend(bytes: number): void {
    const { life, meter } = this.#context;
    this.#lifted += bytes;
    life.liftedBytes += bytes;
    if (life.liftedBytes > MAX_LIFTED_BYTES)
      throw new GuestTrap('lift-budget-spent', `calls may lift ${MAX_LIFTED_BYTES} bytes together`);
    meter?.charge(bytes >> HOST_FUEL.bytesShift);
  }

  /** The call is over, and so are its values. */
  end(): void {
    this.#context.life.liftedBytes -= this.#lifted;
    this.#lifted = 0;
  }
}

/** CanonicalABI.md, "Table State": indexes from 1, freed ones are used again last in, first out. */
export class HandleTable {
  readonly #entries: (Handle | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #app: { handleCount: number };

  /** `app` counts the handles of all component instances of one app: each with a table of its own would multiply the bound. */
  constructor(app: { handleCount: number }) {
    this.#app = app;
  }

  add(handle: Handle): number {
    if (this.#app.handleCount >= MAX_HANDLES)
      throw new GuestTrap('handles-too-many', `more than ${MAX_HANDLES} handles`);
    this.#app.handleCount++;
    const index = this.#free.pop() ?? this.#entries.length;
    this.#entries[index] = handle;
    return index;
  }

  /** Traps on a number that is no handle, or one of another resource type. */
  get(index: number, resource: ResourceType): Handle {
    const handle = this.#entries[index >>> 0];
    if (handle === undefined) throw new GuestTrap('handle-unknown', `unknown handle index ${index >>> 0}`);
    if (handle.resource !== resource) {
      throw new GuestTrap(
        'handle-wrong-type',
        `handle index ${index >>> 0} used with the wrong type, it is a ${handle.resource.name}`,
      );
    }
    return handle;
  }

  /** Takes the handle out. Traps as `get`, and while it is lent. */
  remove(index: number, resource: ResourceType): Handle {
    const handle = this.get(index, resource);
    if (handle.lends !== 0)
      throw new GuestTrap('handle-lent', `cannot remove handle index ${index >>> 0} while it is lent`);
    this.#entries[index >>> 0] = undefined;
    this.#free.push(index >>> 0);
    this.#app.handleCount--;
    return handle;
  }
}
