// The broker as a dependency of an app sees it: a part of the app's grants, asked before the broker is. Never the only check: the broker
// asks for the app's own grants after it, and knows nothing of parts.

import type { Later } from '../../contracts/core/later.ts';
import { after } from '../../contracts/core/later.ts';
import type { GrantList } from '../../contracts/core/grants.ts';
import { canonicalHost } from '../../contracts/core/ip-address.ts';
import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { decodeAddresses } from '../../contracts/wire/app-call/name-calls.ts';
import type { BrokerClient } from './broker-pipe.ts';

const DENIED: AppReply = { ok: false, error: 'access-denied' };

/** What of an app's grants a dependency has. */
export type NarrowedGrants = Omit<GrantList, 'memoryBytes'>;

export class NarrowedBroker implements BrokerClient {
  readonly #broker: BrokerClient;
  readonly #name: string;
  readonly #grants: NarrowedGrants;
  readonly #hosts: ReadonlySet<string>;
  /** Addresses that names of the part were resolved to. */
  readonly #addresses = new Set<string>();

  /** `name`: the dependency's, for the app's log. */
  constructor(broker: BrokerClient, name: string, grants: NarrowedGrants) {
    this.#broker = broker;
    this.#name = name;
    this.#grants = grants;
    this.#hosts = new Set((grants.hosts ?? []).map(canonicalHost));
  }

  call(request: AppRequest, expected: AppResult['kind']): Later<AppReply> {
    if (!this.#allows(request)) {
      this.#broker.tell({
        function: 'log.write',
        message: `denied to the dependency ${this.#name}: ${describe(request)}`,
      });
      return DENIED;
    }
    const reply = this.#broker.call(request, expected);
    return request.function === 'names.addresses' ? after(reply, (answer) => this.#learn(answer)) : reply;
  }

  tell(request: AppRequest): void {
    if (this.#allows(request)) this.#broker.tell(request);
  }

  /** Whatever opens something is asked for; a handle of the broker reaches a dependency only through what it opened. */
  #allows(request: AppRequest): boolean {
    const { gpioPins = [], storageBytes = 0, tcpServerPorts = [], udpServerPorts = [] } = this.#grants;
    switch (request.function) {
      case 'gpio.open-input':
      case 'gpio.open-output':
        return gpioPins.includes(request.pin);
      case 'tcp.connect':
      case 'udp.send':
        return this.#reaches(request.address);
      case 'tcp.listen':
        return tcpServerPorts.includes(request.port);
      case 'udp.bind':
        return request.port === 0 ? this.#hosts.size > 0 : udpServerPorts.includes(request.port);
      case 'names.resolve':
        return this.#hosts.has(canonicalHost(request.name));
      default:
        return !request.function.startsWith('storage.') || storageBytes > 0;
    }
  }

  #reaches(address: string): boolean {
    const host = canonicalHost(address);
    return this.#hosts.has(host) || this.#addresses.has(host);
  }

  #learn(answer: AppReply): AppReply {
    if (answer.ok && answer.result.kind === 'bytes') {
      for (const address of decodeAddresses(answer.result.value)) this.#addresses.add(canonicalHost(address));
    }
    return answer;
  }
}

function describe(request: AppRequest): string {
  const asked = ['pin', 'port', 'address', 'name', 'path'].flatMap((key) => {
    const value: unknown = Object.hasOwn(request, key) ? request[key as keyof AppRequest] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
  });
  return [request.function, ...asked].join(' ').slice(0, 300);
}
