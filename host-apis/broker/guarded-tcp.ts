// TCP of one app behind the grant check. Never a byte sent or taken on a connection whose host or port is not granted at that moment.

import type { AppFunction, AppReply } from '../../contracts/wire/app-call.ts';
import type { TcpDirection, TcpRequest } from '../../contracts/wire/app-call/tcp-calls.ts';
import { encodeAcceptedCaller } from '../../contracts/wire/app-call/tcp-calls.ts';
import type { PortResult, TcpListener, TcpStream } from '../ports.ts';
import type { AskedResource } from './grant-check.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import type { GuardedNetworkServices } from './guarded-names.ts';
import type { Holding } from './handle-table.ts';
import { bytes, DONE, refuse, u32 } from './replies.ts';
import type { Waitable } from './waitable.ts';

type HeldStream = Extract<Holding, { kind: 'tcp-stream' }>;
type HeldListener = Extract<Holding, { kind: 'tcp-listener' }>;

export class GuardedTcp implements GuardedArea<TcpRequest> {
  readonly #parts: AreaParts & GuardedNetworkServices;

  constructor(parts: AreaParts, services: GuardedNetworkServices) {
    this.#parts = { ...parts, ...services };
  }

  call(request: TcpRequest): AppReply {
    switch (request.function) {
      case 'tcp.connect':
        return this.#connect(request.address, request.port);
      case 'tcp.listen':
        return this.#listen(request.port);
      case 'tcp.ready':
        return this.#on(request, ({ thing }) => this.#reply(thing.ready(), () => DONE));
      case 'tcp.accept':
        return this.#on(request, (held) => (held.kind === 'tcp-listener' ? this.#accept(held) : INVALID));
      case 'tcp.room':
        return this.#onStream(request, ({ thing }) => this.#reply(thing.room(), u32));
      case 'tcp.send':
        return this.#onStream(request, ({ thing }) => this.#reply(thing.send(request.bytes), u32));
      case 'tcp.receive':
        return this.#onStream(request, ({ thing }) => this.#reply(thing.receive(request.maxBytes), bytes));
      case 'tcp.shutdown':
        return this.#onStream(request, ({ thing }) => {
          thing.shutdown(request.direction);
          return { reply: DONE };
        });
      case 'tcp.watch':
        return this.#on(request, (held) => this.#watch(held, request.direction));
    }
  }

  #connect(address: string, port: number): AppReply {
    const { network, resolved, app } = this.#parts;
    const asked = resolved.asked(address, port);
    return this.#open('tcp.connect', asked, () => network.connect(app.context, address, port), streamOf);
  }

  #listen(port: number): AppReply {
    const { network, app } = this.#parts;
    const asked = { kind: 'tcp-server', port } as const;
    return this.#open('tcp.listen', asked, () => network.listen(app.context, port), listenerOf);
  }

  #open<Thing>(
    name: AppFunction,
    asked: AskedResource,
    open: () => PortResult<Thing>,
    hold: (thing: Thing, asked: AskedResource) => Holding,
  ): AppReply {
    const { gate, handles } = this.#parts;
    const denied = gate.ask(name, asked);
    if (denied !== undefined) return denied;
    if (!handles.reserve()) return gate.handlesUsedUp();
    const opened = open();
    if (opened.ok) return u32(handles.add(hold(opened.value, asked)));
    handles.release();
    return gate.portRefused(name, asked, opened);
  }

  #accept({ thing, asked }: HeldListener): Answer {
    const { gate, handles } = this.#parts;
    if (!handles.reserve()) return { reply: gate.handlesUsedUp() };
    const accepted = thing.accept();
    if (!accepted.ok) {
      handles.release();
      return accepted;
    }
    const { stream, peer } = accepted.value;
    return { reply: bytes(encodeAcceptedCaller({ handle: handles.add(streamOf(stream, asked)), ...peer })) };
  }

  #watch(held: HeldStream | HeldListener, direction: TcpDirection): Answer {
    const { gate, handles } = this.#parts;
    if (!handles.reserve()) return { reply: gate.handlesUsedUp() };
    const { thing } = held;
    const isReady =
      direction === 'receive' || !('room' in thing)
        ? () => thing.isReadable
        : () => {
            const room = thing.room();
            return room.ok || room.error !== 'would-block';
          };
    return { reply: u32(handles.add({ kind: 'watch', waitable: waitable(isReady, thing) })) };
  }

  #onStream(request: Extract<TcpRequest, { handle: number }>, answer: (held: HeldStream) => Answer): AppReply {
    return this.#on(request, (held) => (held.kind === 'tcp-stream' ? answer(held) : INVALID));
  }

  #on(request: Extract<TcpRequest, { handle: number }>, answer: (held: HeldStream | HeldListener) => Answer): AppReply {
    const { gate, handles } = this.#parts;
    const held = handles.get(request.handle, 'tcp-stream') ?? handles.get(request.handle, 'tcp-listener');
    if (held === undefined) return refuse('invalid-argument');
    const denied = gate.ask(request.function, held.asked);
    if (denied !== undefined) return denied;
    const answered = answer(held);
    return 'reply' in answered ? answered.reply : gate.portRefused(request.function, held.asked, answered);
  }

  #reply<Value>(result: PortResult<Value>, reply: (value: Value) => AppReply): Answer {
    return result.ok ? { reply: reply(result.value) } : result;
  }
}

/** A reply, or what the port refused it with. */
type Answer = { readonly reply: AppReply } | Extract<PortResult<never>, { ok: false }>;
const INVALID: Answer = { reply: refuse('invalid-argument') };

function streamOf(thing: TcpStream, asked: AskedResource): HeldStream {
  return { kind: 'tcp-stream', thing, asked, waitable: readiness(thing), close: () => thing.close() };
}

function listenerOf(thing: TcpListener, asked: AskedResource): HeldListener {
  return { kind: 'tcp-listener', thing, asked, waitable: readiness(thing), close: () => thing.close() };
}

function readiness(thing: TcpStream | TcpListener): Waitable {
  return waitable(() => {
    const ready = thing.ready();
    return ready.ok || ready.error !== 'would-block';
  }, thing);
}

function waitable(isReady: () => boolean, { onChange }: Pick<TcpStream, 'onChange'>): Waitable {
  return { isReady, readyAtNs: undefined, onChange };
}
