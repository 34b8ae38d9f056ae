// Types of wasi:sockets/network, and the way between them and the broker's addresses and errors. Decides nothing.

import type { AppErrorCode } from '../../../../contracts/wire/app-call.ts';
import { formatIp, parseIp } from '../../../../contracts/core/ip-address.ts';
import type {
  Case,
  EnumType,
  RecordType,
  ResultType,
  TupleType,
  Value,
  ValueType,
  VariantType,
} from '../../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';

const { u8, u16, u32 } = PRIMITIVE_TYPES;

export const NETWORK_ERROR: EnumType = {
  kind: 'enum',
  names: [
    'unknown',
    'access-denied',
    'not-supported',
    'invalid-argument',
    'out-of-memory',
    'timeout',
    'concurrency-conflict',
    'not-in-progress',
    'would-block',
    'invalid-state',
    'new-socket-limit',
    'address-not-bindable',
    'address-in-use',
    'remote-unreachable',
    'connection-refused',
    'connection-reset',
    'connection-aborted',
    'datagram-too-large',
    'name-unresolvable',
    'temporary-resolver-failure',
    'permanent-resolver-failure',
  ],
};
export type NetworkError =
  | 'unknown'
  | 'access-denied'
  | 'not-supported'
  | 'invalid-argument'
  | 'not-in-progress'
  | 'would-block'
  | 'invalid-state'
  | 'new-socket-limit'
  | 'address-not-bindable'
  | 'address-in-use'
  | 'remote-unreachable'
  | 'connection-refused'
  | 'connection-reset'
  | 'datagram-too-large'
  | 'name-unresolvable'
  | 'temporary-resolver-failure';

/** What the broker's codes are called here; whatever has no name of its own is `unknown`. */
const ERRORS: Partial<Readonly<Record<AppErrorCode, NetworkError>>> = {
  'access-denied': 'access-denied',
  'invalid-argument': 'invalid-argument',
  'too-many-handles': 'new-socket-limit',
  'name-not-resolved': 'name-unresolvable',
  'connection-refused': 'connection-refused',
  'connection-reset': 'connection-reset',
  unreachable: 'remote-unreachable',
  'address-in-use': 'address-in-use',
  'not-connected': 'invalid-state',
  closed: 'connection-reset',
  'would-block': 'would-block',
  'too-large': 'datagram-too-large',
};

export const ADDRESS_FAMILY: EnumType = { kind: 'enum', names: ['ipv4', 'ipv6'] };
const IPV4: TupleType = { kind: 'tuple', elements: [u8, u8, u8, u8] };
const IPV6: TupleType = { kind: 'tuple', elements: [u16, u16, u16, u16, u16, u16, u16, u16] };
export const IP_ADDRESS: VariantType = {
  kind: 'variant',
  cases: [
    { name: 'ipv4', type: IPV4 },
    { name: 'ipv6', type: IPV6 },
  ],
};
const IPV4_SOCKET: RecordType = {
  kind: 'record',
  fields: [
    { name: 'port', type: u16 },
    { name: 'address', type: IPV4 },
  ],
};
const IPV6_SOCKET: RecordType = {
  kind: 'record',
  fields: [
    { name: 'port', type: u16 },
    { name: 'flow-info', type: u32 },
    { name: 'address', type: IPV6 },
    { name: 'scope-id', type: u32 },
  ],
};
export const SOCKET_ADDRESS: VariantType = {
  kind: 'variant',
  cases: [
    { name: 'ipv4', type: IPV4_SOCKET },
    { name: 'ipv6', type: IPV6_SOCKET },
  ],
};

/** All types of the interface by their names; `network` itself apart. */
export const NETWORK_TYPES: readonly (readonly [name: string, type: ValueType])[] = [
  ['error-code', NETWORK_ERROR],
  ['ip-address-family', ADDRESS_FAMILY],
  ['ipv4-address', IPV4],
  ['ipv6-address', IPV6],
  ['ip-address', IP_ADDRESS],
  ['ipv4-socket-address', IPV4_SOCKET],
  ['ipv6-socket-address', IPV6_SOCKET],
  ['ip-socket-address', SOCKET_ADDRESS],
];

/** 4 or 6. */
export type Family = 4 | 6;

/** An address as the guest writes it: its family is kept, also where it is an IPv4 address in IPv6's clothes. */
export interface SocketAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
  readonly port: number;
}

export function networkResult(okType?: ValueType): ResultType {
  return { kind: 'result', ok: okType, error: NETWORK_ERROR };
}

export function networkError(error: NetworkError): Case {
  return { index: 1, value: NETWORK_ERROR.names.indexOf(error) };
}

export function ofBroker(error: AppErrorCode): NetworkError {
  return ERRORS[error] ?? 'unknown';
}

export function familyOf(index: number): Family {
  return index === 0 ? 4 : 6;
}

/** From `ip-socket-address`. */
export function readSocketAddress(value: Value): SocketAddress {
  const { index, value: fields } = value as Case;
  const [port, second, third] = fields as readonly [number, Value, Value];
  if (index === 0) return { family: 4, port, bytes: Uint8Array.from(second as readonly number[]) };
  const groups = third as readonly number[];
  return { family: 6, port, bytes: Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])) };
}

/** To `ip-address`, in the family of the text. */
export function ipAddressValue(text: string): Case {
  const bytes = parseIp(text) ?? new Uint8Array(4);
  return bytes.length === 4 ? { index: 0, value: [...bytes] } : { index: 1, value: groupsOf(bytes) };
}

/** To `ip-socket-address`. */
export function socketAddressValue(text: string, port: number): Case {
  const { index, value } = ipAddressValue(text);
  return { index, value: index === 0 ? [port, value] : [port, 0, value, 0] };
}

export function isUnspecified({ bytes }: SocketAddress): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The one text of where this is to be sent; `undefined`: nobody can be there (wasi:sockets/tcp `start-connect`, `invalid-argument`). */
export function remoteText(address: SocketAddress): string | undefined {
  const text = formatIp(address.bytes);
  const isMapped = address.family === 6 && !text.includes(':');
  return isUnspecified(address) || isMapped || address.port === 0 ? undefined : text;
}

export function unspecified(family: Family): string {
  return family === 4 ? '0.0.0.0' : '::';
}

function groupsOf(bytes: Uint8Array): readonly number[] {
  return Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
}
