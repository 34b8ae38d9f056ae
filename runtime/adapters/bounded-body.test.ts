import test from 'ava';
import fc from 'fast-check';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { BoundedBody } from './bounded-body.ts';

test('what was taken is there, in order, up to the bound and not beyond', (t) => {
  const parts = fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 12 });
  const law = fc.property(parts, fc.nat(40_000), (all, maxBytes) => {
    const body = new BoundedBody(maxBytes);
    const taken = all.filter((part) => body.take(part));
    t.deepEqual(body.whole(), concatBytes(...taken));
    t.true(body.whole().length <= maxBytes);
    const room = maxBytes - body.whole().length;
    t.true(body.take(new Uint8Array(room)));
    t.false(body.take(new Uint8Array(1)));
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('what is kept is a copy: the buffer that it came in is let go', (t) => {
  const body = new BoundedBody(16);
  const part = Uint8Array.of(1, 2, 3);
  body.take(part);
  part.fill(9);
  t.deepEqual(body.whole(), Uint8Array.of(1, 2, 3));
});
