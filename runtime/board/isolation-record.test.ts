import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import type { WallReport } from '../hil/walls.ts';
import { decodeIsolationRecord, encodeIsolationRecord } from './isolation-record.ts';

const WALLS: readonly WallReport[] = [
  { name: 'permission', stands: true, stops: 'files', reason: '', remedy: '' },
  { name: 'empty-root', stands: true, stops: 'paths', reason: '', remedy: '', except: 'workers' },
  { name: 'own-user', stands: false, stops: 'signals', reason: 'not root', remedy: 'run as root' },
];

test('a record tells what the secure world noted', (t) => {
  t.deepEqual(decodeIsolationRecord(encodeIsolationRecord(WALLS)), WALLS);
});

test('what is no record is refused', (t) => {
  const broken = [
    '',
    'null',
    '{}',
    '{"walls":{}}',
    // A wall that does not say whether it stands must not be shown as either.
    '{"walls":[{"name":"own-user","stops":"","reason":"","remedy":""}]}',
    '{"walls":[null]}',
    // Around whom it does not stand is what a person reads.
    '{"walls":[{"name":"empty-root","stands":true,"stops":"","reason":"","remedy":"","except":7}]}',
    // Longer than any that we write.
    JSON.stringify({ walls: [], filler: ' '.repeat(40_000) }),
    JSON.stringify({ walls: new Array<unknown>(65).fill(WALLS[0]) }),
  ];
  for (const text of broken) {
    const error = t.throws(() => decodeIsolationRecord(text), undefined, text.slice(0, 80));
    t.is((error as { code?: string }).code, 'isolation-record-malformed');
  }
});

test('any bytes are a record or a coded refusal', (t) => {
  const seed = new TextEncoder().encode(encodeIsolationRecord(WALLS));
  codedErrorsOnly(
    t,
    (bytes) => decodeIsolationRecord(new TextDecoder().decode(bytes)),
    [seed],
    ['isolation-record-malformed'],
  );
});
