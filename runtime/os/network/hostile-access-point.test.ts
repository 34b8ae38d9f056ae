// An access point that breaks every rule: the OS goes on, and an app's things end with an error at the most.

import test from 'ava';
import fc from 'fast-check';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import { grantsOf } from '../../../contracts/core/grants.ts';
import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import { RADIO_CALLERS_MAX, RADIO_WINDOW_BYTES, RadioLinkError } from '../../../contracts/wire/radio-link.ts';
import type { AirEnd } from './air-link.ts';
import { AppNetwork } from './app-network.ts';

function bench() {
  const ends: AirEnd[] = [];
  const said: RadioFrame[] = [];
  const network = new AppNetwork({
    begin(end) {
      ends.push(end);
      return { stream: ends.length, send: (frame) => void said.push(frame), forget: () => undefined };
    },
  });
  const grants = { hosts: ['10.0.0.1', 'a.example'], tcpServerPorts: [80], udpServerPorts: [81] };
  network.admit(1, grantsOf({ memoryBytes: 65536, ...grants }), () => undefined);
  const stream = network.connect(1, '10.0.0.1', 80);
  const lookup = network.resolve(1, 'a.example');
  const listener = network.listen(1, 80);
  const socket = network.bind(1, 81);
  if (!stream.ok || !lookup.ok || !listener.ok || !socket.ok) throw new Error('nothing opened');
  return {
    network,
    ends,
    said,
    stream: stream.value,
    lookup: lookup.value,
    listener: listener.value,
    socket: socket.value,
  };
}
const codeOf = (work: () => void): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return isCoded(error) ? error.code : error;
  }
};

test('frames that have no place on a line are refused with the code that ends the link', (t) => {
  const { ends } = bench();
  const [tcp, lookup, listener, udp] = ends;
  const data = { kind: 'data', stream: 1, bytes: Uint8Array.of(1) } as const;
  for (const end of [tcp, lookup, listener, udp])
    t.is(
      codeOf(() => end?.fromOutside(data)),
      'radio-out-of-order',
    );
  tcp?.fromOutside({ kind: 'opened', stream: 1 });
  t.is(
    codeOf(() => tcp?.fromOutside({ kind: 'opened', stream: 1 })),
    'radio-out-of-order',
  );
  t.is(
    codeOf(() => tcp?.fromOutside({ kind: 'credit', stream: 1, bytes: 1 })),
    'radio-credit-exceeded',
  );
  tcp?.fromOutside({ kind: 'end', stream: 1 });
  t.is(
    codeOf(() => tcp?.fromOutside(data)),
    'radio-out-of-order',
  );
  listener?.fromOutside({ kind: 'listening', stream: 3, hostPort: 1 });
  const caller = { kind: 'caller', stream: 3, address: '10.0.0.9', port: 1 } as const;
  for (let count = 0; count < RADIO_CALLERS_MAX; count++) listener?.fromOutside(caller);
  t.is(
    codeOf(() => listener?.fromOutside(caller)),
    'radio-out-of-order',
  );
});

test('more than a window is not kept, of bytes or of datagrams', (t) => {
  const { ends } = bench();
  const [tcp, , , udp] = ends;
  tcp?.fromOutside({ kind: 'opened', stream: 1 });
  udp?.fromOutside({ kind: 'listening', stream: 4, hostPort: 1 });
  const bytes = new Uint8Array(8192);
  const pour = (end: AirEnd | undefined, frame: RadioFrame) => {
    for (let given = 0; given <= RADIO_WINDOW_BYTES; given += bytes.length) end?.fromOutside(frame);
  };
  t.is(
    codeOf(() => pour(tcp, { kind: 'data', stream: 1, bytes })),
    'radio-credit-exceeded',
  );
  t.is(
    codeOf(() => pour(udp, { kind: 'datagram', stream: 4, address: '10.0.0.9', port: 1, bytes })),
    'radio-credit-exceeded',
  );
});

test('an answer full of this host’s own addresses leads nowhere', (t) => {
  const { ends, lookup, network } = bench();
  const addresses = [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(169, 254, 169, 254), new Uint8Array(16)];
  ends[1]?.fromOutside({ kind: 'addresses', stream: 2, addresses });
  t.like(lookup.addresses(), { ok: false, error: 'access-denied', layer: 'firewall' });
  t.like(network.connect(1, '127.0.0.1', 80), { ok: false, layer: 'firewall' });
});

test('whatever an access point says, only the link’s own error comes out, and the app’s calls answer', (t) => {
  const stream = fc.constant(1);
  const [port, bytes] = [fc.constant(7), fc.uint8Array({ minLength: 1, maxLength: 9 })];
  const address = fc.constantFrom('10.0.0.1', '::1');
  const frame: fc.Arbitrary<RadioFrame> = fc.oneof(
    fc.record({ kind: fc.constantFrom('opened' as const, 'end' as const), stream }),
    fc.record({ kind: fc.constant('data' as const), stream, bytes }),
    fc.record({ kind: fc.constant('credit' as const), stream, bytes: fc.integer({ min: 1, max: 9 }) }),
    fc.record({
      kind: fc.constant('closed' as const),
      stream,
      how: fc.constantFrom('finished' as const, 'lost' as const),
    }),
    fc.record({
      kind: fc.constant('refused' as const),
      stream,
      why: fc.constantFrom('radioOff' as const, 'portTaken' as const),
    }),
    fc.record({ kind: fc.constant('listening' as const), stream, hostPort: port }),
    fc.record({ kind: fc.constant('caller' as const), stream, address, port }),
    fc.record({ kind: fc.constant('datagram' as const), stream, address, port, bytes }),
    fc.record({
      kind: fc.constant('addresses' as const),
      stream,
      addresses: fc.constant([Uint8Array.of(10, 0, 0, 2)]),
    }),
  );
  const law = fc.property(fc.array(fc.tuple(fc.nat({ max: 3 }), frame), { maxLength: 12 }), (frames) => {
    const { ends, network, stream: tcp, lookup, listener, socket } = bench();
    for (const [index, given] of frames) {
      try {
        ends[index]?.fromOutside(given);
      } catch (error) {
        t.true(error instanceof RadioLinkError);
        for (const end of ends) end.lost();
      }
      tcp.send(Uint8Array.of(1));
      tcp.receive(3);
      lookup.addresses();
      listener.accept();
      socket.send({ address: '10.0.0.1', port: 1 }, Uint8Array.of(1));
      socket.receive();
    }
    network.dismiss(1);
    t.is(network.openOf(1), 0);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});
