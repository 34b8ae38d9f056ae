// Datagrams of one app behind the grant check, each of them. Never one to a host that is not granted, unless it answers one from there.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { UdpRequest } from '../../contracts/wire/app-call/udp-calls.ts';
import { encodeDatagram } from '../../contracts/wire/app-call/udp-calls.ts';
import type { UdpSocket } from '../ports.ts';
import type { AskedResource } from './grant-check.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import type { GuardedNetworkServices } from './guarded-names.ts';
import type { Holding } from './handle-table.ts';
import { bytes, DONE, refuse, u32 } from './replies.ts';

type HeldSocket = Extract<Holding, { kind: 'udp-socket' }>;
type OnSocket = Exclude<UdpRequest, { function: 'udp.bind' }>;

export class GuardedUdp implements GuardedArea<UdpRequest> {
  readonly #parts: AreaParts & GuardedNetworkServices;

  constructor(parts: AreaParts, services: GuardedNetworkServices) {
    this.#parts = { ...parts, ...services };
  }

  call(request: UdpRequest): AppReply {
    if (request.function === 'udp.bind') return this.#bind(request.port);
    const { gate, handles } = this.#parts;
    const held = handles.get(request.handle, 'udp-socket');
    if (held === undefined) return refuse('invalid-argument');
    const asked = this.#askedOf(held, request);
    const denied = gate.ask(request.function, asked);
    if (denied !== undefined) return denied;
    return this.#answer(held.thing, request, asked);
  }

  #bind(port: number): AppReply {
    const { gate, handles, network, app } = this.#parts;
    const asked: AskedResource = port === 0 ? { kind: 'hosts' } : { kind: 'udp-server', port };
    const denied = gate.ask('udp.bind', asked);
    if (denied !== undefined) return denied;
    if (!handles.reserve()) return gate.handlesUsedUp();
    const bound = network.bind(app.context, port);
    if (bound.ok) return u32(handles.add(holdingOf(bound.value, asked)));
    handles.release();
    return gate.portRefused('udp.bind', asked, bound);
  }

  /** A datagram asks for its host; whoever has sent to a granted port may be answered from it. */
  #askedOf({ thing, asked }: HeldSocket, request: OnSocket): AskedResource {
    if (request.function !== 'udp.send') return asked;
    const { address, port } = request;
    if (asked.kind === 'udp-server' && thing.hasHeardFrom({ address, port })) return asked;
    return this.#parts.resolved.asked(address, port);
  }

  #answer(socket: UdpSocket, request: OnSocket, asked: AskedResource): AppReply {
    const { gate, handles } = this.#parts;
    switch (request.function) {
      case 'udp.ready': {
        const ready = socket.ready();
        return ready.ok ? DONE : gate.portRefused(request.function, asked, ready);
      }
      case 'udp.send': {
        const sent = socket.send(request, request.bytes);
        return sent.ok ? DONE : gate.portRefused(request.function, asked, sent);
      }
      case 'udp.receive': {
        const got = socket.receive();
        if (!got.ok) return gate.portRefused(request.function, asked, got);
        return bytes(encodeDatagram({ ...got.value.from, bytes: got.value.bytes }));
      }
      case 'udp.watch': {
        if (!handles.reserve()) return gate.handlesUsedUp();
        const isReady = request.direction === 'receive' ? () => socket.isReadable : () => socket.isWritable;
        const waitable = { isReady, readyAtNs: undefined, onChange: socket.onChange };
        return u32(handles.add({ kind: 'watch', waitable }));
      }
    }
  }
}

function holdingOf(thing: UdpSocket, asked: AskedResource): HeldSocket {
  const isReady = (): boolean => {
    const ready = thing.ready();
    return ready.ok || ready.error !== 'would-block';
  };
  const waitable = { isReady, readyAtNs: undefined, onChange: thing.onChange };
  return { kind: 'udp-socket', thing, asked, waitable, close: () => thing.close() };
}
