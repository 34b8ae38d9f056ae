// Where the service is, as it is kept across power cuts. Never whom to believe there: that is in the keystore.

import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { ShapeErrorCode } from '../../../contracts/wire/json-shape.ts';
import { ShapeReader } from '../../../contracts/wire/json-shape.ts';
import type { ServiceAddress } from '../service-port.ts';

export type ServiceAddressErrorCode = 'service-address-malformed';
export class ServiceAddressError extends CodedError<ServiceAddressErrorCode> {}

const HOST_MAX_LENGTH = 253;
const RECORD_MAX_BYTES = 512;
const PORT_MAX = 65535;
/** RFC 1123, section 2.1: labels of letters, digits and inner hyphens; 63 at most (RFC 1035, section 2.3.4). */
const NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const DIGITS_AND_DOTS = /^[0-9.]+$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** A DNS name, an IPv4 address of four decimal numbers, or an IPv6 address without brackets and zone. */
export function isServiceHost(host: string): boolean {
  if (host.length > HOST_MAX_LENGTH) return false;
  // Only digits and dots is an address or nothing: resolvers take 1 or 127.1 for addresses, too.
  if (DIGITS_AND_DOTS.test(host)) return IPV4.test(host);
  return host.includes(':') ? isIpv6(host) : NAME.test(host);
}

export function isServicePort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= PORT_MAX;
}

export function encodeServiceAddress({ host, port }: ServiceAddress): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ host, port }));
}

/** From the record that an earlier boot wrote. Errors: `service-address-malformed`. */
export function decodeServiceAddress(record: Uint8Array): ServiceAddress {
  const reader = new ShapeReader<ShapeErrorCode>();
  const object = reader.object(reader.text(record, { maxBytes: RECORD_MAX_BYTES, maxDepth: 1 }), '$', ['host', 'port']);
  const host = object === undefined ? undefined : reader.string(object.get('host'), '$.host');
  const port =
    object === undefined ? undefined : reader.integer(object.get('port'), '$.port', { min: 1, max: PORT_MAX });
  if (reader.problems.length > 0 || host === undefined || port === undefined || !isServiceHost(host))
    throw new ServiceAddressError('service-address-malformed', 'the record of the service’s address cannot be read');
  return { host, port };
}

/** RFC 4291, section 2.2, forms 1 and 2. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = groups.flat().length;
  return groups.flat().every((group) => GROUP.test(group)) && (halves.length === 2 ? count <= 7 : count === 8);
}
