// The broker's grant check: may this app make this call on this thing? Never the only check: the silicon firewall asks again.

import type { Grants } from '../../contracts/core/grants.ts';
import { canonicalHost } from '../../contracts/core/ip-address.ts';
import type { FunctionRule, SupportedCapability } from '../capabilities.ts';

/** What a guarded call names, as the app gave it. */
export type AskedResource =
  /** The chip's pin number. */
  | { readonly kind: 'gpio'; readonly pin: number }
  /** The app's own mutable storage. */
  | { readonly kind: 'storage' }
  /** A name or an address, and where it is to be reached. */
  | { readonly kind: 'host'; readonly host: string; readonly port: number | undefined }
  /** Any host at all: a socket that does not say yet whom it is for. */
  | { readonly kind: 'hosts' }
  | { readonly kind: 'tcp-server' | 'udp-server'; readonly port: number };

/** For the audit trail, e.g. `gpio:9`, `host:example.com:443`. */
export function describeResource(asked: AskedResource | undefined): string {
  switch (asked?.kind) {
    case undefined:
      return '';
    case 'gpio':
      return `gpio:${asked.pin}`;
    case 'storage':
      return 'storage';
    case 'host':
      return asked.port === undefined ? `host:${asked.host}` : `host:${asked.host}:${asked.port}`;
    case 'hosts':
      return 'hosts';
    case 'tcp-server':
    case 'udp-server':
      return `${asked.kind}:${asked.port}`;
  }
}

/**
 * Asked before every call of one app, on a handle as well as on a number. It is one object, handed in, so that a test can
 * take it away and see what then still holds.
 */
export interface GrantCheck {
  allows(rule: FunctionRule, asked: AskedResource | undefined): boolean;
}

/** Makes the check of one app out of the compiled grants of its image. */
export type GrantCheckFor = (grants: Grants) => GrantCheck;

/** The check that every board uses: what the grants do not name is refused. */
export const checkGrants: GrantCheckFor = (grants) => {
  const pins = new Set(grants.gpioPins);
  const hosts = new Set(grants.hosts.map(canonicalHost));
  /** A host's name compares without case, an address by its one text; a dot at the end makes another name, which nobody was granted. */
  const allowsNetwork = (guards: readonly (SupportedCapability | undefined)[], asked: AskedResource | undefined) => {
    switch (asked?.kind) {
      case 'host':
        return guards.includes('AllowedConnections') && hosts.has(canonicalHost(asked.host));
      case 'hosts':
        return guards.includes('AllowedConnections') && hosts.size > 0;
      case 'tcp-server':
        return guards.includes('AllowedTcpServerPorts') && grants.tcpServerPorts.includes(asked.port);
      case 'udp-server':
        return guards.includes('AllowedUdpServerPorts') && grants.udpServerPorts.includes(asked.port);
      default:
        return false;
    }
  };
  return {
    allows(rule, asked) {
      switch (rule.capability) {
        case undefined:
          return true;
        case 'Gpio':
          return asked?.kind === 'gpio' && pins.has(asked.pin);
        case 'MutableStorage':
          return asked?.kind === 'storage' && grants.storageBytes > 0;
        case 'AllowedConnections':
        case 'AllowedTcpServerPorts':
        case 'AllowedUdpServerPorts':
          return allowsNetwork([rule.capability, ...(rule.also ?? [])], asked);
      }
    },
  };
};
