// A guest of wasi:sockets on a whole device, all processes real: what it was granted it reaches through the radio, the rest it does not.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { ComponentId } from '../contracts/core/ids.ts';
import { checkPackagedManifest } from '../contracts/wire/manifest-package.ts';
import { packageApp } from '../toolchain/build/package-app.ts';
import type { BenchEvent } from '../toolchain/cli/bench.ts';
import { withFreshDevice } from '../toolchain/cli/fresh-device.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { sharedFolder } from './support/casemate.ts';
import { componentAround } from './support/components.ts';
import { coreModule } from './support/device-app.ts';

const folder = sharedFolder(test);
const APP = '5a7e11e5-0000-4000-8000-0000000000ab' as ComponentId;
const EVENT_MS = 60_000;

/** As much of WASI 0.2 as the guest imports. */
const WIT = `
package casemate:network-guest;
world guest {
  import casemate:device/log@0.1.0;
  import wasi:io/poll@0.2.0;
  import wasi:io/streams@0.2.0;
  import wasi:sockets/instance-network@0.2.0;
  import wasi:sockets/ip-name-lookup@0.2.0;
  import wasi:sockets/tcp-create-socket@0.2.0;
  import wasi:sockets/tcp@0.2.0;
  export run: func() -> u8;
}
package casemate:device@0.1.0 { interface log { write: func(message: string); } }
package wasi:io@0.2.0 {
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}
package wasi:sockets@0.2.0 {
  interface network {
    resource network;
    enum error-code {
      unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict, not-in-progress,
      would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use, remote-unreachable,
      connection-refused, connection-reset, connection-aborted, datagram-too-large, name-unresolvable,
      temporary-resolver-failure, permanent-resolver-failure,
    }
    enum ip-address-family { ipv4, ipv6 }
    type ipv4-address = tuple<u8, u8, u8, u8>;
    type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
    variant ip-address { ipv4(ipv4-address), ipv6(ipv6-address) }
    record ipv4-socket-address { port: u16, address: ipv4-address }
    record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
    variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
  }
  interface instance-network { use network.{network}; instance-network: func() -> network; }
  interface ip-name-lookup {
    use wasi:io/poll@0.2.0.{pollable};
    use network.{network, error-code, ip-address};
    resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
    resource resolve-address-stream {
      resolve-next-address: func() -> result<option<ip-address>, error-code>;
      subscribe: func() -> pollable;
    }
  }
  interface tcp {
    use wasi:io/streams@0.2.0.{input-stream, output-stream};
    use wasi:io/poll@0.2.0.{pollable};
    use network.{network, error-code, ip-socket-address};
    resource tcp-socket {
      start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
      finish-connect: func() -> result<tuple<input-stream, output-stream>, error-code>;
      subscribe: func() -> pollable;
    }
  }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
  }
}`;

const IMPORTS = `
  (import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.0" "[method]resolve-address-stream.resolve-next-address" (func $next (param i32 i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.0" "[method]resolve-address-stream.subscribe" (func $answer (param i32) (result i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $socket (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect"
    (func $connect (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.finish-connect" (func $connected (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.subscribe" (func $ready (param i32) (result i32)))`;

/** Asks for api.example, says "ping" to port 7 there, logs the answer; then tries what it was not granted. Results lie at 512. */
const FUNCTIONS = `
  (data (i32.const 64) "api.example")
  (data (i32.const 80) "other.example")
  (data (i32.const 96) "ping")
  (func $start (param $socket i32) (param $network i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32)
    (call $connect (local.get $socket) (local.get $network) (i32.const 0) (i32.const 7)
      (local.get $a) (local.get $b) (local.get $c) (local.get $d)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512)))
  (func (export "run") (result i32) (local $network i32) (local $list i32) (local $socket i32) (local $in i32)
    (local.set $network (call $network))
    (call $resolve (local.get $network) (i32.const 64) (i32.const 11) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then (return (i32.const 10))))
    (local.set $list (i32.load (i32.const 516)))
    (call $block (call $answer (local.get $list)))
    (call $next (local.get $list) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then (return (i32.const 11))))
    (call $socket (i32.const 0) (i32.const 540))
    (local.set $socket (i32.load (i32.const 544)))
    (call $start (local.get $socket) (local.get $network)
      (i32.load8_u (i32.const 518)) (i32.load8_u (i32.const 519)) (i32.load8_u (i32.const 520)) (i32.load8_u (i32.const 521)))
    (if (i32.load8_u (i32.const 512)) (then (return (i32.const 12))))
    (call $block (call $ready (local.get $socket)))
    (call $connected (local.get $socket) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then (return (i32.const 13))))
    (local.set $in (i32.load (i32.const 516)))
    (call $write (i32.load (i32.const 520)) (i32.const 96) (i32.const 4) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then (return (i32.const 14))))
    (call $read (local.get $in) (i64.const 100) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then (return (i32.const 15))))
    (call $log (i32.load (i32.const 516)) (i32.load (i32.const 520)))
    (call $resolve (local.get $network) (i32.const 80) (i32.const 13) (i32.const 512))
    (if (i32.ne (i32.load8_u (i32.const 516)) (i32.const 1)) (then (return (i32.const 16))))
    (call $socket (i32.const 0) (i32.const 540))
    (call $start (i32.load (i32.const 544)) (local.get $network) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1))
    (if (i32.ne (i32.load8_u (i32.const 513)) (i32.const 1)) (then (return (i32.const 17))))
    (i32.const 0))`;

async function guestPackage(): Promise<Uint8Array> {
  const manifest = {
    SchemaVersion: 1,
    Name: 'caller',
    ComponentId: APP,
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: { AllowedConnections: ['api.example'] },
    ApplicationType: 'Default',
  };
  const verdict = checkPackagedManifest(new TextEncoder().encode(JSON.stringify(manifest)));
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  const { image } = packageApp({
    component: await componentAround(coreModule(IMPORTS, FUNCTIONS), WIT, 'guest'),
    manifest: verdict.packaged,
    files: new Map(),
    version: '1.0.0',
    rollback: 1,
    language: 'c',
    hardware: 'mt3620_rdb',
    sourceDigest: undefined,
    memoryLimitBytes: 256 * 1024,
    catalogId: undefined,
  });
  return image;
}

test('a guest reaches the host that it was granted through the radio, and no other', async (t) => {
  t.timeout(120_000);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (said) => socket.end(`${String(said)} pong`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const profile = await prepareProfile(folder.path('state'));
  const image = profile.developmentKey.signImage(await guestPackage());
  const events: BenchEvent[] = [];
  await withFreshDevice({ profile, board: 'mt3620_rdb', names: new Map() }, async (bench) => {
    await bench.radio({ do: 'radio-host', name: 'api.example', address: '127.0.0.1', port });
    bench.onEvent((event) => events.push(event));
    const exit = bench.next('the end of the guest', ({ kind }) => kind === 'exit', EVENT_MS);
    await bench.client.sideload(image);
    t.like(await exit, { reason: 'exit', code: 0 });
  });
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'log' ? [event.message] : [])),
    ['ping pong'],
  );
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'denied' ? [[event.layer, event.resource, event.error]] : [])),
    [
      ['broker', 'host:other.example', 'access-denied'],
      ['broker', 'host:127.0.0.1:7', 'access-denied'],
    ],
  );
});
