import { isIP } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { canonicalHost, formatIp, isLocalAddress, parseIp } from './ip-address.ts';

const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // Many zeros: where the short form is.
  fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes)),
);

test('an address comes back from its text, and the text is the one that everybody reads so', (t) => {
  const law = fc.property(address, (bytes) => {
    const text = formatIp(bytes);
    t.not(isIP(text), 0);
    const back = parseIp(text);
    t.deepEqual(back, bytes.length === 16 && isIP(text) === 4 ? bytes.slice(12) : bytes);
    t.is(canonicalHost(text.toUpperCase()), text);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 500 }));
});

test('parseIp() takes what the system takes as an address, and nothing else', (t) => {
  const text = fc.array(fc.constantFrom(...'0129afF.::x%'), { maxLength: 24 }).map((letters) => letters.join(''));
  const law = fc.property(text, (candidate) => {
    const zoned = candidate.includes('%');
    t.is(parseIp(candidate) !== undefined, !zoned && isIP(candidate) !== 0, candidate);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 2000 }));
});

const forms: readonly (readonly [text: string, canonical: string | undefined])[] = [
  ['127.0.0.1', '127.0.0.1'],
  // Octal, a single number, too few parts: what old resolvers take for an address is a name here, and granted by nobody.
  ['0177.0.0.1', undefined],
  ['2130706433', undefined],
  ['127.1', undefined],
  ['256.0.0.1', undefined],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8::0:1', '2001:db8::1'],
  // The same host as the address inside.
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::FFFF:7f00:1', '127.0.0.1'],
  ['1::2::3', undefined],
  ['fe80::1%eth0', undefined],
  ['example.com', undefined],
  ['', undefined],
];
for (const [text, canonical] of forms) {
  test(`${JSON.stringify(text)} is ${canonical ?? 'no address'}`, (t) => {
    const bytes = parseIp(text);
    t.is(bytes && formatIp(bytes), canonical);
  });
}

test('local are this host, the link, and whatever is no single host elsewhere; in every disguise', (t) => {
  const local = ['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.0.9', '169.254.169.254', '224.0.0.1', '255.255.255.255'];
  const local6 = ['::', '::1', '::7f00:1', 'fe80::1', 'febf::1', 'ff02::1', '::ffff:127.0.0.1', '64:ff9b::a9fe:a9fe'];
  const elsewhere = [
    '10.0.0.1',
    '192.168.1.1',
    '198.18.0.1',
    '8.8.8.8',
    '2001:db8::1',
    'fd00::1',
    'fec0::1',
    '64:ff9b::808:808',
  ];
  const isLocal = (text: string) => isLocalAddress(parseIp(text) ?? new Uint8Array(4));
  for (const text of [...local, ...local6]) t.true(isLocal(text), text);
  for (const text of elsewhere) t.false(isLocal(text), text);
});
