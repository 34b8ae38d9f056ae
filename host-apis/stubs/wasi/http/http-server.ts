// Serves an app that exports wasi:http/incoming-handler: opens its one granted port, and hands it one request after the other. Holds no right
// that a socket of the app would not have, and never two requests at once: the others wait at the port.

import { CodedError } from '../../../../contracts/core/coded-error.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { AppReply, AppRequest, AppResult } from '../../../../contracts/wire/app-call.ts';
import type { FuncType } from '../../../../component/value-types.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { Pollable } from '../io.ts';
import { until } from '../later-loops.ts';
import type { NetworkError } from '../sockets/network-types.ts';
import type { Outcome } from '../sockets/tcp-socket.ts';
import { TcpSocket } from '../sockets/tcp-socket.ts';
import { waitFor } from '../wait.ts';
import type { WasiHttp } from './http-resources.ts';
import { ServerExchange } from './server-exchange.ts';

export type HttpServerErrorCode =
  /** Not exactly one port in AllowedTcpServerPorts: which one to serve at would be a guess. */
  | 'http-port-not-one'
  /** The granted port cannot be opened. Details: `port`, `reason`. */
  | 'http-port-not-open';
export class HttpServerError extends CodedError<HttpServerErrorCode> {}

/** Between two tries to open the port while the radio is off. */
const RETRY_NS = 1_000_000_000n;
const ANY_ADDRESS = { family: 4, bytes: new Uint8Array(4) } as const;

/** Errors: `http-port-not-one`. */
export function portToServe(tcpServerPorts: readonly number[]): number {
  const [port] = tcpServerPorts;
  if (tcpServerPorts.length === 1 && port !== undefined) return port;
  throw new HttpServerError(
    'http-port-not-one',
    `wasi:http/incoming-handler is served at the one port in AllowedTcpServerPorts, and the manifest has ${tcpServerPorts.length}`,
    { fault: 'caller', hint: 'grant exactly one port: "AllowedTcpServerPorts": [8080]' },
  );
}

/** `handle` of wasi:http/incoming-handler. */
export function handlerType(http: WasiHttp): FuncType {
  const params = [
    { name: 'request', type: { kind: 'own', resource: http.incomingType } },
    { name: 'response-out', type: { kind: 'own', resource: http.outparamType } },
  ] as const;
  return { params, result: undefined };
}

/** The guest: representations of `incoming-request` and `response-outparam`. Throws what ends the app. */
export type Handle = (request: number, outparam: number) => Later<unknown>;

/** Notes that the device wants the app to end: it is told once, in whatever wait comes next, and that may be one of the guest's. */
export class EndWatch implements BrokerClient {
  readonly #broker: BrokerClient;
  isWanted = false;

  constructor(broker: BrokerClient) {
    this.#broker = broker;
  }

  call(request: AppRequest, expected: AppResult['kind']): Later<AppReply> {
    return after(this.#broker.call(request, expected), (reply) => {
      if (reply.ok && reply.result.kind === 'wake' && reply.result.value.kind === 'terminating') this.isWanted = true;
      return reply;
    });
  }

  tell(request: AppRequest): void {
    this.#broker.tell(request);
  }
}

export interface HttpServerParts {
  readonly http: WasiHttp;
  /** The one that the app's own calls go through, too. */
  readonly broker: EndWatch;
  readonly port: number;
}

export class HttpServer {
  readonly #parts: HttpServerParts;
  #socket: TcpSocket | undefined;

  constructor(parts: HttpServerParts) {
    this.#parts = parts;
  }

