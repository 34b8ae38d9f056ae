// Moving bytes through streams until something is done: the blocking halves of wasi:io/streams. Never keeps a byte between two calls.

import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import type { InputStream, OutputStream, StreamFault } from './io.ts';
import { until } from './later-loops.ts';
import { waitFor } from './wait.ts';

/** At least one byte, or the fault. */
export function blockingRead(
  broker: BrokerClient,
  stream: InputStream,
  maxBytes: number,
): Later<Uint8Array | StreamFault> {
  return until(() =>
    after(stream.read(maxBytes), (read): Later<Uint8Array | StreamFault | undefined> => {
      if (!(read instanceof Uint8Array) || read.length > 0) return read;
      return after(waitFor(broker, [stream.subscribe()]), () => undefined);
    }),
  );
}

/** All of it, in as many writes as the stream allows. */
export function writeAll(
  broker: BrokerClient,
  stream: OutputStream,
  bytes: Uint8Array,
): Later<StreamFault | undefined> {
  let rest = bytes;
  const done = until((): Later<StreamFault | 'done' | undefined> => {
    if (rest.length === 0) return 'done';
    return after(stream.checkWrite(), (permit): Later<StreamFault | undefined> => {
      if (typeof permit !== 'number') return permit;
      if (permit === 0) return after(waitFor(broker, [stream.subscribe()]), () => undefined);
      const part = rest.subarray(0, permit);
      rest = rest.subarray(part.length);
      return stream.write(part);
    });
  });
  return after(done, (fault) => (fault === 'done' ? undefined : fault));
}

/** Flushed, and the stream takes bytes again. */
export function flushed(broker: BrokerClient, stream: OutputStream): Later<StreamFault | undefined> {
  return after(stream.flush(), (fault): Later<StreamFault | undefined> => {
    if (fault !== undefined) return fault;
    const done = until((): Later<StreamFault | 'done' | undefined> =>
      after(stream.checkWrite(), (permit): Later<StreamFault | 'done' | undefined> => {
        if (typeof permit !== 'number') return permit;
        return permit > 0 ? 'done' : after(waitFor(broker, [stream.subscribe()]), () => undefined);
      }),
    );
    return after(done, (end) => (end === 'done' ? undefined : end));
  });
}

/** As much as there is room for now, from a source that is read once. How many bytes went over. */
export function spliceOnce(
  to: OutputStream,
  maxBytes: number,
  read: (maxBytes: number) => Later<Uint8Array | StreamFault>,
): Later<bigint | StreamFault> {
  return after(to.checkWrite(), (permit): Later<bigint | StreamFault> => {
    if (typeof permit !== 'number') return permit;
    const count = Math.min(permit, maxBytes);
    if (count === 0) return 0n;
    return after(read(count), (bytes): Later<bigint | StreamFault> => {
      if (!(bytes instanceof Uint8Array)) return bytes;
      return after(to.write(bytes), (fault) => fault ?? BigInt(bytes.length));
    });
  });
}
