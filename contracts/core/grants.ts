// Compiled grants: what an image may use, in the fixed form that the monitor reads. Never says who asks, only what is allowed.

import { STORAGE_LIMIT_MAX_BYTES } from './app-storage.ts';
import { ByteReader, ByteWriter, sameBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { GRANTS_MAX_BYTES, GRANTS_MAX_COUNT } from './limits.ts';

/**
 * Layout (little-endian): u16 version = 1, u16 count, then `count` records {u16 kind, u16 length, payload}, sorted by
 * (kind, value) without repeats, so that equal grants have equal bytes. Retired kinds stay reserved.
 */
export const GRANT_KIND = {
  /** u32 bytes: the upper bound of all linear memories together. Exactly one in every application. */
  memory: 1,
  /** u32 pin number of the chip. */
  gpio: 2,
  /** u32 bytes of mutable storage, not 0, at most `STORAGE_LIMIT_MAX_BYTES`. At most one. */
  storage: 3,
  /** A host that may be reached: its name in lower case or its address, ASCII. */
  host: 4,
  /** u32 port that may be listened on. */
  tcpServerPort: 5,
  /** u32 port that datagrams may be received on. */
  udpServerPort: 6,
} as const;

/** What an image asks to be granted; whatever is absent is not granted. */
export interface GrantList {
  /** Upper bound of all linear memories together, bytes. */
  readonly memoryBytes: number;
  /** Pin numbers of the chip. */
  readonly gpioPins?: readonly number[];
  /** Mutable storage, bytes; 0: none. */
  readonly storageBytes?: number;
  /** Hosts that may be reached, of the form that `isGrantedHost` accepts. */
  readonly hosts?: readonly string[];
  readonly tcpServerPorts?: readonly number[];
  readonly udpServerPorts?: readonly number[];
}

/** The checked grants of one image: all lists rising and without repeats. Only `decodeGrants` and `grantsOf` make one. */
export type Grants = Required<GrantList>;

export type GrantsErrorCode =
  | 'grants-too-large'
  | 'grants-version-unsupported'
  | 'grants-kind-unknown'
  | 'grants-record-malformed'
  | 'grants-not-canonical'
  | 'grants-memory-missing';

export class GrantsError extends CodedError<GrantsErrorCode> {}

const VERSION = 1;
const PIN_MAX = 255;
const PORT_MAX = 65_535;
/** A DNS name in lower case, or an address of either family. RFC 1035 section 2.3.4 allows 253 characters. */
const HOST = /^(?=.{1,253}$)[0-9a-z._:-]+$/;

/** Whether a text has the form of a granted host. */
export function isGrantedHost(host: string): boolean {
  return HOST.test(host);
}

/** The checked grants of a list. Errors: `GrantsErrorCode`. */
export function grantsOf(list: GrantList): Grants {
  return decodeGrants(encodeGrants(list));
}

/** From bytes of any origin to checked grants. Errors: `GrantsErrorCode`, or `LayoutErrorCode` when cut short. */
export function decodeGrants(bytes: Uint8Array): Grants {
  if (bytes.length > GRANTS_MAX_BYTES) throw new GrantsError('grants-too-large', `${bytes.length} bytes of grants`);
  const reader = new ByteReader(bytes);
  const version = reader.u16();
  if (version !== VERSION) throw new GrantsError('grants-version-unsupported', `grants version ${version}`);
  const count = reader.u16();
  if (count > GRANTS_MAX_COUNT) throw new GrantsError('grants-too-large', `${count} grants`);
  const grants: GrantRecord[] = [];
  for (let index = 0; index < count; index++) grants.push(decodeGrant(reader.u16(), reader.bytes(reader.u16())));
  reader.end();
  const checked = toGrants(grants);
  // One form only: what decodes must encode to the same bytes, so order and repeats need no rule of their own.
  if (!sameBytes(encodeGrants(checked), bytes)) {
    throw new GrantsError('grants-not-canonical', 'grants are not in their one canonical order');
  }
  return checked;
}

/** The one byte form of these grants. */
export function encodeGrants(list: GrantList): Uint8Array {
  const { memoryBytes, gpioPins, storageBytes = 0, hosts, tcpServerPorts, udpServerPorts } = list;
  const records: (readonly [number, Uint8Array])[] = [
    [GRANT_KIND.memory, u32(memoryBytes)],
    ...numbers(GRANT_KIND.gpio, gpioPins),
    ...numbers(GRANT_KIND.storage, storageBytes === 0 ? [] : [storageBytes]),
    ...[...new Set(hosts)].sort().map((host) => [GRANT_KIND.host, new TextEncoder().encode(host)] as const),
    ...numbers(GRANT_KIND.tcpServerPort, tcpServerPorts),
    ...numbers(GRANT_KIND.udpServerPort, udpServerPorts),
  ];
  const writer = new ByteWriter().u16(VERSION).u16(records.length);
  for (const [kind, payload] of records) writer.u16(kind).u16(payload.length).bytes(payload);
  return writer.finish();
}

function numbers(kind: number, values: readonly number[] = []): (readonly [number, Uint8Array])[] {
  return [...new Set(values)].sort((a, b) => a - b).map((value) => [kind, u32(value)]);
}

function u32(value: number): Uint8Array {
  return new ByteWriter(4).u32(value).finish();
}

type Kind = keyof typeof GRANT_KIND;
type NumberKind = Exclude<Kind, 'host'>;
type GrantRecord =
  { readonly kind: NumberKind; readonly value: number } | { readonly kind: 'host'; readonly value: string };

const NUMBER_MAX: Readonly<Record<NumberKind, number>> = {
  memory: 0xffff_ffff,
  gpio: PIN_MAX,
  storage: STORAGE_LIMIT_MAX_BYTES,
  tcpServerPort: PORT_MAX,
  udpServerPort: PORT_MAX,
};
/** The smallest number that grants anything; what grants nothing is left out. */
const NUMBER_MIN: Readonly<Record<NumberKind, number>> = {
  memory: 0,
  gpio: 0,
  storage: 1,
  tcpServerPort: 1,
  udpServerPort: 1,
};

function decodeGrant(number: number, payload: Uint8Array): GrantRecord {
  const kind = (Object.keys(GRANT_KIND) as Kind[]).find((name) => GRANT_KIND[name] === number);
  if (kind === undefined) throw new GrantsError('grants-kind-unknown', `grant kind ${number}`);
  if (kind === 'host') {
    const host = String.fromCharCode(...payload.subarray(0, 255));
    if (payload.length > 253 || !isGrantedHost(host)) throw malformed(kind, 'no host name or address');
    return { kind, value: host };
  }
  if (payload.length !== 4) throw malformed(kind, `${payload.length} bytes`);
  const value = new ByteReader(payload).u32();
  if (value > NUMBER_MAX[kind] || value < NUMBER_MIN[kind]) throw malformed(kind, String(value));
  return { kind, value };
}

function malformed(kind: Kind, what: string): GrantsError {
  return new GrantsError('grants-record-malformed', `a grant of ${kind}: ${what}`);
}

function toGrants(list: readonly GrantRecord[]): Grants {
  const of = (kind: NumberKind): number[] => list.flatMap((record) => (record.kind === kind ? [record.value] : []));
  const [memoryBytes, ...moreMemory] = of('memory');
  if (memoryBytes === undefined || moreMemory.length > 0) {
    throw new GrantsError('grants-memory-missing', `${of('memory').length} memory grants, exactly one wanted`);
  }
  return {
    memoryBytes,
    gpioPins: of('gpio'),
    // A second one is caught by the canonical form: it would be lost in it.
    storageBytes: of('storage')[0] ?? 0,
    hosts: list.flatMap((record) => (record.kind === 'host' ? [record.value] : [])),
    tcpServerPorts: of('tcpServerPort'),
    udpServerPorts: of('udpServerPort'),
  };
}
