// The network of all apps: sockets over the radio, each behind the firewall rules of its own app. Never a rule that the broker made: an
// app is admitted with the grants of its image, and loses everything when it is dismissed.

import type { Grants } from '../../../contracts/core/grants.ts';
import { canonicalHost } from '../../../contracts/core/ip-address.ts';
import type { RadioBeginning } from '../../../contracts/wire/radio-link.ts';
import { isRadioHost, RADIO_APP_STREAMS } from '../../../contracts/wire/radio-link.ts';
import { BUFFERS_MAX_BYTES, BudgetLine } from '../../../host-apis/broker/app-budget.ts';
import type {
  NameLookup,
  NetworkPort,
  PortResult,
  TcpListener,
  TcpStream,
  UdpSocket,
} from '../../../host-apis/ports.ts';
import type { AirEnd, AirLine, AirLink } from './air-link.ts';
import { AppBuffers } from './app-buffers.ts';
import { AirName } from './air-name.ts';
import { AirPort } from './air-port.ts';
import { AirTcp } from './air-tcp.ts';
import { AirUdp } from './air-udp.ts';
import { NetworkRules } from './network-rules.ts';
import { DENIED, done, failed } from './port-results.ts';

/** A port of the device that is open, and where this host reaches it. */
export interface ListeningPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** 0: from nowhere. */
  readonly hostPort: number;
}

interface Admitted {
  readonly rules: NetworkRules;
  /** What is to be dropped when the app is gone. */
  readonly open: Set<{ close(): void; reset?(): void }>;
  readonly onListening: (port: ListeningPort) => void;
  readonly buffers: AppBuffers;
}

interface Startable extends AirEnd {
  start(line: AirLine): void;
  close(): void;
  reset?(): void;
}

/**
 * @example
 *   network.admit(context, grants, (port) => trail.record({ kind: 'listening', …port }), session.budget.buffers);
 *   new Broker({ network, … });
 *   network.dismiss(context);   // when its process is gone
 */
export class AppNetwork implements NetworkPort {
  readonly #air: AirLink;
  readonly #apps = new Map<number, Admitted>();
  /** The last app of a context, for what of it is still on its way out. */
  readonly #leaving = new Map<number, Admitted>();
  /** Ports that an app listens on, over all apps. */
  readonly #ports = new Set<string>();

  constructor(air: AirLink) {
    this.#air = air;
  }

  /** Before the first call of an app that was just started. `buffers`: what is kept for the app is taken from it, and given back. */
  admit(
    context: number,
    grants: Grants,
    onListening: (port: ListeningPort) => void,
    buffers: BudgetLine = new BudgetLine(BUFFERS_MAX_BYTES),
  ): void {
    this.dismiss(context);
    for (const thing of [...(this.#leaving.get(context)?.open ?? [])]) thing.reset?.();
    this.#apps.set(context, {
      rules: new NetworkRules(grants),
      open: new Set(),
      onListening,
      buffers: new AppBuffers(buffers),
    });
  }

  /** The app is gone: its rules, its ports and its connections with it. What it sent last may still be delivered until the next one comes. */
  dismiss(context: number): void {
    const app = this.#apps.get(context);
    if (app === undefined) return;
    this.#apps.delete(context);
    for (const thing of [...app.open]) thing.close();
    this.#leaving.set(context, app);
  }

  /** Sockets, listeners and lookups of an app. */
  openOf(context: number): number {
    return this.#apps.get(context)?.open.size ?? 0;
  }

  resolve(context: number, name: string): PortResult<NameLookup> {
    const app = this.#apps.get(context);
    if (app?.rules.allowsName(name) !== true) return DENIED;
    if (!isRadioHost(name)) return failed('name-not-resolved');
    const onGone = (): void => void app.open.delete(lookup);
    const lookup: AirName = new AirName({ learn: (addresses) => app.rules.learn(addresses), onGone });
    return this.#begin(app, lookup, (stream) => ({ kind: 'lookup', stream, name: canonicalHost(name) }));
  }

  connect(context: number, address: string, port: number): PortResult<TcpStream> {
    const app = this.#apps.get(context);
    const host = canonicalHost(address);
    if (app?.rules.allowsAddress(host) !== true) return DENIED;
    // No frame can say it; a line that was begun without its first frame would break the rules of the link for the whole device.
    if (port === 0) return failed('invalid-argument');
    return this.#stream(app, (stream) => ({ kind: 'open', stream, host, port }));
  }

  listen(context: number, port: number): PortResult<TcpListener> {
    const app = this.#apps.get(context);
    if (app?.rules.allowsTcpPort(port) !== true) return DENIED;
    const claim = `tcp ${port}`;
    if (this.#ports.has(claim)) return failed('address-in-use');
    const listener: AirPort = new AirPort({
      accept: (on) => this.#stream(app, (stream) => ({ kind: 'accept', stream, listener: on }), true),
      onListening: (hostPort) => app.onListening({ protocol: 'tcp', port, hostPort }),
      onGone: () => this.#release(app, listener, claim),
    });
    this.#ports.add(claim);
    return this.#begin(app, listener, (stream) => ({ kind: 'listen', stream, port }), claim);
  }

  bind(context: number, port: number): PortResult<UdpSocket> {
    const app = this.#apps.get(context);
    if (app === undefined || (port !== 0 && !app.rules.allowsUdpPort(port))) return DENIED;
    const claim = port === 0 ? undefined : `udp ${port}`;
    if (claim !== undefined && this.#ports.has(claim)) return failed('address-in-use');
    const socket: AirUdp = new AirUdp({
      buffers: app.buffers,
      isServer: port !== 0,
      allowsAddress: (address) => app.rules.allowsAddress(address),
      onListening: (hostPort) => app.onListening({ protocol: 'udp', port, hostPort }),
      onGone: () => this.#release(app, socket, claim),
    });
    if (claim !== undefined) this.#ports.add(claim);
    return this.#begin(app, socket, (stream) => ({ kind: 'bind', stream, port }), claim);
  }

  #stream(app: Admitted, first: (stream: number) => RadioBeginning, isAccepted = false): PortResult<TcpStream> {
    const stream: AirTcp = new AirTcp({
      buffers: app.buffers,
      isAccepted,
      onGone: () => void app.open.delete(stream),
    });
    return this.#begin(app, stream, first);
  }

  #begin<Thing extends Startable>(
    app: Admitted,
    thing: Thing,
    first: (stream: number) => RadioBeginning,
    claim?: string,
  ): PortResult<Thing> {
    const line = app.open.size >= RADIO_APP_STREAMS ? 'no-room' : this.#air.begin(thing);
    if (typeof line === 'object') {
      app.open.add(thing);
      thing.start(line);
      line.send(first(line.stream));
      return done(thing);
    }
    if (claim !== undefined) this.#ports.delete(claim);
    return failed(line === 'radio-off' ? 'unreachable' : 'too-many-handles');
  }

  #release(app: Admitted, thing: { close(): void }, claim: string | undefined): void {
    app.open.delete(thing);
    if (claim !== undefined) this.#ports.delete(claim);
  }
}
