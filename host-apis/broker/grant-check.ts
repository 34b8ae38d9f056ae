// The broker's grant check: may this app make this call on this thing? Never the only check: the silicon firewall asks again.

import type { Grants } from '../../contracts/core/grants.ts';
import type { FunctionRule } from '../capabilities.ts';

/** What a guarded call names, as the app gave it. */
export type AskedResource =
  /** The chip's pin number. */
  | { readonly kind: 'gpio'; readonly pin: number }
  /** The app's own mutable storage. */
  | { readonly kind: 'storage' }
  /** A name or an address, and where it is to be reached. */
  | { readonly kind: 'host'; readonly host: string; readonly port: number | undefined }
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
  const hosts = new Set(grants.hosts);
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
          return asked?.kind === 'host' && hosts.has(asked.host.toLowerCase());
        case 'AllowedTcpServerPorts':
          return asked?.kind === 'tcp-server' && grants.tcpServerPorts.includes(asked.port);
        case 'AllowedUdpServerPorts':
          return asked?.kind === 'udp-server' && grants.udpServerPorts.includes(asked.port);
      }
    },
  };
};
