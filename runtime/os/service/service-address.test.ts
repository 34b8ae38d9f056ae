import test from 'ava';
import { codedErrorsOnly } from '../../../test/support/coded-errors-only.ts';
import { decodeServiceAddress, encodeServiceAddress, isServiceHost, isServicePort } from './service-address.ts';

const label = 'a'.repeat(63);
for (const host of [
  'localhost',
  'service.example',
  '3com.example',
  'xn--bcher-kva.example',
  `${label}.${label}.${label}.${'a'.repeat(61)}`,
  '192.0.2.1',
  '255.255.255.255',
  '::1',
  '2001:db8::7',
  '2001:DB8:0:0:0:0:0:1',
  '::',
]) {
  test(`${host.slice(0, 40)} is a host`, (t) => {
    t.true(isServiceHost(host));
    t.deepEqual(decodeServiceAddress(encodeServiceAddress({ host, port: 443 })), { host, port: 443 });
  });
}

for (const [why, host] of [
  ['nothing', ''],
  ['254 characters', `${label}.${label}.${label}.${'a'.repeat(62)}`],
  ['a label of 64', `${label}a.example`],
  ['a hyphen at an end', '-a.example'],
  ['an empty label', 'a..example'],
  ['a dot at the end', 'service.example.'],
  ['an underscore', 'a_b.example'],
  ['a port', 'service.example:443'],
  ['a path', 'service.example/x'],
  ['a user', 'me@service.example'],
  ['a line feed', 'service.example\n'],
  ['a space', 'service example'],
  ['a letter that is no ASCII', 'bücher.example'],
  ['a short form of an address', '127.1'],
  ['a number', '2130706433'],
  ['an octet beyond 255', '256.0.0.1'],
  ['an octet with a leading zero', '192.0.2.01'],
  ['five octets', '1.2.3.4.5'],
  ['brackets', '[::1]'],
  ['a zone', 'fe80::1%eth0'],
  ['two gaps', '1::2::3'],
  ['seven groups', '1:2:3:4:5:6:7'],
  ['nine groups', '1:2:3:4:5:6:7:8:9'],
  ['a gap of nothing', '1:2:3:4::5:6:7:8'],
  ['an IPv4 tail', '::ffff:192.0.2.1'],
  ['three colons', ':::'],
] as const) {
  test(`a host with ${why} is none`, (t) => t.false(isServiceHost(host)));
}

test('a port is a whole number from 1 to 65535', (t) => {
  t.deepEqual([0, 1, 443, 65535, 65536, 1.5, -1, Number.NaN].map(isServicePort), [
    false,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('whatever a record holds, it is an address or a coded error', (t) => {
  codedErrorsOnly(
    t,
    decodeServiceAddress,
    [encodeServiceAddress({ host: 'service.example', port: 443 })],
    ['service-address-malformed'],
  );
});
