// How a component says the kit's WASI calls: whole conversations through the canonical ABI, each answered with one code. Nothing here
// knows what is granted.

import type { WasiAct } from './wasi-act.ts';
import type { ProbeError } from './probe-call.ts';
import { PROBE_ERRORS } from './probe-call.ts';
import { CODE } from './probe-words.ts';
import { WASI_VERSION } from './probe-world.ts';

const SOCKETS = 'wasi:sockets';
const FILES = 'wasi:filesystem/types';
const HTTP = 'wasi:http/types';
const POLL = 'wasi:io/poll';
/** Results of the calls, and two results kept beside them. */
const AT = 512;
const KEPT = 640;
/** From an error of each interface to a code, one byte each. */
const NETWORK_CODES = 1536;
const HTTP_CODES = 1600;
const FILE_CODES = 1700;
const TEXTS_FROM = 40_000;

type Words = Readonly<Partial<Record<string, ProbeError>>>;
/** `error-code` of wasi:sockets/network, wasi:http/types and wasi:filesystem/types by their index; what is not here is `io`. */
const NETWORK_ERRORS: Words = {
  1: 'access-denied',
  3: 'invalid-argument',
  12: 'address-in-use',
  13: 'unreachable',
  14: 'connection-refused',
  15: 'connection-reset',
  18: 'name-not-resolved',
};
const HTTP_ERRORS: Words = { 1: 'name-not-resolved', 6: 'connection-refused', 15: 'access-denied' };
const FILE_ERRORS: Words = {
  0: 'access-denied',
  12: 'invalid-argument',
  20: 'no-entry',
  23: 'no-space',
  31: 'not-permitted',
  33: 'read-only',
};

function codeTable(at: number, errors: Words, count: number): string {
  const bytes = Array.from({ length: count }, (_, index) => codeOf(errors[index] ?? 'io'));
  return `(data (i32.const ${at}) "${bytes.map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`;
}

function codeOf(error: ProbeError): number {
  return CODE.errorsFrom + PROBE_ERRORS.indexOf(error);
}

const i32 = (value: number): string => `(i32.const ${value})`;

/** The WASI part of one probe's module: what its acts import, their functions, and their texts. */
export class WasiWords {
  readonly #texts = new Map<string, number>();
  readonly #used = new Set<Conversation>();
  #textsEnd = TEXTS_FROM;