  /** One request from its client to its end; false: the device wants the app to end. Errors: `http-port-not-open`, and what the guest threw. */
  serveOne(handle: Handle): Later<boolean> {
    return after(this.#nextCaller(), (exchange): Later<boolean> => {
      if (exchange === undefined) return !this.#parts.broker.isWanted;
      return after(exchange.readHead(), (head) => {
        if (head === undefined) return after(exchange.finish(), () => true);
        const { http } = this.#parts;
        const request = http.incoming.add({ exchange, head, isConsumed: false });
        const outparam = http.outparams.add(exchange);
        const served = whateverComes(() => handle(request, outparam));
        return after(served, (ended) =>
          after(exchange.finish(), () => {
            if ('cause' in ended) throw ended.cause;
            return true;
          }),
        );
      });
    });
  }

  /** `undefined`: look again. */
  #nextCaller(): Later<ServerExchange | undefined> {
    const { broker } = this.#parts;
    if (broker.isWanted) return undefined;
    return after(this.#listening(), (socket): Later<ServerExchange | undefined> => {
      if (socket === undefined) return undefined;
      return after(socket.accept(), (accepted): Later<ServerExchange | undefined> => {
        if (typeof accepted !== 'string') {
          return new ServerExchange(broker, accepted.value.socket, accepted.value.held);
        }
        if (accepted === 'would-block') return this.#sleep(socket.pollable());
        // Every line of the app is in use for the moment.
        if (accepted === 'new-socket-limit') return this.#pause();
        // The port is gone with the radio: opened anew.
        socket.drop();
        this.#socket = undefined;
        return this.#pause();
      });
    });
  }

  #listening(): Later<TcpSocket | undefined> {
    if (this.#socket !== undefined) return this.#socket;
    const { broker, port } = this.#parts;
    const socket = new TcpSocket(broker, ANY_ADDRESS.family);
    socket.startBind({ ...ANY_ADDRESS, port });
    socket.finishBind();
    return after(socket.startListen(), (started): Later<TcpSocket | undefined> => {
      if (typeof started === 'string') return this.#notOpen(started);
      const opened = until((): Later<Outcome | undefined> =>
        after(socket.finishListen(), (done): Later<Outcome | undefined> => {
          if (done !== 'would-block') return done;
          if (broker.isWanted) return 'would-block';
          return after(waitOnce(broker, socket.pollable()), () => undefined);
        }),
      );
      return after(opened, (done) => {
        if (typeof done === 'string') return this.#notOpen(done);
        this.#socket = socket;
        return socket;
      });
    });
  }

  /** A radio that is off comes on again; a port that is somebody else's stays so. */
  #notOpen(reason: NetworkError): Later<undefined> {
    if (this.#parts.broker.isWanted) return undefined;
    if (reason === 'remote-unreachable') return this.#pause();
    const { port } = this.#parts;
    throw new HttpServerError('http-port-not-open', `port ${port}: ${reason}`, {
      fault: 'world',
      details: { port, reason },
    });
  }

  #sleep(pollable: Pollable): Later<undefined> {
    return after(waitOnce(this.#parts.broker, pollable), () => undefined);
  }

  #pause(): Later<undefined> {
    const { broker } = this.#parts;
    const call = broker.call({ function: 'poll.wait', handles: [], timeoutNs: RETRY_NS }, 'wake');
    return after(call, () => undefined);
  }
}

/** As `waitFor`, but it also comes back when the app is to end. */
function waitOnce(broker: BrokerClient, pollable: Pollable): Later<void> {
  return after(pollable.readiness(), (readiness): Later<void> => {
    if (readiness.kind !== 'handle') return after(waitFor(broker, [pollable]), () => undefined);
    const request = { function: 'poll.wait', handles: [readiness.handle], timeoutNs: undefined } as const;
    return after(broker.call(request, 'wake'), () => undefined);
  });
}

/** What was thrown is kept until the client has been answered. */
function whateverComes(work: () => Later<unknown>): Later<{ readonly cause?: unknown }> {
  try {
    const done = work();
    return done instanceof Promise
      ? done.then(
          () => ({}),
          (cause: unknown) => ({ cause }),
        )
      : {};
  } catch (cause) {
    return { cause };
  }
}
