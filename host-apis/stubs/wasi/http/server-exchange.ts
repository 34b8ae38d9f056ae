// One client of a server: its request, and the answer to it, over the connection that it made. Never a second request on it: what follows
// the first one is not looked at.

import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { InputStream, OutputStream, Readiness, StreamFault } from '../io.ts';
import { CLOSED } from '../io.ts';
import { until } from '../later-loops.ts';
import type { TcpSocket } from '../sockets/tcp-socket.ts';
import { TcpInput, TcpOutput } from '../sockets/tcp-streams.ts';
import type { WatchedHandle } from '../sockets/watched-handle.ts';
import { waitFor } from '../wait.ts';
import { BodyReader } from './body-reader.ts';
import { faultOf } from './http-exchange.ts';
import type { HttpErrorName } from './http-types.ts';
import { MessageSender } from './message-sender.ts';
import type { BodyCarrier } from './outgoing-body.ts';
import type { OutgoingResponse } from './outgoing-response.ts';
import { CONTINUE, plainResponse } from './outgoing-response.ts';
import { Patience } from './patience.ts';
import type { RequestErrorCode, RequestHead } from './request-head.ts';
import { REQUEST_BODY_MAX_BYTES, REQUEST_ERROR_STATUS, RequestError, RequestHeadReader } from './request-head.ts';
import { ResponseError } from './response-head.ts';

const READ_BYTES = 16 * 1024;
/** A whole head: a client that sends a byte now and then must not keep all others out (Slowloris). */
const HEAD_LIMIT_NS = 10_000_000_000n;
/** Without a byte in either direction. */
const IDLE_LIMIT_NS = 30_000_000_000n;
/** For what the client still sends: closed too early, the connection's reset would overtake the answer (RFC 9112 section 9.6). */
const LINGER_LIMIT_NS = 1_000_000_000n;
const LINGER_MAX_BYTES = 256 * 1024;
/** The guest failed: nobody is told how. */
const FAILED_STATUS = 500;

export class ServerExchange implements BodyCarrier {
  readonly #broker: BrokerClient;
  readonly #socket: TcpSocket;
  readonly #input: InputStream;
  readonly #output: OutputStream;
  readonly #patience: Patience;
  #head: RequestHead | undefined;
  #body: BodyReader | undefined;
  #bodyBytes = 0;
  #received: Uint8Array[] = [];
  #error: HttpErrorName | undefined;
  /** Why the rest of the request is not one; it is answered with that while nothing else was. */
  #refusal: RequestErrorCode | undefined;
  #sender: MessageSender | undefined;
  #hasAnswer = false;
  #isClosed = false;
  #pumping: Promise<void> | undefined;

  constructor(broker: BrokerClient, socket: TcpSocket, held: WatchedHandle) {
    this.#broker = broker;
    this.#socket = socket;
    this.#input = new TcpInput(broker, held);
    this.#output = new TcpOutput(broker, held);
    this.#patience = new Patience(broker, IDLE_LIMIT_NS);
  }

