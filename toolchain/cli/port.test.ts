// Which words of a command line are ports.

import test from 'ava';
import { portOf, servicePort } from './port.ts';

const BAD = ['', 'abc', '-1', '4300.5', '1e3', ' 80', '99999', '0x50'];
for (const text of BAD) {
  test(`"${text}" is no port of a device or a service`, (t) => {
    for (const read of [portOf, servicePort])
      t.like(
        t.throws(() => read(text)),
        { code: 'usage' },
      );
  });
}

test('0 is any free port for who listens, and none for who calls', (t) => {
  t.is(servicePort('0'), '0');
  t.like(
    t.throws(() => portOf('0')),
    { code: 'usage' },
  );
});

test('a service has room for the two ports after its first', (t) => {
  t.is(servicePort('65533'), '65533');
  t.like(
    t.throws(() => servicePort('65534')),
    { code: 'usage' },
  );
  t.is(portOf('65535'), 65_535);
});
