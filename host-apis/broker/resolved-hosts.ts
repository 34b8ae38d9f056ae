// Which names of one app led to which addresses, as the broker saw it. Never asked by the firewall, which keeps its own list: each of the
// two must hold when the other one is open.

import type { AskedResource } from './grant-check.ts';

/** The oldest is forgotten for a new one, and has to be looked up again. */
export const RESOLVED_ADDRESSES_MAX = 256;

export class ResolvedHosts {
  readonly #names = new Map<string, string>();

  /** Addresses of a name that the app was allowed to ask for. */
  learn(name: string, addresses: readonly string[]): void {
    for (const address of addresses) {
      this.#names.delete(address);
      this.#names.set(address, name);
      const [oldest] = this.#names.keys();
      if (this.#names.size > RESOLVED_ADDRESSES_MAX && oldest !== undefined) this.#names.delete(oldest);
    }
  }

  /** What a call to this address asks for: the name that led there, or else the address itself, which has to be granted as such. */
  asked(address: string, port: number): AskedResource {
    return { kind: 'host', host: this.#names.get(address) ?? address, port };
  }
}
