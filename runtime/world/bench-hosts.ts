// Names that exist on the bench alone, and the addresses that the access point gives out for them. Never an address of the real network:
// a device that holds one of them can reach what the bench put there, and nothing else.

import type { IpBytes } from '../../contracts/core/ip-address.ts';
import { formatIp } from '../../contracts/core/ip-address.ts';

/** Where a name of the bench leads: to an address of the outside, at the port that was asked for or always at this one. */
export interface BenchHost {
  readonly address: string;
  readonly port: number | undefined;
}

/** At once; more is a mistake of a script. */
export const BENCH_HOSTS_MAX = 64;
/** RFC 2544 section C.2.2: 198.18.0.0/15 is for benches, and no host of the Internet has it. */
const FIRST = [198, 18, 0, 1] as const;

export class BenchHosts {
  readonly #byName = new Map<string, { readonly address: IpBytes; to: BenchHost | undefined }>();

  /** False: there are too many already. `undefined` takes the name away; its address is never given to another one. */
  set(name: string, to: BenchHost | undefined): boolean {
    const known = this.#byName.get(name.toLowerCase());
    if (known !== undefined) known.to = to;
    else if (to !== undefined) {
      if (this.#byName.size === BENCH_HOSTS_MAX) return false;
      const address = Uint8Array.of(FIRST[0], FIRST[1], FIRST[2], FIRST[3] + this.#byName.size);
      this.#byName.set(name.toLowerCase(), { address, to });
    }
    return true;
  }

  get names(): readonly string[] {
    return [...this.#byName].flatMap(([name, { to }]) => (to === undefined ? [] : [name]));
  }

  /** `undefined`: no name of the bench. */
  addressOf(name: string): IpBytes | undefined {
    const known = this.#byName.get(name.toLowerCase());
    return known?.to === undefined ? undefined : known.address;
  }

  /** Where a connection to this host and port really goes: unchanged when the bench has nothing to say about it. */
  resolve(host: string, port: number): { readonly host: string; readonly port: number } {
    for (const [name, { address, to }] of this.#byName) {
      if (to !== undefined && (host.toLowerCase() === name || host === formatIp(address)))
        return { host: to.address, port: to.port ?? port };
    }
    return { host, port };
  }
}
