// Who holds which pin, over all apps. Never two owners: a pin driven by two apps is nobody's.

/** Holds a token per pin; a token is a session, or whatever tells two apps apart. */
export class PinOwners {
  readonly #owners = new Map<number, object>();

  /** False: somebody holds it already (the same owner included: a pin is opened once). */
  claim(pin: number, owner: object): boolean {
    if (this.#owners.has(pin)) return false;
    this.#owners.set(pin, owner);
    return true;
  }

  /** Only the owner's own release counts. */
  release(pin: number, owner: object): void {
    if (this.#owners.get(pin) === owner) this.#owners.delete(pin);
  }

  get size(): number {
    return this.#owners.size;
  }
}
