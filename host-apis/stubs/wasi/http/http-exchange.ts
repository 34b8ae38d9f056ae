// One HTTP/1.1 request over a connection of its own, and its answer. The host follows no redirect, keeps no connection and no cookie: whom a
// guest talks to is decided anew for every request, by the broker and the firewall.

import { parseIp } from '../../../../contracts/core/ip-address.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { InputStream, OutputStream, Pollable, Readiness, StreamFault } from '../io.ts';
import { CLOSED } from '../io.ts';
import { until } from '../later-loops.ts';
import type { AddressList } from '../sockets/address-list.ts';
import { resolve } from '../sockets/address-list.ts';
import type { NetworkError } from '../sockets/network-types.ts';
import type { Outcome } from '../sockets/tcp-socket.ts';
import { TcpSocket } from '../sockets/tcp-socket.ts';
import { TcpInput, TcpOutput } from '../sockets/tcp-streams.ts';
import { BodyReader } from './body-reader.ts';
import type { FieldList } from './http-fields.ts';
import type { HttpErrorName } from './http-types.ts';
import { httpErrorOf, httpErrorValue } from './http-types.ts';
import { MessageSender, headBytes } from './message-sender.ts';
import type { BodyCarrier, OutgoingBody } from './outgoing-body.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseError, ResponseHeadReader } from './response-head.ts';

const READ_BYTES = 16 * 1024;

export interface HttpTarget {
  readonly host: string;
  readonly port: number;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly fields: FieldList;
  /** `undefined`: the guest never asked for one. */
  readonly body: OutgoingBody | undefined;
}

type Phase =
  | { readonly kind: 'idle' | 'failed' | 'closed' }
  | { readonly kind: 'resolving'; readonly list: AddressList }
  | { readonly kind: 'connecting'; readonly socket: TcpSocket }
  | { readonly kind: 'open'; readonly socket: TcpSocket; readonly input: InputStream; readonly output: OutputStream };

export class HttpExchange implements BodyCarrier {
  readonly #broker: BrokerClient;
  readonly #target: HttpTarget;
  readonly #request: HttpRequest;
  readonly #head = new ResponseHeadReader();
  #phase: Phase = { kind: 'idle' };
  #error: HttpErrorName | undefined;
  readonly #sender: MessageSender;
  #response: ResponseHead | undefined;
  #body: BodyReader | undefined;
  #received: Uint8Array[] = [];

  constructor(broker: BrokerClient, target: HttpTarget, request: HttpRequest) {
    this.#broker = broker;
    this.#target = target;
    this.#request = request;
    this.#sender = senderOf(request);
    if (request.body !== undefined) request.body.carrier = this;
  }

  /** Asks for the host's name. The error is the one that the guest gets at once. */
  start(): Later<HttpErrorName | undefined> {
    return after(resolve(this.#broker, this.#target.host), (list): Later<HttpErrorName | undefined> => {
      if (typeof list === 'string') return httpErrorOf(list);
      this.#phase = { kind: 'resolving', list: list.value };
      return after(this.pump(), () => undefined);
    });
  }

