import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { STORAGE_LIMIT_MAX_BYTES } from './app-storage.ts';
import { ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { GrantsErrorCode } from './grants.ts';
import { decodeGrants, encodeGrants } from './grants.ts';
import { GRANTS_MAX_BYTES, GRANTS_MAX_COUNT } from './limits.ts';

const CODES: readonly string[] = [
  'grants-too-large',
  'grants-version-unsupported',
  'grants-kind-unknown',
  'grants-record-malformed',
  'grants-not-canonical',
  'grants-memory-missing',
  'layout-truncated',
  'layout-trailing-bytes',
] satisfies (GrantsErrorCode | 'layout-truncated' | 'layout-trailing-bytes')[];

const memory = fc.integer({ min: 0, max: 0xffff_ffff });
const pins = fc.uniqueArray(fc.integer({ min: 0, max: 255 }));
const storage = fc.integer({ min: 0, max: STORAGE_LIMIT_MAX_BYTES });

const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 20 });
const hosts = fc.uniqueArray(fc.constantFrom('example.com', 'a.example.com', '10.0.0.1', 'fe80::1', '_x.local'));
const NONE = { storageBytes: 0, hosts: [], tcpServerPorts: [], udpServerPorts: [] };
const rising = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

test('decodeGrants() gives back what encodeGrants() was given, every list rising', (t) => {
  const law = fc.property(
    memory,
    pins,
    storage,
    hosts,
    ports,
    ports,
    (memoryBytes, gpioPins, storageBytes, names, tcp, udp) => {
      const list = { memoryBytes, gpioPins, storageBytes, hosts: names, tcpServerPorts: tcp, udpServerPorts: udp };
      t.deepEqual(decodeGrants(encodeGrants(list)), {
        memoryBytes,
        gpioPins: rising(gpioPins),
        storageBytes,
        hosts: [...names].sort(),
        tcpServerPorts: rising(tcp),
        udpServerPorts: rising(udp),
      });
    },
  );
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('encodeGrants() makes the same bytes of the same grants in any order and with repeats', (t) => {
  const once = encodeGrants({ memoryBytes: 65536, gpioPins: [8, 12] });
  t.deepEqual(encodeGrants({ memoryBytes: 65536, gpioPins: [12, 8, 12] }), once);
});

/** A grants section, record by record. */
function section(records: readonly (readonly [kind: number, payload: readonly number[]])[], version = 1): Uint8Array {
  const writer = new ByteWriter().u16(version).u16(records.length);
  for (const [kind, payload] of records) writer.u16(kind).u16(payload.length).bytes(Uint8Array.from(payload));
  return writer.finish();
}
const MEMORY = [1, [0, 0, 1, 0]] as const;
const PIN_8 = [2, [8, 0, 0, 0]] as const;
const STORAGE = [3, [0, 4, 0, 0]] as const;
const PIN_9 = [2, [9, 0, 0, 0]] as const;

test('the hand-made section of these tests is a good one', (t) => {
  t.deepEqual(decodeGrants(section([MEMORY, PIN_8, PIN_9])), { memoryBytes: 65536, gpioPins: [8, 9], ...NONE });
});

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a version that is not known', section([MEMORY], 2), 'grants-version-unsupported'],
  ['a kind that is not known', section([MEMORY, [7, [1, 0, 0, 0]]]), 'grants-kind-unknown'],
  ['storage of 0 bytes, which grants nothing', section([MEMORY, [3, [0, 0, 0, 0]]]), 'grants-record-malformed'],
  ['more storage than any device keeps', section([MEMORY, [3, [1, 0, 1, 0]]]), 'grants-record-malformed'],
  ['two grants of storage', section([MEMORY, STORAGE, STORAGE]), 'grants-not-canonical'],
  ['a host in upper case, which no check would ever meet', section([MEMORY, [4, [65]]]), 'grants-record-malformed'],
  ['a host of no letters', section([MEMORY, [4, []]]), 'grants-record-malformed'],
  ['a host of 254 letters', section([MEMORY, [4, Array<number>(254).fill(97)]]), 'grants-record-malformed'],
  ['a host with a path', section([MEMORY, [4, [97, 47]]]), 'grants-record-malformed'],
  ['port 0', section([MEMORY, [5, [0, 0, 0, 0]]]), 'grants-record-malformed'],
  ['a port that no socket has', section([MEMORY, [6, [0, 0, 1, 0]]]), 'grants-record-malformed'],
  ['kind 0', section([[0, [1, 0, 0, 0]]]), 'grants-kind-unknown'],
  ['a payload that is too short', section([MEMORY, [2, [8]]]), 'grants-record-malformed'],
  ['a pin that no chip has', section([MEMORY, [2, [0, 1, 0, 0]]]), 'grants-record-malformed'],
  ['no memory grant', section([PIN_8]), 'grants-memory-missing'],
  ['no grant at all', section([]), 'grants-memory-missing'],
  ['two memory grants, of which a reader might take the larger', section([MEMORY, MEMORY]), 'grants-memory-missing'],
  ['pins in falling order', section([MEMORY, PIN_9, PIN_8]), 'grants-not-canonical'],
  ['a pin twice', section([MEMORY, PIN_8, PIN_8]), 'grants-not-canonical'],
  ['memory after the pins', section([PIN_8, MEMORY]), 'grants-not-canonical'],
  ['bytes after the last record', Uint8Array.of(...section([MEMORY]), 0), 'layout-trailing-bytes'],
  ['a record that is cut short', section([MEMORY]).subarray(0, 9), 'layout-truncated'],
  ['no bytes', new Uint8Array(0), 'layout-truncated'],
  ['more bytes than any grants have', new Uint8Array(GRANTS_MAX_BYTES + 1), 'grants-too-large'],
  [
    'a count beyond the bound',
    new ByteWriter()
      .u16(1)
      .u16(GRANTS_MAX_COUNT + 1)
      .finish(),
    'grants-too-large',
  ],
];
for (const [why, bytes, code] of refused) {
  test(`decodeGrants() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeGrants(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeGrants() throws nothing but its own codes, whatever the bytes', (t) => {
  codedErrorsOnly(
    t,
    decodeGrants,
    [
      encodeGrants({
        memoryBytes: 1 << 18,
        gpioPins: [0, 8, 12, 80],
        storageBytes: 8192,
        hosts: ['example.com'],
        tcpServerPorts: [80],
      }),
    ],
    CODES,
  );
});

test('decodeGrants() accepts one byte form only', (t) => {
  const records = fc.array(fc.constantFrom(MEMORY, PIN_8, PIN_9), { maxLength: 5 });
  const law = fc.property(records, (list) => {
    const bytes = section(list);
    try {
      t.deepEqual(encodeGrants(decodeGrants(bytes)), bytes);
    } catch (error) {
      t.true(error instanceof CodedError);
    }
  });
  t.notThrows(() => fc.assert(law, { numRuns: 200 }));
});
