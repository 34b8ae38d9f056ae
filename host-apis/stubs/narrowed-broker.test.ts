import test from 'ava';
import type { AppReply, AppRequest } from '../../contracts/wire/app-call.ts';
import { encodeAddresses } from '../../contracts/wire/app-call/name-calls.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { NarrowedBroker } from './narrowed-broker.ts';

const OK: AppReply = { ok: true, result: { kind: 'none' } };
const DENIED: AppReply = { ok: false, error: 'access-denied' };

class AskedBroker implements BrokerClient {
  readonly asked: AppRequest[] = [];
  readonly told: AppRequest[] = [];

  call(request: AppRequest): AppReply {
    this.asked.push(request);
    if (request.function !== 'names.addresses') return OK;
    return { ok: true, result: { kind: 'bytes', value: encodeAddresses(['192.0.2.9']) } };
  }

  tell(request: AppRequest): void {
    this.told.push(request);
  }
}

const PART = { gpioPins: [9], hosts: ['api.a.example'], tcpServerPorts: [80], udpServerPorts: [53] };

/** Request, and whether the part has it. */
const TABLE: readonly (readonly [request: AppRequest, allowed: boolean])[] = [
  [{ function: 'gpio.open-input', pin: 9 }, true],
  [{ function: 'gpio.open-input', pin: 8 }, false],
  [{ function: 'gpio.open-output', pin: 8, mode: 0, level: 0 }, false],
  // The part has no storage, whatever the app has.
  [{ function: 'storage.stat', path: 'a' }, false],
  [{ function: 'storage.sync' }, false],
  [{ function: 'tcp.listen', port: 80 }, true],
  [{ function: 'tcp.listen', port: 81 }, false],
  [{ function: 'udp.bind', port: 53 }, true],
  [{ function: 'udp.bind', port: 80 }, false],
  [{ function: 'udp.bind', port: 0 }, true],
  [{ function: 'names.resolve', name: 'API.A.example' }, true],
  [{ function: 'names.resolve', name: 'a.example' }, false],
  // Nobody has resolved anything yet.
  [{ function: 'tcp.connect', address: '192.0.2.9', port: 443 }, false],
  [{ function: 'timers.now' }, true],
];

for (const [request, allowed] of TABLE) {
  test(`a part ${allowed ? 'passes' : 'refuses'} ${JSON.stringify(request)}`, (t) => {
    const broker = new AskedBroker();
    const reply = new NarrowedBroker(broker, 'acme:sensor/driver', PART).call(request, 'none');
    t.deepEqual(reply, allowed ? OK : DENIED);
    t.deepEqual(broker.asked, allowed ? [request] : []);
    // A refusal is told on the app's log, with the dependency's name.
    t.is(broker.told.filter((each) => each.function === 'log.write').length, allowed ? 0 : 1);
  });
}

test('an address that a name of the part led to is reached, and no other', (t) => {
  const broker = new AskedBroker();
  const part = new NarrowedBroker(broker, 'acme:sensor/driver', PART);
  void part.call({ function: 'names.addresses', handle: 1 }, 'bytes');
  t.deepEqual(part.call({ function: 'tcp.connect', address: '192.0.2.9', port: 443 }, 'u32'), OK);
  t.deepEqual(part.call({ function: 'tcp.connect', address: '192.0.2.10', port: 443 }, 'u32'), DENIED);
});