  /** The head of the answer, or why there is none; `undefined`: neither yet. */
  answer(): Later<ResponseHead | HttpErrorName | undefined> {
    return after(this.pump(), () => this.#response ?? this.#error);
  }

  pump(): Later<void> {
    const rest = until((): Later<true | undefined> => after(this.#step(), (moved) => (moved ? undefined : true)));
    return after(rest, () => undefined);
  }

  get fault(): StreamFault | undefined {
    if (this.#error !== undefined) return faultOf(this.#error);
    return this.#phase.kind === 'closed' ? CLOSED : undefined;
  }

  readiness(): Later<Readiness> {
    return after(this.#waitsFor(), (readiness): Readiness =>
      readiness.kind === 'handle' ? { ...readiness, advance: () => after(this.pump(), () => false) } : readiness,
    );
  }

  /** Ready when `answer` has one. */
  pollable(): Pollable {
    return {
      readiness: () => after(this.answer(), (answer) => (answer === undefined ? this.readiness() : { kind: 'ready' })),
    };
  }

  /** The body of the answer, as it comes. */
  bodyStream(): InputStream {
    return {
      read: (maxBytes) => after(this.#fill(), (fault) => this.#takeReceived(maxBytes) ?? fault ?? new Uint8Array(0)),
      subscribe: () => ({
        readiness: () =>
          after(this.#fill(), (fault) => {
            const isReady = fault !== undefined || this.#received.length > 0;
            return isReady ? { kind: 'ready' } : this.readiness();
          }),
      }),
    };
  }

  /** Drops the connection; may be called twice. */
  close(): void {
    const phase = this.#phase;
    this.#phase = { kind: 'closed' };
    if (phase.kind === 'resolving') phase.list.close();
    if (phase.kind === 'open') {
      phase.input.close?.();
      phase.output.close?.();
    }
    if (phase.kind === 'connecting' || phase.kind === 'open') phase.socket.drop();
  }

  /** True: something moved, look again. */
  #step(): Later<boolean> {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'resolving':
        return after(phase.list.next(), (next) => this.#resolved(phase.list, next));
      case 'connecting':
        return after(phase.socket.finishConnect(), (connected) => {
          if (typeof connected === 'string') return this.#failedUnlessLater(connected);
          const [input, output] = [
            new TcpInput(this.#broker, connected.value),
            new TcpOutput(this.#broker, connected.value),
          ];
          this.#phase = { kind: 'open', socket: phase.socket, input, output };
          return true;
        });
      case 'open':
        return after(
          this.#send(phase.output),
          (sent) => sent || (this.#response === undefined && this.#readHead(phase.input)),
        );
      default:
        return false;
    }
  }

  #resolved(list: AddressList, next: Outcome<string | undefined>): Later<boolean> {
    if (typeof next === 'string') return this.#failedUnlessLater(next);
    const bytes = next.value === undefined ? undefined : parseIp(next.value);
    if (bytes === undefined) return this.#fail('DNS-error');
    const family = bytes.length === 4 ? 4 : 6;
    const socket = new TcpSocket(this.#broker, family);
    return after(socket.startConnect({ family, bytes, port: this.#target.port }), (started) => {
      if (typeof started === 'string') return this.#failedUnlessLater(started);
      list.close();
      this.#phase = { kind: 'connecting', socket };
      return true;
    });
  }

  #send(output: OutputStream): Later<boolean> {
    const sender = this.#sender;
    if (sender.isBroken) return this.#fail('HTTP-request-body-size');
    if (!sender.hasUnsent) return false;
    return after(output.checkWrite(), (room) => {
      // A server that answers before it has heard all may close its side: its answer counts.
      if (typeof room !== 'number') return this.#sendNoMore();
      const bytes = sender.next(room);
      return bytes.length === 0
        ? false
        : after(output.write(bytes), (fault) => (fault === undefined ? true : this.#sendNoMore()));
    });
  }

  #sendNoMore(): boolean {
    this.#sender.stop();
    return true;
  }

  #readHead(input: InputStream): Later<boolean> {
    return after(input.read(READ_BYTES), (bytes) => {
      if (!(bytes instanceof Uint8Array)) return this.#fail('connection-terminated');
      if (bytes.length === 0) return false;
      return this.#attempt(() => {
        const read = this.#head.push(bytes, this.#request.method === 'HEAD');
        if (read === undefined) return;
        this.#response = read.head;
        this.#body = new BodyReader(read.head.body);
        this.#received.push(...this.#body.push(read.rest));
      });
    });
  }

  /** Reads until there is something of the body, or nothing more for now; why there is nothing any more. */
  #fill(): Later<StreamFault | undefined> {
    const finished = until((): Later<{ readonly fault: StreamFault | undefined } | undefined> => {
      const body = this.#body;
      if (this.#received.length > 0 || body === undefined) return { fault: undefined };
      if (this.#error !== undefined) return { fault: faultOf(this.#error) };
      if (body.isDone || this.#phase.kind !== 'open') return { fault: CLOSED };
      return after(this.#phase.input.read(READ_BYTES), (bytes) => {
        if (!(bytes instanceof Uint8Array)) {
          if (bytes.kind === 'failed' || !body.finish()) this.#fail('HTTP-response-incomplete');
          return undefined;
        }
        if (bytes.length === 0) return { fault: undefined };
        this.#attempt(() => void this.#received.push(...body.push(bytes)));
        return undefined;
      });
    });
    return after(finished, ({ fault }) => fault);
  }

  #takeReceived(maxBytes: number): Uint8Array | undefined {
    const first = this.#received.shift();
    if (first === undefined || first.length <= maxBytes) return first;
    this.#received.unshift(first.subarray(maxBytes));
    return first.subarray(0, maxBytes);
  }

  #waitsFor(): Later<Readiness> {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'resolving':
        return phase.list.subscribe().readiness();
      case 'connecting':
        return phase.socket.pollable().readiness();
      case 'open': {
        const pollable = (this.#sender.hasUnsent ? phase.output : phase.input).subscribe();
        return after(pollable.readiness(), (readiness) => {
          pollable.close?.();
          return readiness;
        });
      }
      default:
        return { kind: 'ready' };
    }
  }

  #attempt(read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      return this.#fail(error.code);
    }
  }

  #failedUnlessLater(error: NetworkError): boolean {
    return error === 'would-block' ? false : this.#fail(httpErrorOf(error));
  }

  #fail(error: HttpErrorName): boolean {
    this.close();
    this.#error = error;
    this.#phase = { kind: 'failed' };
    return false;
  }
}

function senderOf({ method, path, authority, fields, body }: HttpRequest): MessageSender {
  const isInChunks = body !== undefined && body.announcedBytes === undefined;
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${authority}`, 'connection: close'];
  const head = headBytes([...lines, ...(isInChunks ? ['transfer-encoding: chunked'] : [])], fields);
  return new MessageSender(head, body, isInChunks ? 'chunked' : 'plain');
}

export function faultOf(error: HttpErrorName): StreamFault {
  return { kind: 'failed', error: { text: error, code: { of: 'http', value: httpErrorValue(error) } } };
}
