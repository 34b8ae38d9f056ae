// The world that a probe is built in: the device's own interfaces, as much of WASI 0.2 as the kit's calls name, and the interface of a
// dependency. Only the kit's own text is built here: the tool runs in this process.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../factory/checkout.ts';

const DEVICE_WIT = 'host-apis/wit/device.wit';

/** Which end of a dependency a probe is. */
export interface PartSide {
  /** As in the manifest, e.g. `acme:sensor/driver@1.2.0`. */
  readonly import: string;
  readonly side: 'app' | 'dependency';
}

/** The function of a dependency that makes its calls. */
export const PLAY = 'play';

/** Imports that a module does not use are left out of its component. A patch of 0.2 that no device names: the linker matches it. */
export async function probeAround(coreText: string, part?: PartSide): Promise<Uint8Array> {
  const { componentEmbed, componentNew, parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  const witSource = `package kit:probe; ${world(part)} ${part === undefined ? '' : partWit(part.import)} ${nested(
    readFileSync(join(CHECKOUT, DEVICE_WIT), 'utf8'),
  )} ${WASI}`;
  return componentNew(await componentEmbed({ binary: await parse(coreText), witSource, world: 'probe' }));
}

function world(part: PartSide | undefined): string {
  const own = ['gpio', 'poll', 'timers', 'log'].map((name) => `import casemate:device/${name}@0.1.0;`);
  const wasi = WASI_INTERFACES.map((name) => `import wasi:${name}@${WASI_VERSION};`);
  const supplied = part?.side === 'app' ? [`import ${part.import};`] : [];
  const given = part?.side === 'dependency' ? `export ${part.import};` : 'export run: func() -> u8;';
  return `world probe { ${[...own, ...wasi, ...supplied, given].join('\n')} }`;
}

/** A package with its one interface, from a name that the manifest's reader checked. */
function partWit(name: string): string {
  const [, packageName = '', interfaceName = '', version = ''] = /^(.*)\/([^@]*)(@.*)?$/.exec(name) ?? [];
  return `package ${packageName}${version} { interface ${interfaceName} { ${PLAY}: func() -> u8; } }`;
}

function nested(wit: string): string {
  const [, name = '', rest = ''] = /package ([^;]+);([\s\S]*)/.exec(wit) ?? [];
  return `package ${name} { ${rest} }`;
}

export const WASI_VERSION = '0.2.3';
const WASI_INTERFACES = [
  'clocks/wall-clock',
  'random/random',
  'filesystem/preopens',
  'filesystem/types',
  'sockets/instance-network',
  'sockets/ip-name-lookup',
  'sockets/tcp',
  'sockets/tcp-create-socket',
  'http/types',
  'http/outgoing-handler',
] as const;

/** As in the specifications (github.com/WebAssembly/WASI, wasip2), without the functions that no probe calls. */
const WASI = `
package wasi:io@${WASI_VERSION} {
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams { resource input-stream; resource output-stream; }
}
package wasi:clocks@${WASI_VERSION} {
  interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
}
package wasi:random@${WASI_VERSION} { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }
package wasi:filesystem@${WASI_VERSION} {
  interface types {
    enum error-code {
      access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large, illegal-byte-sequence,
      in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size, name-too-long, no-device,
      no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty, not-recoverable, unsupported,
      no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek, text-file-busy, cross-device,
    }
    flags descriptor-flags {
      read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory,
    }
    flags path-flags { symlink-follow }
    flags open-flags { create, directory, exclusive, truncate }
    resource descriptor {
      set-size: func(size: u64) -> result<_, error-code>;
      open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
        -> result<descriptor, error-code>;
    }
  }
  interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
}
package wasi:sockets@${WASI_VERSION} {
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
    use wasi:io/poll@${WASI_VERSION}.{pollable};
    use network.{network, error-code, ip-address};
    resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
    resource resolve-address-stream {
      resolve-next-address: func() -> result<option<ip-address>, error-code>;
      subscribe: func() -> pollable;
    }
  }
  interface tcp {
    use wasi:io/streams@${WASI_VERSION}.{input-stream, output-stream};
    use wasi:io/poll@${WASI_VERSION}.{pollable};
    use network.{network, error-code, ip-socket-address};
    resource tcp-socket {
      start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
      finish-bind: func() -> result<_, error-code>;
      start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
      finish-connect: func() -> result<tuple<input-stream, output-stream>, error-code>;
      start-listen: func() -> result<_, error-code>;
      finish-listen: func() -> result<_, error-code>;
      subscribe: func() -> pollable;
    }
  }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
  }
}
package wasi:http@${WASI_VERSION} {
  interface types {
    use wasi:io/poll@${WASI_VERSION}.{pollable};
    variant scheme { HTTP, HTTPS, other(string) }
    record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
    record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
    record field-size-payload { field-name: option<string>, field-size: option<u32> }
    variant error-code {
      DNS-timeout, DNS-error(DNS-error-payload), destination-not-found, destination-unavailable, destination-IP-prohibited,
      destination-IP-unroutable, connection-refused, connection-terminated, connection-timeout, connection-read-timeout,
      connection-write-timeout, connection-limit-reached, TLS-protocol-error, TLS-certificate-error,
      TLS-alert-received(TLS-alert-received-payload), HTTP-request-denied, HTTP-request-length-required,
      HTTP-request-body-size(option<u64>), HTTP-request-method-invalid, HTTP-request-URI-invalid, HTTP-request-URI-too-long,
      HTTP-request-header-section-size(option<u32>), HTTP-request-header-size(option<field-size-payload>),
      HTTP-request-trailer-section-size(option<u32>), HTTP-request-trailer-size(field-size-payload), HTTP-response-incomplete,
      HTTP-response-header-section-size(option<u32>), HTTP-response-header-size(field-size-payload),
      HTTP-response-body-size(option<u64>), HTTP-response-trailer-section-size(option<u32>),
      HTTP-response-trailer-size(field-size-payload), HTTP-response-transfer-coding(option<string>),
      HTTP-response-content-coding(option<string>), HTTP-response-timeout, HTTP-upgrade-failed, HTTP-protocol-error,
      loop-detected, configuration-error, internal-error(option<string>),
    }
    resource fields {
      constructor();
      get: func(name: string) -> list<list<u8>>;
    }
    resource outgoing-request {
      constructor(headers: fields);
      set-path-with-query: func(path-with-query: option<string>) -> result;
      set-scheme: func(scheme: option<scheme>) -> result;
      set-authority: func(authority: option<string>) -> result;
    }
    resource request-options;
    resource incoming-response { headers: func() -> fields; }
    resource future-incoming-response {
      subscribe: func() -> pollable;
      get: func() -> option<result<result<incoming-response, error-code>>>;
    }
  }
  interface outgoing-handler {
    use types.{outgoing-request, request-options, future-incoming-response, error-code};
    handle: func(request: outgoing-request, options: option<request-options>)
      -> result<future-incoming-response, error-code>;
  }
}`;
