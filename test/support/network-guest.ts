// A guest of wasi:sockets and wasi:http without WebAssembly: its calls go through stubs, broker, the OS's network and an access point to this
// host's sockets. It must never offer a call that a guest does not have.

import type { ExecutionContext } from 'ava';
import type { OfferSource } from '../../component/host-interface.ts';
import type { Case, Value } from '../../component/value-types.ts';
import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { decodeAppReply, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { grantsOf } from '../../contracts/core/grants.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import { Broker } from '../../host-apis/broker/broker.ts';
import type { BrokerParts } from '../../host-apis/broker/broker.ts';
import type { BrokerClient } from '../../host-apis/stubs/broker-pipe.ts';
import { wasiWorld } from '../../host-apis/stubs/wasi/wasi-offers.ts';
import { HostAlarmClock } from '../../runtime/adapters/os-clock.ts';
import type { ListeningPort } from '../../runtime/os/network/app-network.ts';
import { AppNetwork } from '../../runtime/os/network/app-network.ts';
import { AuditNotes, NotedPins } from './broker-bench.ts';
import { radioBench } from './radio-bench.ts';
import type { RadioBench } from './radio-bench.ts';

export interface GuestWish {
  readonly hosts?: readonly string[];
  readonly tcpServerPorts?: readonly number[];
  readonly udpServerPorts?: readonly number[];
}

export interface NetworkBench extends RadioBench {
  readonly audit: AuditNotes;
  readonly network: AppNetwork;
  readonly listening: ListeningPort[];
  readonly guest: (context: number, wish: GuestWish) => NetworkGuest;
}

export function networkBench(t: ExecutionContext, parts: Pick<BrokerParts, 'grantCheckFor'> = {}): NetworkBench {
  const bench = radioBench();
  t.teardown(() => bench.cut());
  const network = new AppNetwork(bench.radio);
  const audit = new AuditNotes();
  const time = new HostAlarmClock();
  const broker = new Broker({ time, gpio: new NotedPins(), audit, network, ...parts });
  const listening: ListeningPort[] = [];
  return {
    ...bench,
    audit,
    network,
    listening,
    guest: (context, wish) => {
      network.admit(context, grantsOf({ memoryBytes: 65536, ...wish }), (port) => listening.push(port));
      return new NetworkGuest(broker, context, wish);
    },
  };
}

/** One app. Every call waits for its answer. */
export class NetworkGuest {
  readonly #offers: OfferSource;
  readonly end: () => Promise<void>;

  constructor(broker: Broker, context: number, wish: GuestWish) {
    const waiting: { readonly expected: AppResult['kind']; readonly resolve: (reply: AppReply) => void }[] = [];
    const frames = new FrameStream(APP_FRAME_MAX_BYTES);
    const session = broker.open({
      app: { componentId: `component-${context}`, name: `app-${context}`, context },
      grants: grantsOf({ memoryBytes: 65536, ...wish }),
      send: (bytes) => {
        for (const frame of frames.push(bytes)) {
          const first = waiting.shift();
          first?.resolve(decodeAppReply(frame, first.expected));
        }
        return true;
      },
      onCutOff: (reason) => {
        throw reason;
      },
    });
    let last: Promise<unknown> = Promise.resolve();
    const call = (request: AppRequest, expected: AppResult['kind']): Promise<AppReply> => {
      const reply = last.then(
        () =>
          new Promise<AppReply>((resolve) => {
            waiting.push({ expected, resolve });
            session.receive(encodeAppRequest(request));
          }),
      );
      last = reply;
      return reply;
    };
    const client: BrokerClient = { call, tell: (request) => void call(request, 'none') };
    this.#offers = wasiWorld({ broker: client, files: new Map(), args: [], environment: [], hasStorage: false }).offers;
    this.end = async () => {
      await last;
      await session.ended();
    };
  }

  /** `name` as in WIT, e.g. `sockets/tcp [method]tcp-socket.start-connect`. */
  async call(name: string, ...args: readonly Value[]): Promise<Value> {
    const [iface = '', fn = ''] = name.split(' ');
    const item = this.#offers.get(`wasi:${iface}@0.2.0`)?.get(fn);
    if (item?.sort !== 'func') throw new Error(`no function ${name}`);
    return item.func.call(...args);
  }

  /** The value of a `result`, or the error's value in an object. */
  async ask(name: string, ...args: readonly Value[]): Promise<Value | { readonly error: Value }> {
    const { index, value } = (await this.call(name, ...args)) as Case;
    return index === 0 ? value : { error: value };
  }

  /** Lets go of a resource, as its destructor does. */
  drop(name: string, rep: number): void {
    const [iface = '', type = ''] = name.split(' ');
    const item = this.#offers.get(`wasi:${iface}@0.2.0`)?.get(type);
    if (item?.sort !== 'type' || item.type.kind !== 'resource') throw new Error(`no resource ${name}`);
    item.type.type.drop?.(rep);
  }
}
