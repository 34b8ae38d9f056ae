// The question for a name and its answer, address by address. An address in text is itself, and asks nobody.

import { decodeAddresses, NAME_MAX_BYTES } from '../../../../contracts/wire/app-call/name-calls.ts';
import { formatIp, parseIp } from '../../../../contracts/core/ip-address.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { Pollable } from '../io.ts';
import { ofBroker } from './network-types.ts';
import type { Outcome } from './tcp-socket.ts';

/** Names of other scripts would have to be brought into ASCII first (RFC 5891), which is the guest's to do. */
const ASCII_NAME = /^[\x21-\x7e]+$/;

/** The answer to one question: addresses one by one. */
export class AddressList {
  readonly #broker: BrokerClient;
  #handle: number | undefined;
  #addresses: readonly string[] | undefined;
  #next = 0;

  /** `asked`: the broker's handle of the question, or what is known without one. */
  constructor(broker: BrokerClient, asked: number | readonly string[]) {
    this.#broker = broker;
    if (typeof asked === 'number') this.#handle = asked;
    else this.#addresses = asked;
  }

  /** `undefined` after the last one. */
  next(): Later<Outcome<string | undefined>> {
    return after(this.#all(), (all) => (typeof all === 'string' ? all : { value: all.value[this.#next++] }));
  }

  subscribe(): Pollable {
    return {
      readiness: () =>
        this.#addresses !== undefined || this.#handle === undefined
          ? { kind: 'ready' }
          : { kind: 'handle', handle: this.#handle },
    };
  }

  close(): void {
    if (this.#handle !== undefined) this.#broker.tell({ function: 'handle.close', handle: this.#handle });
    this.#handle = undefined;
    this.#addresses ??= [];
  }

  #all(): Later<Outcome<readonly string[]>> {
    if (this.#addresses !== undefined || this.#handle === undefined) return { value: this.#addresses ?? [] };
    return after(this.#broker.call({ function: 'names.addresses', handle: this.#handle }, 'bytes'), (reply) => {
      if (!reply.ok) return reply.error === 'unreachable' ? 'temporary-resolver-failure' : ofBroker(reply.error);
      if (reply.result.kind !== 'bytes') return 'unknown';
      this.#addresses = decodeAddresses(reply.result.value);
      return { value: this.#addresses };
    });
  }
}

/** The question for a name. */
export function resolve(broker: BrokerClient, name: string): Later<Outcome<AddressList>> {
  const literal = parseIp(name);
  if (literal !== undefined) return { value: new AddressList(broker, [formatIp(literal)]) };
  if (name.length > NAME_MAX_BYTES || !ASCII_NAME.test(name)) return 'invalid-argument';
  return after(broker.call({ function: 'names.resolve', name }, 'u32'), (reply) => {
    if (!reply.ok) return reply.error === 'unreachable' ? 'temporary-resolver-failure' : ofBroker(reply.error);
    return reply.result.kind === 'u32' ? { value: new AddressList(broker, reply.result.value) } : 'unknown';
  });
}
