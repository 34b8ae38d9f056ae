// One UDP socket of the guest and its datagram streams. Never a datagram kept on this side.

import { decodeDatagram, UDP_DATAGRAM_MAX_BYTES } from '../../../../contracts/wire/app-call/udp-calls.ts';
import type { Datagram } from '../../../../contracts/wire/app-call/udp-calls.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { Pollable } from '../io.ts';
import { until } from '../later-loops.ts';
import { isReady } from '../wait.ts';
import type { Family, SocketAddress } from './network-types.ts';
import { isUnspecified, ofBroker, remoteText } from './network-types.ts';
import type { Outcome, Remote } from './tcp-socket.ts';
import { WatchedHandle } from './watched-handle.ts';

type State =
  { readonly kind: 'unbound' | 'closed' } | { readonly kind: 'binding' | 'bound'; readonly held: WatchedHandle };
const DONE: Outcome = { value: undefined };
/** Datagrams that one call takes in at the most. */
const RECEIVE_MAX = 16;

export class UdpSocket {
  readonly family: Family;
  readonly #broker: BrokerClient;
  #state: State = { kind: 'unbound' };
  #localPort = 0;
  #remote: Remote | undefined;

  constructor(broker: BrokerClient, family: Family) {
    this.#broker = broker;
    this.family = family;
  }

  startBind(address: SocketAddress): Later<Outcome> {
    if (address.family !== this.family) return 'invalid-argument';
    if (this.#state.kind !== 'unbound') return 'invalid-state';
    if (!isUnspecified(address)) return 'address-not-bindable';
    const { port } = address;
    return after(this.#broker.call({ function: 'udp.bind', port }, 'u32'), (reply) => {
      if (!reply.ok) return ofBroker(reply.error);
      if (reply.result.kind !== 'u32') return 'unknown';
      this.#localPort = port;
      this.#state = { kind: 'binding', held: new WatchedHandle(this.#broker, 'udp', reply.result.value) };
      return DONE;
    });
  }

  finishBind(): Later<Outcome> {
    if (this.#state.kind !== 'binding') return 'not-in-progress';
    const { held } = this.#state;
    return after(this.#broker.call({ function: 'udp.ready', handle: held.handle }, 'none'), (reply) => {
      if (!reply.ok && reply.error === 'would-block') return 'would-block';
      if (!reply.ok) {
        held.release();
        this.#state = { kind: 'closed' };
        return ofBroker(reply.error);
      }
      this.#state = { kind: 'bound', held };
      return DONE;
    });
  }

  /** Streams to and from this remote alone, or anybody. */
  streams(remote: SocketAddress | undefined): Outcome<readonly [DatagramStream, DatagramStream]> {
    if (this.#state.kind !== 'bound') return 'invalid-state';
    const text = remote === undefined ? undefined : remoteText(remote);
    if (remote !== undefined && (text === undefined || remote.family !== this.family)) return 'invalid-argument';
    this.#remote = remote === undefined || text === undefined ? undefined : { text, port: remote.port };
    const { held } = this.#state;
    const make = (): DatagramStream => new DatagramStream(this.#broker, this.family, held.share(), this.#remote);
    return { value: [make(), make()] };
  }

  pollable(): Pollable {
    return {
      readiness: () =>
        this.#state.kind === 'binding' ? { kind: 'handle', handle: this.#state.held.handle } : { kind: 'ready' },
    };
  }

  /** `undefined`: not bound. */
  get localPort(): number | undefined {
    return this.#state.kind === 'bound' ? this.#localPort : undefined;
  }

  get remote(): Remote | undefined {
    return this.#state.kind === 'bound' ? this.#remote : undefined;
  }

  drop(): void {
    if ('held' in this.#state) this.#state.held.release();
    this.#state = { kind: 'closed' };
  }
}

/** Either of the two streams of a socket: what the guest may do with it says its type. */
export class DatagramStream {
  readonly #broker: BrokerClient;
  readonly #family: Family;
  readonly #held: WatchedHandle;
  readonly #remote: Remote | undefined;

  constructor(broker: BrokerClient, family: Family, held: WatchedHandle, remote: Remote | undefined) {
    this.#broker = broker;
    this.#family = family;
    this.#held = held;
    this.#remote = remote;
  }

  /** Those that are there, at most `maxCount`; datagrams of others than the remote are dropped. */
  receive(maxCount: bigint): Later<Outcome<readonly Datagram[]>> {
    const wanted = maxCount > BigInt(RECEIVE_MAX) ? RECEIVE_MAX : Number(maxCount);
    const received: Datagram[] = [];
    return until((): Later<Outcome<readonly Datagram[]> | undefined> => {
      if (received.length >= wanted) return { value: received };
      return after(this.#broker.call({ function: 'udp.receive', handle: this.#held.handle }, 'bytes'), (reply) => {
        if (!reply.ok && (reply.error === 'would-block' || received.length > 0)) return { value: received };
        if (!reply.ok) return ofBroker(reply.error);
        if (reply.result.kind !== 'bytes') return 'unknown';
        const datagram = decodeDatagram(reply.result.value);
        if (this.#isWanted(datagram)) received.push(datagram);
        return undefined;
      });
    });
  }

  /** How many the next `send` takes. */
  checkSend(): Later<Outcome<bigint>> {
    const readiness = { readiness: () => this.#held.readiness('send') };
    return after(isReady(this.#broker, readiness), (writable) => ({ value: writable ? 1n : 0n }));
  }

  /** How many of them were sent; an error only when it was the first that failed. */
  send(
    datagrams: readonly { readonly bytes: Uint8Array; readonly to: SocketAddress | undefined }[],
  ): Later<Outcome<bigint>> {
    let sent = 0;
    return until((): Later<Outcome<bigint> | undefined> => {
      const next = datagrams[sent];
      if (next === undefined) return { value: BigInt(sent) };
      const to = this.#destination(next.to);
      const failed = (error: Exclude<Outcome, { value: undefined }>): Outcome<bigint> =>
        sent > 0 ? { value: BigInt(sent) } : error;
      if (to === undefined) return failed('invalid-argument');
      if (next.bytes.length > UDP_DATAGRAM_MAX_BYTES) return failed('datagram-too-large');
      const { text: address, port } = to;
      const request = { function: 'udp.send', handle: this.#held.handle, address, port, bytes: next.bytes } as const;
      return after(this.#broker.call(request, 'none'), (reply) => {
        if (!reply.ok) return reply.error === 'would-block' ? { value: BigInt(sent) } : failed(ofBroker(reply.error));
        sent++;
        return undefined;
      });
    });
  }

  subscribe(direction: 'receive' | 'send'): Pollable {
    return this.#held.pollable(direction);
  }

  close(): void {
    this.#held.release();
  }

  #isWanted({ address, port }: Datagram): boolean {
    return this.#remote === undefined || (this.#remote.text === address && this.#remote.port === port);
  }

  #destination(to: SocketAddress | undefined): Remote | undefined {
    if (to === undefined) return this.#remote;
    const text = to.family === this.#family ? remoteText(to) : undefined;
    const isOther = this.#remote !== undefined && (this.#remote.text !== text || this.#remote.port !== to.port);
    return text === undefined || isOther ? undefined : { text, port: to.port };
  }
}
