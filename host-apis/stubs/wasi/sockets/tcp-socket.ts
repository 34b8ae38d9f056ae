// One TCP socket of the guest and the state that it is in (wasi:sockets/tcp, TcpSocketOperationalSemantics.md). The broker knows of it only
// once it connects or listens: a socket that does neither costs the device nothing.

import type { AppErrorCode } from '../../../../contracts/wire/app-call.ts';
import type { TcpDirection } from '../../../../contracts/wire/app-call/tcp-calls.ts';
import { decodeAcceptedCaller } from '../../../../contracts/wire/app-call/tcp-calls.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { Pollable, Readiness } from '../io.ts';
import type { Family, NetworkError, SocketAddress } from './network-types.ts';
import { isUnspecified, ofBroker, remoteText } from './network-types.ts';
import { WatchedHandle } from './watched-handle.ts';

type State =
  | { readonly kind: 'unbound' | 'binding' | 'bound' | 'closed' }
  | { readonly kind: 'connecting' | 'connected' | 'starting' | 'listening'; readonly held: WatchedHandle };

export interface Remote {
  readonly text: string;
  readonly port: number;
}

/** An error's name; anything else is success. */
export type Outcome<Value = undefined> = { readonly value: Value } | NetworkError;
const DONE: Outcome = { value: undefined };

export class TcpSocket {
  readonly family: Family;
  readonly #broker: BrokerClient;
  #state: State = { kind: 'unbound' };
  #localPort = 0;
  #remote: Remote | undefined;

  constructor(broker: BrokerClient, family: Family) {
    this.#broker = broker;
    this.family = family;
  }

  /** One that was let in. */
  static accepted(
    broker: BrokerClient,
    family: Family,
    held: WatchedHandle,
    remote: Remote,
    localPort: number,
  ): TcpSocket {
    const socket = new TcpSocket(broker, family);
    socket.#state = { kind: 'connected', held };
    socket.#remote = remote;
    socket.#localPort = localPort;
    return socket;
  }

  /** Only "any address" can be bound: the device's own are the access point's to give. */
  startBind(address: SocketAddress): Outcome {
    if (address.family !== this.family) return 'invalid-argument';
    if (this.#state.kind !== 'unbound') return 'invalid-state';
    if (!isUnspecified(address)) return 'address-not-bindable';
    this.#localPort = address.port;
    this.#state = { kind: 'binding' };
    return DONE;
  }

  finishBind(): Outcome {
    if (this.#state.kind !== 'binding') return 'not-in-progress';
    this.#state = { kind: 'bound' };
    return DONE;
  }

  startConnect(address: SocketAddress): Later<Outcome> {
    const text = remoteText(address);
    if (address.family !== this.family || text === undefined) return 'invalid-argument';
    if (this.#state.kind !== 'unbound' && this.#state.kind !== 'bound') return 'invalid-state';
    // Where a connection seems to come from is up to the access point.
    if (this.#localPort !== 0) return 'not-supported';
    const { port } = address;
    return after(this.#broker.call({ function: 'tcp.connect', address: text, port }, 'u32'), (reply) => {
      if (!reply.ok) return this.#failed(reply.error);
      if (reply.result.kind !== 'u32') return 'unknown';
      this.#remote = { text, port };
      this.#state = { kind: 'connecting', held: new WatchedHandle(this.#broker, 'tcp', reply.result.value) };
      return DONE;
    });
  }

  finishConnect(): Later<Outcome<WatchedHandle>> {
    return this.#finish('connecting', 'connected');
  }

  startListen(): Later<Outcome> {
    if (this.#state.kind !== 'bound') return 'invalid-state';
    return after(this.#broker.call({ function: 'tcp.listen', port: this.#localPort }, 'u32'), (reply) => {
      if (!reply.ok) return this.#failed(reply.error);
      if (reply.result.kind !== 'u32') return 'unknown';
      this.#state = { kind: 'starting', held: new WatchedHandle(this.#broker, 'tcp', reply.result.value) };
      return DONE;
    });
  }

  finishListen(): Later<Outcome> {
    return after(this.#finish('starting', 'listening'), (done) => (typeof done === 'string' ? done : DONE));
  }

  /** A caller as a socket of its own, and its connection. */
  accept(): Later<Outcome<{ readonly socket: TcpSocket; readonly held: WatchedHandle }>> {
    if (this.#state.kind !== 'listening') return 'invalid-state';
    const { handle } = this.#state.held;
    return after(this.#broker.call({ function: 'tcp.accept', handle }, 'bytes'), (reply) => {
      if (!reply.ok) return ofBroker(reply.error);
      if (reply.result.kind !== 'bytes') return 'unknown';
      const { handle: accepted, address, port } = decodeAcceptedCaller(reply.result.value);
      const held = new WatchedHandle(this.#broker, 'tcp', accepted);
      const remote = { text: address, port };
      return { value: { held, socket: TcpSocket.accepted(this.#broker, this.family, held, remote, this.#localPort) } };
    });
  }

  shutdown(directions: readonly TcpDirection[]): Later<Outcome> {
    if (this.#state.kind !== 'connected') return 'invalid-state';
    const { handle } = this.#state.held;
    return directions.reduce<Later<Outcome>>(
      (before, direction) =>
        after(before, () =>
          after(this.#broker.call({ function: 'tcp.shutdown', handle, direction }, 'none'), (reply) =>
            reply.ok ? DONE : ofBroker(reply.error),
          ),
        ),
      DONE,
    );
  }

  /** Ready when whatever was started can be finished, or a caller be let in. */
  pollable(): Pollable {
    return { readiness: () => this.#readiness() };
  }

  get isListening(): boolean {
    return this.#state.kind === 'listening';
  }

  /** `undefined`: it has none yet. */
  get localPort(): number | undefined {
    return this.#state.kind === 'unbound' || this.#state.kind === 'binding' ? undefined : this.#localPort;
  }

  /** `undefined`: not connected. */
  get remote(): Remote | undefined {
    return this.#state.kind === 'connected' ? this.#remote : undefined;
  }

  drop(): void {
    if ('held' in this.#state) this.#state.held.release();
    this.#state = { kind: 'closed' };
  }

  #finish(from: 'connecting' | 'starting', to: 'connected' | 'listening'): Later<Outcome<WatchedHandle>> {
    const state = this.#state;
    if (state.kind !== from || !('held' in state)) return 'not-in-progress';
    const { held } = state;
    return after(this.#broker.call({ function: 'tcp.ready', handle: held.handle }, 'none'), (reply) => {
      if (!reply.ok && reply.error === 'would-block') return 'would-block';
      if (!reply.ok) {
        held.release();
        return this.#failed(reply.error);
      }
      this.#state = { kind: to, held };
      return { value: held };
    });
  }

  #readiness(): Later<Readiness> {
    switch (this.#state.kind) {
      case 'connecting':
      case 'starting':
        return { kind: 'handle', handle: this.#state.held.handle };
      case 'listening':
        return this.#state.held.readiness('receive');
      default:
        return { kind: 'ready' };
    }
  }

  /** What failed to connect or listen is of no use any more. */
  #failed(error: AppErrorCode): NetworkError {
    this.#state = { kind: 'closed' };
    return ofBroker(error);
  }
}
