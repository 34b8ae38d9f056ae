// Lookups of one app behind the grant check. Never a question for a name that the manifest does not have, letter by letter.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { NameRequest } from '../../contracts/wire/app-call/name-calls.ts';
import { encodeAddresses } from '../../contracts/wire/app-call/name-calls.ts';
import { canonicalHost } from '../../contracts/core/ip-address.ts';
import type { NameLookup, NetworkPort } from '../ports.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import { bytes, refuse, u32 } from './replies.ts';
import type { ResolvedHosts } from './resolved-hosts.ts';

export interface GuardedNetworkServices {
  readonly network: NetworkPort;
  readonly resolved: ResolvedHosts;
}

export class GuardedNames implements GuardedArea<NameRequest> {
  readonly #parts: AreaParts & GuardedNetworkServices;

  constructor(parts: AreaParts, services: GuardedNetworkServices) {
    this.#parts = { ...parts, ...services };
  }

  call(request: NameRequest): AppReply {
    return request.function === 'names.resolve' ? this.#resolve(request.name) : this.#addresses(request.handle);
  }

  #resolve(given: string): AppReply {
    const { gate, handles, network, app } = this.#parts;
    const name = canonicalHost(given);
    const asked = { kind: 'host', host: name, port: undefined } as const;
    const denied = gate.ask('names.resolve', asked);
    if (denied !== undefined) return denied;
    if (!handles.reserve()) return gate.handlesUsedUp();
    const lookup = network.resolve(app.context, name);
    if (lookup.ok) return u32(handles.add(holdingOf(name, lookup.value)));
    handles.release();
    return gate.portRefused('names.resolve', asked, lookup);
  }

  #addresses(handle: number): AppReply {
    const { gate, handles, resolved } = this.#parts;
    const holding = handles.get(handle, 'name-lookup');
    if (holding === undefined) return refuse('invalid-argument');
    const asked = { kind: 'host', host: holding.name, port: undefined } as const;
    const denied = gate.ask('names.addresses', asked);
    if (denied !== undefined) return denied;
    const answer = holding.lookup.addresses();
    if (!answer.ok) return gate.portRefused('names.addresses', asked, answer);
    resolved.learn(holding.name, answer.value);
    return bytes(encodeAddresses(answer.value));
  }
}

function holdingOf(name: string, lookup: NameLookup) {
  const isReady = (): boolean => {
    const answer = lookup.addresses();
    return answer.ok || answer.error !== 'would-block';
  };
  const waitable = { isReady, readyAtNs: undefined, onChange: lookup.onChange };
  return { kind: 'name-lookup', name, lookup, waitable, close: () => lookup.close() } as const;
}