  /** The request's head; `undefined`: there was none that anybody could answer to, or it has been refused. */
  readHead(): Later<RequestHead | undefined> {
    const [reader, patience] = [new RequestHeadReader(), new Patience(this.#broker, HEAD_LIMIT_NS)];
    const read = until((): Later<{ readonly head: RequestHead | undefined } | undefined> =>
      after(this.#input.read(READ_BYTES), (bytes) => {
        if (!(bytes instanceof Uint8Array)) {
          this.#fail('connection-terminated');
          return { head: undefined };
        }
        return this.#attempt(() => {
          if (bytes.length > 0) return this.#keepHead(reader.push(bytes));
          return after(patience.isOver(), (isOver): Later<undefined> => {
            if (isOver) throw new RequestError('request-timeout', 'no whole head');
            return this.#wait(this.#input, patience);
          });
        });
      }),
    );
    return after(read, ({ head }) => head);
  }

  /** The request's body, as it comes. */
  bodyStream(): InputStream {
    return {
      read: (maxBytes) => after(this.#fill(), (fault) => this.#takeReceived(maxBytes) ?? fault ?? new Uint8Array(0)),
      subscribe: () => ({
        readiness: () =>
          after(this.#fill(), (fault): Later<Readiness> => {
            const isReady = fault !== undefined || this.#received.length > 0;
            return isReady ? { kind: 'ready' } : this.#waitsFor(this.#input, () => true);
          }),
      }),
    };
  }

  /** The guest looks at no more of the body. The answer is still to come. */
  close(): void {
    this.#received = [];
  }

  /** The guest's answer, once; what it says of itself but is not, and a request that went wrong, are answered by the host. */
  respond(response: OutgoingResponse | undefined): Later<void> {
    if (this.#hasAnswer) return response?.body?.abandon();
    this.#hasAnswer = true;
    const head = this.#head;
    const status = this.#refusal === undefined ? FAILED_STATUS : REQUEST_ERROR_STATUS[this.#refusal];
    const own = this.#refusal === undefined && head !== undefined ? response?.sender(head) : undefined;
    if (own === undefined) response?.body?.abandon();
    else if (response?.body !== undefined) response.body.carrier = this;
    this.#sender = own ?? plainResponse(status);
    return this.pump();
  }

  /** After the guest's last word: what it left open is broken off, what it finished is delivered, and the connection ends. */
  finish(): Later<void> {
    return after(this.respond(undefined), () =>
      after(this.#flush(), () => {
        // Half an answer lacks what its head announced, or its last chunk: nothing that would make it look whole follows.
        if (this.#sender?.isBroken === true || this.#error !== undefined) return this.#drop();
        return after(this.#socket.shutdown(['send']), () => after(this.#linger(), () => this.#drop()));
      }),
    );
  }

  /** One at a time: a second one would send into the room that the first was told of. */
  pump(): Later<void> {
    if (this.#pumping !== undefined) return this.#pumping;
    const rest = until((): Later<true | undefined> => after(this.#send(), (moved) => (moved ? undefined : true)));
    if (!(rest instanceof Promise)) return;
    this.#pumping = rest.then(() => undefined).finally(() => (this.#pumping = undefined));
    return this.#pumping;
  }

  get fault(): StreamFault | undefined {
    if (this.#error !== undefined) return faultOf(this.#error);
    return this.#isClosed ? CLOSED : undefined;
  }

  readiness(): Later<Readiness> {
    return this.#waitsFor(this.#output, () => after(this.pump(), () => false));
  }

  #keepHead(read: ReturnType<RequestHeadReader['push']>): { readonly head: RequestHead } | undefined {
    if (read === undefined) return undefined;
    const { head, rest } = read;
    this.#head = head;
    this.#body = new BodyReader(head.body);
    this.#take(this.#body, rest);
    if (head.waitsForContinue && rest.length === 0 && !this.#body.isDone) {
      // Goes out with the first look at the body, whole: nothing was sent on this connection before.
      this.#sender = new MessageSender(CONTINUE, undefined, 'plain');
    }
    return { head };
  }

  #take(body: BodyReader, bytes: Uint8Array): void {
    const parts = body.push(bytes);
    this.#bodyBytes += parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#bodyBytes > REQUEST_BODY_MAX_BYTES) throw new RequestError('request-body-too-large', 'its chunks');
    this.#received.push(...parts);
  }

  /** A head that is none is refused at once; a body that is none when the answer's turn comes. */
  #attempt<Read>(read: () => Later<Read | undefined>): Later<Read | { readonly head: undefined } | undefined> {
    const refused = (cause: unknown): { readonly head: undefined } => {
      if (cause instanceof RequestError) this.#refusal = cause.code;
      else if (cause instanceof ResponseError) this.#refusal = 'request-malformed';
      else throw cause;
      this.#received = [];
      return { head: undefined };
    };
    try {
      const done = read();
      return done instanceof Promise ? done.catch(refused) : done;
    } catch (cause) {
      return refused(cause);
    }
  }

  /** Reads until there is something of the body, or nothing more for now; why there is nothing any more. */
  #fill(): Later<StreamFault | undefined> {
    const finished = until((): Later<{ readonly fault: StreamFault | undefined } | undefined> => {
      const body = this.#body;
      if (this.#received.length > 0) return { fault: undefined };
      if (this.#refusal !== undefined) return { fault: faultOf(this.#refusalName()) };
      if (this.#error !== undefined) return { fault: faultOf(this.#error) };
      if (body === undefined || body.isDone || this.#isClosed) return { fault: CLOSED };
      return after(this.pump(), () =>
        after(this.#input.read(READ_BYTES), (bytes) => {
          if (!(bytes instanceof Uint8Array)) {
            this.#fail('connection-terminated');
            return undefined;
          }
          if (bytes.length === 0) {
            return after(this.#patience.isOver(), (isOver) => {
              if (isOver) this.#refusal = 'request-timeout';
              return isOver ? undefined : { fault: undefined };
            });
          }
          this.#patience.moved();
          return after(
            this.#attempt(() => {
              this.#take(body, bytes);
              return undefined;
            }),
            () => undefined,
          );
        }),
      );
    });
    return after(finished, ({ fault }) => fault);
  }

  #refusalName(): HttpErrorName {
    if (this.#refusal === 'request-timeout') return 'connection-read-timeout';
    return this.#refusal === 'request-body-too-large' ? 'HTTP-request-body-size' : 'HTTP-protocol-error';
  }

  #takeReceived(maxBytes: number): Uint8Array | undefined {
    const first = this.#received.shift();
    if (first === undefined || first.length <= maxBytes) return first;
    this.#received.unshift(first.subarray(maxBytes));
    return first.subarray(0, maxBytes);
  }

  /** True: something went out, look again. */
  #send(): Later<boolean> {
    const sender = this.#sender;
    if (sender?.hasUnsent !== true || this.#error !== undefined || this.#isClosed) return false;
    return after(this.#output.checkWrite(), (room): Later<boolean> => {
      if (typeof room !== 'number') return this.#fail('connection-terminated');
      if (room === 0) {
        return after(this.#patience.isOver(), (isOver) => isOver && this.#fail('connection-write-timeout'));
      }
      const bytes = sender.next(room);
      if (bytes.length === 0) return false;
      this.#patience.moved();
      return after(this.#output.write(bytes), (fault) =>
        fault === undefined ? true : this.#fail('connection-terminated'),
      );
    });
  }

  /** All that there is to send, or the end of the connection. */
  #flush(): Later<void> {
    const flushed = until((): Later<true | undefined> =>
      after(this.pump(), (): Later<true | undefined> => {
        if (this.#error !== undefined || this.#sender?.hasUnsent !== true) return true;
        return this.#wait(this.#output, this.#patience);
      }),
    );
    return after(flushed, () => undefined);
  }

  /** Reads over what still comes, for a while. */
  #linger(): Later<void> {
    const patience = new Patience(this.#broker, LINGER_LIMIT_NS);
    let bytes = 0;
    const over = until((): Later<true | undefined> =>
      after(this.#input.read(READ_BYTES), (read): Later<true | undefined> => {
        if (!(read instanceof Uint8Array) || (bytes += read.length) > LINGER_MAX_BYTES) return true;
        if (read.length > 0) return undefined;
        return after(patience.isOver(), (isOver): Later<true | undefined> =>
          isOver ? true : this.#wait(this.#input, patience),
        );
      }),
    );
    return after(over, () => undefined);
  }

  #wait(stream: InputStream | OutputStream, patience: Patience): Later<undefined> {
    return after(patience.untilNs(), (atNs) => {
      const pollable = stream.subscribe();
      return after(waitFor(this.#broker, [pollable, { readiness: () => ({ kind: 'at', atNs }) }]), () => {
        pollable.close?.();
        return undefined;
      });
    });
  }

  #waitsFor(stream: InputStream | OutputStream, advance: () => Later<boolean>): Later<Readiness> {
    return after(this.#patience.untilNs(), (untilNs) => {
      const pollable = stream.subscribe();
      return after(pollable.readiness(), (readiness) => {
        pollable.close?.();
        return readiness.kind === 'handle' ? { ...readiness, advance, untilNs } : readiness;
      });
    });
  }

  #fail(error: HttpErrorName): false {
    this.#error ??= error;
    return false;
  }

  #drop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#received = [];
    this.#input.close?.();
    this.#output.close?.();
    this.#socket.drop();
  }
}
