// Which calls a guest of WASI must be allowed and which denied: whole conversations through the canonical ABI, where the recipes beside this
// one say single frames. A call of theirs is told under the broker's function that decides.

import type { AppFunction } from '../../contracts/wire/app-call.ts';
import { isAddress, nearNames, ungrantedAddresses, ungrantedPorts } from './network-recipes.ts';
import type { CheckName, Layer, ProbeCall, ProbeError, Recipe, Stop } from './probe-call.ts';
import { RAW_LIST_FILE } from './raw-list.ts';
import type { WasiAct } from './wasi-act.ts';

/** Hosts in a manifest have no ports: each port of a granted host is as good as another. */
const PORTS = [443, 8883] as const;
/** The kit's server answers this path with 302, and another host. */
export const AWAY = '/away';
const OTHER_PLACES = ['not-granted.example', 'elsewhere.example'] as const;
/** Of many near names and ports a few: the frames beside try them all. */
const FEW = 3;

function call(fn: AppFunction, resource: string, wasi: WasiAct): Omit<ProbeCall, 'granted'> {
  return { function: fn, resource, scene: 'alone', sayable: 'wasi', before: [], call: { function: fn }, wasi };
}

function stopped(error: ProbeError, layer: Layer, check: CheckName): Stop {
  return { error, layer, check };
}

/** Denied by the broker, and behind it by the network firewall. */
function denied(fn: AppFunction, firewall: string, resource: string, wasi: WasiAct): ProbeCall {
  const stop = stopped('access-denied', 'broker', `grant:${fn}`);
  const behind = stopped('access-denied', 'firewall', `firewall:${firewall}`);
  return { ...call(fn, resource, wasi), granted: false, stop, behind };
}

/** Where the kit's server sends whoever asks for `AWAY`. */
export function otherPlace(hosts: readonly string[]): string {
  return OTHER_PLACES.find((name) => !hosts.includes(name)) ?? 'x.not-granted.example';
}

const connects: Recipe = ({ grants }) => {
  const names = grants.hosts.filter((host) => !isAddress(host));
  const v4 = ungrantedAddresses(grants).filter((address) => !address.includes(':'));
  const to = (host: string, port: number): WasiAct => ({ act: 'connect', host, port });
  return [
    ...names.flatMap((host) =>
      PORTS.map((port): ProbeCall => {
        return { ...call('tcp.connect', `host:${host}:${port} by WASI`, to(host, port)), granted: true };
      }),
    ),
    ...nearNames(grants)
      .slice(0, FEW)
      .map((host) => denied('names.resolve', 'name', `host:${host} by WASI`, to(host, 443))),
    ...v4.slice(0, 2).map((host) => denied('tcp.connect', 'address', `host:${host}:443 by WASI`, to(host, 443))),
    ...v4.slice(0, 1).map((host) => denied('tcp.connect', 'address', `host:${host}:80 by WASI`, to(host, 80))),
  ];
};

const fetches: Recipe = ({ grants: { hosts } }) => {
  const names = hosts.filter((host) => !isAddress(host)).slice(0, 1);
  const other = otherPlace(hosts);
  const get = (host: string, path: string): WasiAct => ({ act: 'fetch', host, path });
  return [
    ...names.map((host): ProbeCall => {
      return { ...call('tcp.connect', `http://${host}/`, get(host, '/')), granted: true };
    }),
    ...names.map((host) =>
      denied('names.resolve', 'name', `redirect of http://${host}${AWAY} to ${other}`, get(host, AWAY)),
    ),
    denied('names.resolve', 'name', `http://${other}/`, get(other, '/')),
  ];
};

const listens: Recipe = ({ grants: { tcpServerPorts } }) => {
  const at = (port: number): WasiAct => ({ act: 'listen', port });
  return [
    ...tcpServerPorts.map((port): ProbeCall => {
      return { ...call('tcp.listen', `tcp-server:${port} by WASI`, at(port)), granted: true };
    }),
    ...ungrantedPorts(tcpServerPorts)
      .slice(0, FEW)
      .map((port) => denied('tcp.listen', 'tcp-port', `tcp-server:${port} by WASI`, at(port))),
  ];
};

const stores: Recipe = ({ grants: { storageBytes } }) => {
  const file = (path: string, size: number): WasiAct => ({ act: 'store', path, size });
  const create = (resource: string, act: WasiAct): Omit<ProbeCall, 'granted'> => call('storage.create', resource, act);
  if (storageBytes === 0) {
    const stop = stopped('no-folder', 'linker', 'folder:storage');
    return [{ ...create('storage by WASI', file('kit-wasi', 0)), granted: false, stop }];
  }
  const refused = (resource: string, act: WasiAct, stop: Stop): ProbeCall => {
    return { ...create(resource, act), granted: false, stop };
  };
  const upwards = stopped('not-permitted', 'stub', 'path:upwards');
  const absolute = stopped('not-permitted', 'stub', 'path:absolute');
  const quota = stopped('no-space', 'driver', 'quota:storage');
  return [
    { ...create('storage by WASI', file('kit-wasi', 1)), granted: true },
    refused('"../stolen" by WASI', file('../stolen', 0), upwards),
    refused('"a/../../stolen" by WASI', file('a/../../stolen', 0), upwards),
    refused('"/etc/passwd" by WASI', file('/etc/passwd', 0), absolute),
    refused('the quota and one byte more by WASI', file('kit-wasi-full', storageBytes + 1), quota),
  ];
};

/** What every app has. */
const free: Recipe = () => {
  const image = (how: 'read' | 'write'): WasiAct => ({ act: 'image', path: RAW_LIST_FILE, how });
  const readOnly = stopped('read-only', 'stub', 'read-only:image');
  return [
    { ...call('storage.read', 'a file of the image, to read', image('read')), granted: true },
    { ...call('storage.write', 'a file of the image, to write', image('write')), granted: false, stop: readOnly },
    { ...call('clock.now', 'the wall clock by WASI', { act: 'wall-clock' }), granted: true },
    { ...call('random.bytes', '16 random bytes by WASI', { act: 'random' }), granted: true },
  ];
};

export const WASI_RECIPES: readonly Recipe[] = [connects, fetches, listens, stores, free];
