import { resolve } from 'node:path';
import test from 'ava';
import { serveOptionsOf } from './serve-options.ts';

const ALL = ['--store', 'sqlite:x', '--state', 'here', '--port', '4300'];

test('serveOptionsOf() reads what is there, and leaves the rest to the service', (t) => {
  t.deepEqual(serveOptionsOf(ALL), {
    store: 'sqlite:x',
    state: resolve('here'),
    port: 4300,
    deviceHost: undefined,
    certificateLifeMs: undefined,
    untilInputEnds: false,
  });
  const more = ['--device-host', '10.0.0.2', '--certificate-life', '90s', '--until-input-ends'];
  t.like(serveOptionsOf([...ALL, ...more]), {
    deviceHost: '10.0.0.2',
    certificateLifeMs: 90_000,
    untilInputEnds: true,
  });
});

const REFUSED: readonly (readonly [string, readonly string[]])[] = [
  ['no store', ALL.slice(2)],
  ['a port that is no number', [...ALL.slice(0, 5), 'x']],
  // The device API and the page are on the next two.
  ['a port without two after it', [...ALL.slice(0, 5), '65534']],
  ['a life without a unit', [...ALL, '--certificate-life', '24']],
  ['a life of a second', [...ALL, '--certificate-life', '1s']],
  ['a life of a year', [...ALL, '--certificate-life', '365d']],
  ['an IPv6 address', [...ALL, '--device-host', '::1']],
  ['a host with a space', [...ALL, '--device-host', 'a b']],
  ['an option that is not there', [...ALL, '--host', 'x']],
];
for (const [what, args] of REFUSED) {
  test(`serveOptionsOf() refuses ${what}`, (t) => {
    t.like(
      t.throws(() => serveOptionsOf(args)),
      { code: 'usage-wrong' },
    );
  });
}
