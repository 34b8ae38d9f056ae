// wasi:io: errors, polling and streams for the guest, over whatever stands behind them. Decides nothing about a stream but its rules of use.

import type { HostInterface, HostOffers } from '../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../component/host-interface.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { Case, ResultType, Value, ValueType, VariantType } from '../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../component/value-types.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import { ok } from '../results.ts';
import type { InputStream, OutputStream, StreamFault, WasiIo } from './io.ts';
import { isReady, waitFor } from './wait.ts';
import { WasiTrap } from './wasi-trap.ts';
import { blockingRead, flushed, spliceOnce, writeAll } from './stream-moves.ts';

const { bool, string, u8, u32, u64 } = PRIMITIVE_TYPES;
const BYTES = { kind: 'list', element: u8 } as const;
/** Bytes that one read gives at the most. */
const READ_MAX_BYTES = 64 * 1024;
/** wasi:io/streams, `blocking-write-and-flush`. */
const BLOCKING_WRITE_MAX_BYTES = 4096;

/** `stream-error`, for whoever offers a function that answers one. */
export function streamErrorType(io: WasiIo): VariantType {
  return {
    kind: 'variant',
    cases: [
      { name: 'last-operation-failed', type: { kind: 'own', resource: io.error } },
      { name: 'closed', type: undefined },
    ],
  };
}

export function ioOffers(io: WasiIo, broker: BrokerClient): HostOffers {
  return new Map([
    ['wasi:io/error@0.2.0', errorInterface(io)],
    ['wasi:io/poll@0.2.0', pollInterface(io, broker)],
    ['wasi:io/streams@0.2.0', streamsInterface(io, broker)],
  ]);
}

function errorInterface(io: WasiIo): HostInterface {
  const receiver = { name: 'self', type: { kind: 'borrow', resource: io.error } } as const;
  return new Map([
    ['error', hostResource(io.error)],
    ['[method]error.to-debug-string', hostFunction([receiver], string, (error) => io.errors.get(error).text)],
  ]);
}

function pollInterface(io: WasiIo, broker: BrokerClient): HostInterface {
  const receiver = { name: 'self', type: { kind: 'borrow', resource: io.pollable } } as const;
  const list = { name: 'in', type: { kind: 'list', element: receiver.type } } as const;
  return new Map([
    ['pollable', hostResource(io.pollable)],
    ['[method]pollable.ready', blockingHostFunction([receiver], bool, (rep) => isReady(broker, io.pollables.get(rep)))],
    [
      '[method]pollable.block',
      blockingHostFunction([receiver], undefined, (rep) =>
        after(waitFor(broker, [io.pollables.get(rep)]), () => undefined),
      ),
    ],
    [
      'poll',
      blockingHostFunction([list], { kind: 'list', element: u32 }, (reps) => {
        if (reps.length === 0) throw new WasiTrap('poll-list-empty', 'a poll of nothing');
        return waitFor(
          broker,
          reps.map((rep) => io.pollables.get(rep)),
        );
      }),
    ],
  ]);
}

