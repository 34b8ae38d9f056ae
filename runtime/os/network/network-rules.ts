// The network firewall of one app: which names, addresses and ports its image was granted. Fed by the image's grants and by the answers
// of its own lookups, never by the broker: it holds when the broker's check is open.

import type { Grants } from '../../../contracts/core/grants.ts';
import type { IpBytes } from '../../../contracts/core/ip-address.ts';
import { canonicalHost, formatIp, isLocalAddress, parseIp } from '../../../contracts/core/ip-address.ts';

/** Addresses that one app's names led to; the oldest is forgotten for a new one, and has to be looked up again. */
export const PINNED_ADDRESSES_MAX = 256;

export class NetworkRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #tcpPorts: ReadonlySet<number>;
  readonly #udpPorts: ReadonlySet<number>;
  /** In the order in which they were learnt. */
  readonly #pinned = new Set<string>();

  constructor({ hosts, tcpServerPorts, udpServerPorts }: Pick<Grants, 'hosts' | 'tcpServerPorts' | 'udpServerPorts'>) {
    this.#hosts = new Set(hosts.map(canonicalHost));
    this.#tcpPorts = new Set(tcpServerPorts);
    this.#udpPorts = new Set(udpServerPorts);
  }

  allowsName(name: string): boolean {
    return this.#hosts.has(canonicalHost(name));
  }

  /** An address that was granted itself, or that a granted name led to. */
  allowsAddress(address: string): boolean {
    const canonical = canonicalHost(address);
    return this.#hosts.has(canonical) || this.#pinned.has(canonical);
  }

  allowsTcpPort(port: number): boolean {
    return this.#tcpPorts.has(port);
  }

  allowsUdpPort(port: number): boolean {
    return this.#udpPorts.has(port);
  }

  /**
   * Pins the answer of a lookup; the addresses that the app may have of it. A name never leads to this host or its link (DNS rebinding
   * against the access point): such an address has to be granted itself.
   */
  learn(addresses: readonly IpBytes[]): readonly string[] {
    const texts = addresses.flatMap((bytes) => {
      const text = formatIp(bytes);
      return isLocalAddress(parseIp(text) ?? bytes) && !this.#hosts.has(text) ? [] : [text];
    });
    for (const text of texts) this.#pin(text);
    return [...new Set(texts)];
  }

  #pin(address: string): void {
    this.#pinned.delete(address);
    this.#pinned.add(address);
    const [oldest] = this.#pinned;
    if (this.#pinned.size > PINNED_ADDRESSES_MAX && oldest !== undefined) this.#pinned.delete(oldest);
  }
}