  /** An expression: the act, and then its code. */
  say(act: WasiAct): string {
    switch (act.act) {
      case 'connect':
        return this.#call('connect', `${this.#text(act.host)} ${i32(act.port)}`);
      case 'fetch':
        return this.#call('fetch', `${this.#text(act.host)} ${this.#text(act.path)}`);
      case 'listen':
        return this.#call('listen', i32(act.port));
      case 'store':
        // The image comes first of the open folders, the storage second; flags: create, and read and write.
        return this.#call('open', `${i32(1)} ${this.#text(act.path)} ${i32(1)} ${i32(3)} (i64.const ${act.size})`);
      case 'image':
        return this.#call(
          'open',
          `${i32(0)} ${this.#text(act.path)} ${i32(0)} ${i32(act.how === 'read' ? 1 : 3)} (i64.const 0)`,
        );
      case 'wall-clock':
        return this.#call('wall', '');
      case 'random':
        return this.#call('random', '');
    }
  }

  imports(): string {
    const lines = [...this.#used].flatMap((each) => CONVERSATIONS[each].imports);
    return [...new Set(lines)].join('\n');
  }

  functions(): string {
    const texts = [...this.#texts].map(([text, at]) => `(data (i32.const ${at}) ${JSON.stringify(text)})`);
    const tables = [
      codeTable(NETWORK_CODES, NETWORK_ERRORS, 21),
      codeTable(HTTP_CODES, HTTP_ERRORS, 39),
      codeTable(FILE_CODES, FILE_ERRORS, 37),
    ];
    return [...texts, ...tables, ...[...this.#used].map((each) => CONVERSATIONS[each].body)].join('\n');
  }

  #call(which: Conversation, args: string): string {
    this.#used.add(which);
    return `(call $wasi.${which} ${args})`;
  }

  /** Two arguments: where it stands and how long it is. Texts of the kit are ASCII without quotes. */
  #text(text: string): string {
    const at = this.#texts.get(text) ?? this.#textsEnd;
    if (at === this.#textsEnd) this.#textsEnd += text.length + 1;
    this.#texts.set(text, at);
    return `${i32(at)} ${i32(text.length)}`;
  }
}

type Conversation = 'connect' | 'fetch' | 'listen' | 'open' | 'wall' | 'random';
interface Spoken {
  readonly imports: readonly string[];
  readonly body: string;
}

const line = (from: string, name: string, id: string, type: string): string =>
  `(import "${from}@${WASI_VERSION}" "${name}" (func $${id} ${type}))`;
const drop = (from: string, resource: string): string =>
  line(from, `[resource-drop]${resource}`, `drop.${resource}`, '(param i32)');

const WAITING = [line(POLL, '[method]pollable.block', 'block', '(param i32)'), drop(POLL, 'pollable')] as const;
const TCP = [
  line(`${SOCKETS}/instance-network`, 'instance-network', 'network', '(result i32)'),
  line(`${SOCKETS}/tcp-create-socket`, 'create-tcp-socket', 'socket', '(param i32 i32)'),
  line(`${SOCKETS}/tcp`, '[method]tcp-socket.subscribe', 'tcp.subscribe', '(param i32) (result i32)'),
  drop(`${SOCKETS}/tcp`, 'tcp-socket'),
  drop(`${SOCKETS}/network`, 'network'),
  ...WAITING,
] as const;
const ADDRESS = `(param ${'i32 '.repeat(14)} i32)`;

/** Waits for what `subscribe` gives. */
const waitFor = (subscribed: string): string =>
  `(local.set $pollable ${subscribed}) (call $block (local.get $pollable)) (call $drop.pollable (local.get $pollable))`;
/** Leaves the block with the code of the error that stands at `at`, when a result says so. */
const leaveIf = (table: number, at: number, cleanUp = ''): string =>
  `(if (i32.load8_u ${i32(AT)}) (then
     (local.set $code (i32.load8_u (i32.add ${i32(table)} (i32.load8_u ${i32(at)})))) ${cleanUp} (br $out)))`;
const v4 = (port: string, bytes: readonly string[]): string =>
  `${i32(0)} ${port} ${bytes.join(' ')} ${Array.from({ length: 6 }, () => i32(0)).join(' ')} ${i32(AT)}`;
const byteAt = (at: number): string => `(i32.load8_u ${i32(at)})`;

const CONVERSATIONS: Readonly<Record<Conversation, Spoken>> = {
  connect: {
    imports: [
      ...TCP,
      line(`${SOCKETS}/ip-name-lookup`, 'resolve-addresses', 'resolve', '(param i32 i32 i32 i32)'),
      line(
        `${SOCKETS}/ip-name-lookup`,
        '[method]resolve-address-stream.resolve-next-address',
        'next',
        '(param i32 i32)',
      ),
      line(
        `${SOCKETS}/ip-name-lookup`,
        '[method]resolve-address-stream.subscribe',
        'answer',
        '(param i32) (result i32)',
      ),
      drop(`${SOCKETS}/ip-name-lookup`, 'resolve-address-stream'),
      line(`${SOCKETS}/tcp`, '[method]tcp-socket.start-connect', 'start-connect', ADDRESS),
      line(`${SOCKETS}/tcp`, '[method]tcp-socket.finish-connect', 'finish-connect', '(param i32 i32)'),
      drop('wasi:io/streams', 'input-stream'),
      drop('wasi:io/streams', 'output-stream'),
    ],
    body: `(func $wasi.connect (param $host i32) (param $length i32) (param $port i32) (result i32)
      (local $code i32) (local $network i32) (local $list i32) (local $socket i32) (local $pollable i32)
      (local.set $network (call $network))
      (block $out
        (call $resolve (local.get $network) (local.get $host) (local.get $length) ${i32(AT)})
        ${leaveIf(NETWORK_CODES, AT + 4)}
        (local.set $list (i32.load ${i32(AT + 4)}))
        ${waitFor('(call $answer (local.get $list))')}
        (call $next (local.get $list) ${i32(AT)})
        (call $drop.resolve-address-stream (local.get $list))
        ${leaveIf(NETWORK_CODES, AT + 2)}
        (call $socket ${i32(0)} ${i32(KEPT)})
        (local.set $socket (i32.load ${i32(KEPT + 4)}))
        (call $start-connect (local.get $socket) (local.get $network) ${v4(
          '(local.get $port)',
          [6, 7, 8, 9].map((at) => byteAt(AT + at)),
        )})
        ${leaveIf(NETWORK_CODES, AT + 1)}
        ${waitFor('(call $tcp.subscribe (local.get $socket))')}
        (call $finish-connect (local.get $socket) ${i32(AT)})
        ${leaveIf(NETWORK_CODES, AT + 4)}
        (call $drop.input-stream (i32.load ${i32(AT + 4)}))
        (call $drop.output-stream (i32.load ${i32(AT + 8)})))
      (if (local.get $socket) (then (call $drop.tcp-socket (local.get $socket))))
      (call $drop.network (local.get $network))
      (local.get $code))`,
  },
  listen: {
    imports: [
      ...TCP,
      line(`${SOCKETS}/tcp`, '[method]tcp-socket.start-bind', 'start-bind', ADDRESS),
      line(`${SOCKETS}/tcp`, '[method]tcp-socket.finish-bind', 'finish-bind', '(param i32 i32)'),
      line(`${SOCKETS}/tcp`, '[method]tcp-socket.start-listen', 'start-listen', '(param i32 i32)'),
      line(`${SOCKETS}/tcp`, '[method]tcp-socket.finish-listen', 'finish-listen', '(param i32 i32)'),
    ],
    body: `(func $wasi.listen (param $port i32) (result i32)
      (local $code i32) (local $network i32) (local $socket i32) (local $pollable i32)
      (local.set $network (call $network))
      (call $socket ${i32(0)} ${i32(KEPT)})
      (local.set $socket (i32.load ${i32(KEPT + 4)}))
      (block $out
        (call $start-bind (local.get $socket) (local.get $network) ${v4(
          '(local.get $port)',
          Array.from({ length: 4 }, () => i32(0)),
        )})
        ${leaveIf(NETWORK_CODES, AT + 1)}
        (call $finish-bind (local.get $socket) ${i32(AT)})
        ${leaveIf(NETWORK_CODES, AT + 1)}
        (call $start-listen (local.get $socket) ${i32(AT)})
        ${leaveIf(NETWORK_CODES, AT + 1)}
        ${waitFor('(call $tcp.subscribe (local.get $socket))')}
        (call $finish-listen (local.get $socket) ${i32(AT)})
        ${leaveIf(NETWORK_CODES, AT + 1)})
      (call $drop.tcp-socket (local.get $socket))
      (call $drop.network (local.get $network))
      (local.get $code))`,
  },
  fetch: {
    imports: [
      line(HTTP, '[constructor]fields', 'fields', '(result i32)'),
      line(HTTP, '[method]fields.get', 'fields.get', '(param i32 i32 i32 i32)'),
      drop(HTTP, 'fields'),
      line(HTTP, '[constructor]outgoing-request', 'request', '(param i32) (result i32)'),
      line(HTTP, '[method]outgoing-request.set-path-with-query', 'set-path', '(param i32 i32 i32 i32) (result i32)'),
      line(HTTP, '[method]outgoing-request.set-scheme', 'set-scheme', '(param i32 i32 i32 i32 i32) (result i32)'),
      line(HTTP, '[method]outgoing-request.set-authority', 'set-authority', '(param i32 i32 i32 i32) (result i32)'),
      line('wasi:http/outgoing-handler', 'handle', 'handle', '(param i32 i32 i32 i32)'),
      line(HTTP, '[method]future-incoming-response.subscribe', 'future.subscribe', '(param i32) (result i32)'),
      line(HTTP, '[method]future-incoming-response.get', 'future.get', '(param i32 i32)'),
      drop(HTTP, 'future-incoming-response'),
      line(HTTP, '[method]incoming-response.headers', 'response.headers', '(param i32) (result i32)'),
      drop(HTTP, 'incoming-response'),
      ...WAITING,
    ],
    // "http://" before the other host and "/" after it are the server's of the kit.
    body: `(data (i32.const 1800) "location")
    (func $wasi.fetch (param $host i32) (param $length i32) (param $path i32) (param $pathLength i32) (result i32)
      (local $code i32) (local $request i32) (local $future i32) (local $response i32) (local $headers i32) (local $pollable i32)
      (local.set $request (call $request (call $fields)))
      (drop (call $set-authority (local.get $request) ${i32(1)} (local.get $host) (local.get $length)))
      (drop (call $set-path (local.get $request) ${i32(1)} (local.get $path) (local.get $pathLength)))
      (drop (call $set-scheme (local.get $request) ${i32(1)} ${i32(0)} ${i32(0)} ${i32(0)}))
      (block $out
        (call $handle (local.get $request) ${i32(0)} ${i32(0)} ${i32(AT)})
        ${leaveIf(HTTP_CODES, AT + 8)}
        (local.set $future (i32.load ${i32(AT + 8)}))
        ${waitFor('(call $future.subscribe (local.get $future))')}
        (call $future.get (local.get $future) ${i32(KEPT)})
        (i32.store8 ${i32(AT)} (i32.load8_u ${i32(KEPT + 16)}))
        ${leaveIf(HTTP_CODES, KEPT + 24, '(call $drop.future-incoming-response (local.get $future))')}
        (local.set $response (i32.load ${i32(KEPT + 24)}))
        (local.set $headers (call $response.headers (local.get $response)))
        (call $fields.get (local.get $headers) ${i32(1800)} ${i32(8)} ${i32(AT)})
        (call $drop.fields (local.get $headers))
        (call $drop.incoming-response (local.get $response))
        (call $drop.future-incoming-response (local.get $future))
        (if (i32.load ${i32(AT + 4)}) (then
          (local.set $host (i32.load ${i32(AT)}))
          (local.set $code (call $wasi.fetch
            (i32.add (i32.load (local.get $host)) ${i32(7)})
            (i32.sub (i32.load (i32.add (local.get $host) ${i32(4)})) ${i32(8)})
            (local.get $path) ${i32(1)})))))
      (local.get $code))`,
  },
  open: {
    imports: [
      line('wasi:filesystem/preopens', 'get-directories', 'directories', '(param i32)'),
      line(FILES, '[method]descriptor.open-at', 'open-at', '(param i32 i32 i32 i32 i32 i32 i32)'),
      line(FILES, '[method]descriptor.set-size', 'set-size', '(param i32 i64 i32)'),
      drop(FILES, 'descriptor'),
    ],
    body: `(func $wasi.open (param $folder i32) (param $path i32) (param $length i32) (param $open i32) (param $flags i32) (param $size i64)
      (result i32) (local $code i32) (local $list i32) (local $count i32) (local $n i32) (local $file i32)
      (call $directories ${i32(KEPT)})
      (local.set $list (i32.load ${i32(KEPT)}))
      (local.set $count (i32.load ${i32(KEPT + 4)}))
      (block $out
        (if (i32.ge_u (local.get $folder) (local.get $count)) (then
          (local.set $code ${i32(codeOf('no-folder'))}) (br $out)))
        (call $open-at (i32.load (i32.add (local.get $list) (i32.mul (local.get $folder) ${i32(12)})))
          ${i32(0)} (local.get $path) (local.get $length) (local.get $open) (local.get $flags) ${i32(AT)})
        ${leaveIf(FILE_CODES, AT + 4)}
        (local.set $file (i32.load ${i32(AT + 4)}))
        (if (i32.eqz (i64.eqz (local.get $size))) (then
          (call $set-size (local.get $file) (local.get $size) ${i32(AT)})
          ${leaveIf(FILE_CODES, AT + 1)})))
      (if (local.get $file) (then (call $drop.descriptor (local.get $file))))
      (loop $folders
        (if (i32.lt_u (local.get $n) (local.get $count)) (then
          (call $drop.descriptor (i32.load (i32.add (local.get $list) (i32.mul (local.get $n) ${i32(12)}))))
          (local.set $n (i32.add (local.get $n) ${i32(1)}))
          (br $folders))))
      (local.get $code))`,
  },
  wall: {
    imports: [line('wasi:clocks/wall-clock', 'now', 'wall', '(param i32)')],
    body: `(func $wasi.wall (result i32) (call $wall ${i32(AT)}) ${i32(0)})`,
  },
  random: {
    imports: [line('wasi:random/random', 'get-random-bytes', 'random', '(param i64 i32)')],
    body: `(func $wasi.random (result i32) (call $random (i64.const 16) ${i32(AT)}) ${i32(0)})`,
  },
};