function streamsInterface(io: WasiIo, broker: BrokerClient): HostInterface {
  const error = streamErrorType(io);
  const fallible = (okType: ValueType | undefined): ResultType => ({ kind: 'result', ok: okType, error });
  const failed = (fault: StreamFault): Case => ({ index: 1, value: faultValue(io, fault) });
  /** A fault, or what the call gave. */
  const answer = <T extends Value>(outcome: Later<T | StreamFault>): Later<Case> =>
    after(outcome, (given): Case => (isFault(given) ? failed(given) : ok(given)));
  const input = { name: 'self', type: { kind: 'borrow', resource: io.inputStream } } as const;
  const output = { name: 'self', type: { kind: 'borrow', resource: io.outputStream } } as const;
  const source = { name: 'src', type: input.type } as const;
  const length = { name: 'len', type: u64 } as const;
  const contents = { name: 'contents', type: BYTES } as const;
  const ownPollable = { kind: 'own', resource: io.pollable } as const;
  const permits = new WeakMap<OutputStream, number>();

  const reading = (read: (stream: InputStream, maxBytes: number) => Later<Uint8Array | StreamFault>) =>
    blockingHostFunction([input, length], fallible(BYTES), (rep, wanted) =>
      wanted === 0n ? ok(new Uint8Array(0)) : answer(read(io.inputs.get(rep), upTo(wanted))),
    );
  const skipping = (read: (stream: InputStream, maxBytes: number) => Later<Uint8Array | StreamFault>) =>
    blockingHostFunction([input, length], fallible(u64), (rep, wanted) =>
      wanted === 0n ? ok(0n) : answer(after(read(io.inputs.get(rep), upTo(wanted)), countOf)),
    );
  const readNow = (stream: InputStream, maxBytes: number) => stream.read(maxBytes);
  const readLater = (stream: InputStream, maxBytes: number) => blockingRead(broker, stream, maxBytes);

  const writing = (rep: number, bytes: Uint8Array): Later<Case> => {
    const stream = io.outputs.get(rep);
    const permit = permits.get(stream) ?? 0;
    if (bytes.length > permit) throw new WasiTrap('write-without-permit', `${bytes.length} bytes, ${permit} allowed`);
    permits.set(stream, permit - bytes.length);
    return answer(stream.write(bytes));
  };
  const blockingWrite = (rep: number, bytes: Uint8Array): Later<Case> => {
    if (bytes.length > BLOCKING_WRITE_MAX_BYTES)
      throw new WasiTrap('write-without-permit', `${bytes.length} bytes in a blocking write`);
    const stream = io.outputs.get(rep);
    permits.delete(stream);
    return answer(after(writeAll(broker, stream, bytes), (fault) => fault ?? flushed(broker, stream)));
  };

  return new Map([
    ['error', hostResource(io.error)],
    ['pollable', hostResource(io.pollable)],
    ['stream-error', hostType(error)],
    ['input-stream', hostResource(io.inputStream)],
    ['output-stream', hostResource(io.outputStream)],
    ['[method]input-stream.read', reading(readNow)],
    ['[method]input-stream.blocking-read', reading(readLater)],
    ['[method]input-stream.skip', skipping(readNow)],
    ['[method]input-stream.blocking-skip', skipping(readLater)],
    [
      '[method]input-stream.subscribe',
      hostFunction([input], ownPollable, (rep) => io.pollables.add(io.inputs.get(rep).subscribe())),
    ],
    [
      '[method]output-stream.check-write',
      blockingHostFunction([output], fallible(u64), (rep) => {
        const stream = io.outputs.get(rep);
        return after(stream.checkWrite(), (permit): Case => {
          if (isFault(permit)) return failed(permit);
          permits.set(stream, permit);
          return ok(BigInt(permit));
        });
      }),
    ],
    ['[method]output-stream.write', blockingHostFunction([output, contents], fallible(undefined), writing)],
    [
      '[method]output-stream.blocking-write-and-flush',
      blockingHostFunction([output, contents], fallible(undefined), blockingWrite),
    ],
    [
      '[method]output-stream.flush',
      blockingHostFunction([output], fallible(undefined), (rep) => answer(io.outputs.get(rep).flush())),
    ],
    [
      '[method]output-stream.blocking-flush',
      blockingHostFunction([output], fallible(undefined), (rep) => answer(flushed(broker, io.outputs.get(rep)))),
    ],
    [
      '[method]output-stream.subscribe',
      hostFunction([output], ownPollable, (rep) => io.pollables.add(io.outputs.get(rep).subscribe())),
    ],
    [
      '[method]output-stream.write-zeroes',
      blockingHostFunction([output, length], fallible(undefined), (rep, count) => {
        // What was allowed bounds what is made here.
        const permit = permits.get(io.outputs.get(rep)) ?? 0;
        if (count > BigInt(permit)) throw new WasiTrap('write-without-permit', `${count} zeroes, ${permit} allowed`);
        return writing(rep, new Uint8Array(Number(count)));
      }),
    ],
    [
      '[method]output-stream.blocking-write-zeroes-and-flush',
      blockingHostFunction([output, length], fallible(undefined), (rep, count) => {
        if (count > BigInt(BLOCKING_WRITE_MAX_BYTES))
          throw new WasiTrap('write-without-permit', `${count} zeroes in a blocking write`);
        return blockingWrite(rep, new Uint8Array(Number(count)));
      }),
    ],
    [
      '[method]output-stream.splice',
      blockingHostFunction([output, source, length], fallible(u64), (rep, src, wanted) =>
        answer(spliceOnce(io.outputs.get(rep), upTo(wanted), (max) => io.inputs.get(src).read(max))),
      ),
    ],
    [
      '[method]output-stream.blocking-splice',
      blockingHostFunction([output, source, length], fallible(u64), (rep, src, wanted) => {
        const [to, from] = [io.outputs.get(rep), io.inputs.get(src)];
        // Room first, bytes then: what was read has to have a place.
        return after(waitFor(broker, [to.subscribe()]), () =>
          answer(spliceOnce(to, upTo(wanted), (max) => blockingRead(broker, from, max))),
        );
      }),
    ],
  ]);
}

/** Of the guest's length as much as is moved at once. */
function upTo(wanted: bigint): number {
  return wanted > BigInt(READ_MAX_BYTES) ? READ_MAX_BYTES : Number(wanted);
}

function countOf(read: Uint8Array | StreamFault): bigint | StreamFault {
  return read instanceof Uint8Array ? BigInt(read.length) : read;
}

function isFault(given: Value | StreamFault): given is StreamFault {
  return typeof given === 'object' && 'kind' in given;
}

/** A value of `stream-error`. */
export function faultValue(io: WasiIo, fault: StreamFault): Case {
  return fault.kind === 'closed' ? { index: 1, value: undefined } : { index: 0, value: io.errors.add(fault.error) };
}
