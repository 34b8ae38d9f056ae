// The two byte streams of a TCP connection, as wasi:io has them. Nothing is kept on this side: what there is no room for is not taken.

import type { AppErrorCode, AppReply } from '../../../../contracts/wire/app-call.ts';
import { TCP_PART_MAX_BYTES } from '../../../../contracts/wire/app-call/tcp-calls.ts';
import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { InputStream, OutputStream, Pollable, StreamFault } from '../io.ts';
import { CLOSED } from '../io.ts';
import { until } from '../later-loops.ts';
import type { WatchedHandle } from './watched-handle.ts';

export class TcpInput implements InputStream {
  readonly #broker: BrokerClient;
  readonly #connection: WatchedHandle;

  constructor(broker: BrokerClient, connection: WatchedHandle) {
    this.#broker = broker;
    this.#connection = connection.share();
  }

  read(maxBytes: number): Later<Uint8Array | StreamFault> {
    const { handle } = this.#connection;
    const request = { function: 'tcp.receive', handle, maxBytes: Math.min(maxBytes, TCP_PART_MAX_BYTES) } as const;
    return after(this.#broker.call(request, 'bytes'), (reply) => {
      if (reply.ok) return reply.result.kind === 'bytes' ? reply.result.value : CLOSED;
      return reply.error === 'would-block' ? new Uint8Array(0) : faultOf(reply.error);
    });
  }

  subscribe(): Pollable {
    return this.#connection.pollable('receive');
  }

  close(): void {
    this.#connection.release();
  }
}

export class TcpOutput implements OutputStream {
  readonly #broker: BrokerClient;
  readonly #connection: WatchedHandle;

  constructor(broker: BrokerClient, connection: WatchedHandle) {
    this.#broker = broker;
    this.#connection = connection.share();
  }

  checkWrite(): Later<number | StreamFault> {
    const { handle } = this.#connection;
    return after(this.#broker.call({ function: 'tcp.room', handle }, 'u32'), (reply) => numberOf(reply));
  }

  write(bytes: Uint8Array): Later<StreamFault | undefined> {
    const { handle } = this.#connection;
    let rest = bytes;
    // Nobody else sends on this connection, so the room that `checkWrite` told is still there.
    const finished = until((): Later<{ fault: StreamFault | undefined } | undefined> => {
      if (rest.length === 0) return { fault: undefined };
      const part = rest.subarray(0, TCP_PART_MAX_BYTES);
      return after(this.#broker.call({ function: 'tcp.send', handle, bytes: part }, 'u32'), (reply) => {
        const taken = numberOf(reply);
        if (typeof taken !== 'number') return { fault: taken };
        if (taken === 0) return { fault: faultOf('io') };
        rest = rest.subarray(taken);
        return undefined;
      });
    });
    return after(finished, ({ fault }) => fault);
  }

  flush(): Later<StreamFault | undefined> {
    return undefined;
  }

  subscribe(): Pollable {
    return this.#connection.pollable('send');
  }

  close(): void {
    this.#connection.release();
  }
}

function numberOf(reply: AppReply): number | StreamFault {
  if (reply.ok) return reply.result.kind === 'u32' ? reply.result.value : CLOSED;
  return reply.error === 'would-block' ? 0 : faultOf(reply.error);
}

function faultOf(error: AppErrorCode): StreamFault {
  return error === 'closed' ? CLOSED : { kind: 'failed', error: { text: error } };
}
