// A component that serves wasi:http, written by hand, and a place to run it in: the runner of shared threads, the broker, and the network down to
// this host's sockets. It must never be used outside tests.

import type { ExecutionContext } from 'ava';
import { APP_START_FRAME } from '../../contracts/wire/app-call.ts';
import { grantsOf } from '../../contracts/core/grants.ts';
import type { AppSession } from '../../host-apis/broker/app-session.ts';
import { Broker } from '../../host-apis/broker/broker.ts';
import { HostAlarmClock } from '../../runtime/adapters/os-clock.ts';
import type { ThreadAppEnding } from '../../runtime/compartment/thread-app.ts';
import { ThreadApp } from '../../runtime/compartment/thread-app.ts';
import { AppNetwork } from '../../runtime/os/network/app-network.ts';
import type { WasiParts } from '../oracle/wasi/install.ts';
import { AuditNotes, NotedPins } from './broker-bench.ts';
import { componentAround } from './components.ts';
import { appImage, coreModule, sha256 } from './device-app.ts';
import { radioBench } from './radio-bench.ts';

/** The packages of WASI in one text, as WIT nests them. */
export function wasiWit(parts: WasiParts, world: string): string {
  const packages = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'].map((name) =>
    parts.wit(name).replace(/^package ([^;]+);/, (_, full: string) => `package ${full} {`),
  );
  return `package test:all;\n${packages.map((text) => `${text}\n}`).join('\n')}\nworld all { ${world} }`;
}

export function wasiVersion(parts: WasiParts): string {
  return /@(0\.2\.\d+);/.exec(parts.wit('cli'))?.[1] ?? '';
}

const imports = (version: string): string => `
  (import "wasi:http/types@${version}" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@${version}" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@${version}" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:http/types@${version}" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@${version}" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@${version}" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@${version}" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "wasi:http/types@${version}" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@${version}" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@${version}" "[resource-drop]incoming-body" (func $dropBody (param i32)))
  (import "wasi:http/types@${version}" "[resource-drop]incoming-request" (func $dropRequest (param i32)))
  (import "wasi:io/streams@${version}" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@${version}" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@${version}" "[resource-drop]input-stream" (func $dropInput (param i32)))
  (import "wasi:io/streams@${version}" "[resource-drop]output-stream" (func $dropOutput (param i32)))`;

/**
 * By the letter after the path's slash: `t` traps, `n` never answers, `e` answers an error, `h` leaves its answer in the middle, `s` traps after
 * it began to answer; anything else answers its path and then the body of the request, as they come.
 */
const handler = (version: string): string => `
  (func (export "wasi:http/incoming-handler@${version}#handle") (param $request i32) (param $out i32)
    (local $kind i32) (local $reply i32) (local $sink i32) (local $source i32) (local $incoming i32)
    (global.set $next (i32.const 4096))
    (call $path (local.get $request) (i32.const 16))
    (local.set $kind (i32.load8_u offset=1 (i32.load (i32.const 20))))
    (if (i32.eq (local.get $kind) (i32.const 0x74)) (then unreachable))
    (if (i32.eq (local.get $kind) (i32.const 0x6e)) (then (return)))
    (if (i32.eq (local.get $kind) (i32.const 0x65)) (then
      (call $set (local.get $out) (i32.const 1) (i32.const 36) (i32.const 0) (i64.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (return)))
    (local.set $reply (call $response (call $fields)))
    (call $body (local.get $reply) (i32.const 32))
    (call $write (i32.load (i32.const 36)) (i32.const 40))
    (local.set $sink (i32.load (i32.const 44)))
    (call $set (local.get $out) (i32.const 0) (local.get $reply) (i32.const 0) (i64.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $consume (local.get $request) (i32.const 48))
    (local.set $incoming (i32.load (i32.const 52)))
    (call $stream (local.get $incoming) (i32.const 56))
    (local.set $source (i32.load (i32.const 60)))
    (call $put (local.get $sink) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 64))
    (if (i32.eq (local.get $kind) (i32.const 0x68)) (then (return)))
    (if (i32.eq (local.get $kind) (i32.const 0x73)) (then unreachable))
    (block $end (loop $more
      (global.set $next (i32.const 4096))
      (call $read (local.get $source) (i64.const 4096) (i32.const 80))
      (br_if $end (i32.load8_u (i32.const 80)))
      (call $put (local.get $sink) (i32.load (i32.const 84)) (i32.load (i32.const 88)) (i32.const 96))
      (br_if $end (i32.load8_u (i32.const 96)))
      (br $more)))
    (call $dropInput (local.get $source))
    (call $dropBody (local.get $incoming))
    (call $dropOutput (local.get $sink))
    (call $finish (i32.load (i32.const 36)) (i32.const 0) (i32.const 0) (i32.const 112))
    (call $dropRequest (local.get $request)))`;

export async function httpHandler(parts: WasiParts): Promise<Uint8Array> {
  const version = wasiVersion(parts);
  const world = `import wasi:http/types@${version}; export wasi:http/incoming-handler@${version};`;
  return componentAround(coreModule(imports(version), handler(version)), wasiWit(parts, world), 'all');
}

export interface ServedApp {
  /** Of this host; 0 until it listens. */
  readonly port: () => Promise<number>;
  readonly ended: Promise<ThreadAppEnding>;
  readonly session: AppSession;
  readonly network: AppNetwork;
  readonly audit: AuditNotes;
}

/** Runs it with this grant. */
export function serveApp(t: ExecutionContext, component: Uint8Array, tcpServerPorts: readonly number[]): ServedApp {
  const { radio, cut } = radioBench();
  t.teardown(cut);
  const network = new AppNetwork(radio);
  const audit = new AuditNotes();
  const broker = new Broker({ time: new HostAlarmClock(), gpio: new NotedPins(), audit, network });
  const grants = grantsOf({ memoryBytes: 256 * 1024, tcpServerPorts });
  let toApp: (bytes: Uint8Array) => void = () => undefined;
  const session = broker.open({
    app: { componentId: 'component-1', name: 'server', context: 1 },
    grants,
    send: (bytes) => {
      const copy = bytes.slice();
      setImmediate(() => toApp(copy));
      return true;
    },
    onCutOff: (reason) => t.fail(reason.message),
  });
  const listening = new Promise<number>((resolve) => {
    network.admit(1, grants, ({ hostPort }) => resolve(hostPort), session.budget.buffers);
  });
  const app = new ThreadApp({
    image: appImage(component, { gpioPins: [], tcpServerPorts }),
    carrier: {
      send: (bytes) => {
        session.receive(bytes);
        return true;
      },
      onBytes: (listener) => (toApp = listener),
      onClosed: () => undefined,
    },
    sha256,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  });
  t.teardown(() => app.kill());
  toApp(APP_START_FRAME);
  return { port: () => listening, ended: app.ended, session, network, audit };
}
