// Which network calls must be allowed and which denied: hosts one label off, addresses in place of names, other ports, no handle. A guest's
// words for them are WASI's, which ask several of these at once: here each is said alone, by a runner that was taken over.

import type { Grants } from '../../contracts/core/grants.ts';
import type { AppFunction } from '../../contracts/wire/app-call.ts';
import type { ProbeCall, ProbeRequest, Recipe, Stop } from './probe-call.ts';

type NetworkFunction = Extract<AppFunction, `tcp.${string}` | `udp.${string}` | `names.${string}`>;

/** RFC 5737 section 3: documentation, never anybody's; the host itself and the network around it. */
const ADDRESSES = ['192.0.2.1', '127.0.0.1', '169.254.169.254', '::1'] as const;
const NO_HANDLE = 4711;
const PORT_MAX = 65_535;

const base = { scene: 'alone', sayable: 'runner', before: [] } as const;

/** `firewall`: what stands behind the broker's check. */
function denied(fn: NetworkFunction, resource: string, call: ProbeRequest, firewall?: string): ProbeCall {
  const stop = { error: 'access-denied', layer: 'broker', check: `grant:${fn}` } as const satisfies Stop;
  const behind = {
    error: 'access-denied',
    layer: 'firewall',
    check: `firewall:${firewall ?? ''}`,
  } as const satisfies Stop;
  const one: ProbeCall = { ...base, function: fn, resource, granted: false, call, stop };
  return firewall === undefined ? one : { ...one, behind };
}

function allowed(fn: NetworkFunction, resource: string, call: ProbeRequest): ProbeCall {
  return { ...base, function: fn, resource, granted: true, call };
}

export const isAddress = (host: string): boolean => host.includes(':') || /^[0-9.]+$/.test(host);

/** Names that look like a granted one and are not: a label more, a label less, a longer end, a dot at the end, no dot. */
export function nearNames({ hosts }: Grants): readonly string[] {
  const near = hosts
    .filter((host) => !isAddress(host))
    .flatMap((host) => {
      const [, ...parent] = host.split('.');
      return [`x.${host}`, parent.join('.'), `${host}.example`, `${host}.`, `x${host}`];
    });
  return [...new Set([...near, 'not-granted.example', 'localhost'])].filter(
    (name) => name !== '' && !hosts.includes(name),
  );
}

export const resolveRecipe: Recipe = ({ grants }) => {
  const call = (name: string): ProbeRequest => ({ function: 'names.resolve', name });
  const names = grants.hosts.filter((host) => !isAddress(host));
  return [
    ...names.map((name) => allowed('names.resolve', `host:${name}`, call(name))),
    ...names.map((name) => allowed('names.resolve', `host:${name} in capitals`, call(name.toUpperCase()))),
    ...[...nearNames(grants), ...ungrantedAddresses(grants)].map((name) =>
      denied('names.resolve', `host:${name}`, call(name), 'name'),
    ),
  ];
};

export function ungrantedAddresses({ hosts }: Grants): readonly string[] {
  return ADDRESSES.filter((address) => !hosts.includes(address));
}

/** A granted name opens the addresses that it was resolved to, and before that none. */
export const connectRecipe: Recipe = ({ grants }) => {
  const call = (address: string, port: number): ProbeRequest => ({ function: 'tcp.connect', address, port });
  return [
    ...grants.hosts.filter(isAddress).map((host) => allowed('tcp.connect', `host:${host}:443`, call(host, 443))),
    ...ungrantedAddresses(grants).map((address) =>
      denied('tcp.connect', `host:${address}:443`, call(address, 443), 'address'),
    ),
    ...ungrantedAddresses(grants)
      .slice(0, 1)
      .map((address) => denied('tcp.connect', `host:${address}:80`, call(address, 80), 'address')),
  ];
};

/** One below and one above each granted port, and some that everybody knows. */
export function ungrantedPorts(ports: readonly number[]): readonly number[] {
  const edges = [22, 443, 8080, PORT_MAX, ...ports.flatMap((port) => [port - 1, port + 1])];
  const outside = edges.filter((port) => port > 0 && port <= PORT_MAX && !ports.includes(port));
  return [...new Set(outside)].sort((a, b) => a - b);
}

export const listenRecipe: Recipe = ({ grants: { tcpServerPorts } }) => {
  const call = (port: number): ProbeRequest => ({ function: 'tcp.listen', port });
  return [
    ...tcpServerPorts.map((port) => allowed('tcp.listen', `tcp-server:${port}`, call(port))),
    ...[0, ...ungrantedPorts(tcpServerPorts)].map((port) =>
      denied('tcp.listen', `tcp-server:${port}`, call(port), 'tcp-port'),
    ),
  ];
};

export const bindRecipe: Recipe = ({ grants: { udpServerPorts, hosts } }) => {
  const call = (port: number): ProbeRequest => ({ function: 'udp.bind', port });
  // Port 0 is for asking: whoever may reach a host may have one.
  const any = hosts.length > 0 ? allowed : denied;
  return [
    ...udpServerPorts.map((port) => allowed('udp.bind', `udp-server:${port}`, call(port))),
    any('udp.bind', 'udp-server:0', call(0)),
    ...ungrantedPorts(udpServerPorts).map((port) => denied('udp.bind', `udp-server:${port}`, call(port), 'udp-port')),
  ];
};

/** Datagrams are asked for one by one: a socket that may be had does not say where it may send. */
export const sendToRecipe: Recipe = (subject) => {
  const { hosts } = subject.grants;
  const sendTo = (handle: number | string, address: string): ProbeRequest => {
    return { function: 'udp.send', handle, address, port: 53, bytes: Uint8Array.of(1) };
  };
  const before = [{ request: { function: 'udp.bind', port: 0 }, as: '$socket' }] as const;
  const elsewhere = ungrantedAddresses(subject.grants).map((address): ProbeCall => {
    return { ...denied('udp.send', `host:${address}:53`, sendTo('$socket', address)), before };
  });
  return [...(hosts.length > 0 ? elsewhere : []), ...noHandles('udp.send', (handle) => sendTo(handle, ADDRESSES[0]))];
};

/** A function that lives on a handle, said on handles that are none. */
export function onNoHandle(
  fn: NetworkFunction,
  more: Readonly<Record<string, string | number | Uint8Array>> = {},
): Recipe {
  return () => noHandles(fn, (handle) => ({ function: fn, handle, ...more }));
}

function noHandles(fn: NetworkFunction, call: (handle: number) => ProbeRequest): readonly ProbeCall[] {
  const stop = { error: 'invalid-argument', layer: 'broker', check: `handle:${fn}` } as const satisfies Stop;
  const refused = { ...base, function: fn, granted: false, stop } as const;
  const timer = [{ request: { function: 'timers.create' }, as: '$timer' }] as const;
  const onTimer = call(NO_HANDLE);
  return [
    { ...refused, resource: 'handle 0', call: call(0) },
    { ...refused, resource: 'a handle that was never given', call: call(NO_HANDLE) },
    { ...refused, resource: 'a handle of timers.create', before: timer, call: { ...onTimer, handle: '$timer' } },
    { ...refused, scene: 'neighbour', resource: "another app's handle 1", call: call(1) },
  ];
}
