import test from 'ava';
import { IMAGE_KIND } from '../../contracts/core/image.ts';
import type { AuthorityKeyName, SigningPurpose } from './authority-keys.ts';
import { AUTHORITY_KEYS, IMAGE_ROLES } from './authority-keys.ts';
import type { Signer } from './ports.ts';
import { signerFor } from './signer-for.ts';

test('no two keys sign one thing, and no key signs two', (t) => {
  const purposes = Object.values(AUTHORITY_KEYS).map(({ signs }) => signs);
  t.is(new Set(purposes).size, Object.keys(AUTHORITY_KEYS).length);
});

test('every kind of image has exactly one role that signs it', (t) => {
  const kinds: string[] = Object.values(IMAGE_ROLES).flatMap((role): readonly string[] => role.kinds);
  t.deepEqual(kinds.sort(), Object.keys(IMAGE_KIND).sort());
});

const EXPECTED: readonly (readonly [SigningPurpose, AuthorityKeyName])[] = [
  ['platform-image', 'platform'],
  ['service-image', 'service-image'],
  ['device-capability', 'device-capability'],
  ['signed-time', 'time'],
  ['device-claim', 'device-claim'],
  ['tuf-root', 'tuf-root'],
  ['tuf-timestamp', 'tuf-timestamp'],
  ['ca-certificate', 'ca-root'],
];
for (const [purpose, key] of EXPECTED) {
  test(`signerFor() opens ${key} for ${purpose}`, async (t) => {
    const opened: string[] = [];
    const keys = {
      signer: (name: AuthorityKeyName): Promise<Signer> => {
        opened.push(name);
        return Promise.reject(new Error('not needed'));
      },
    };
    await t.throwsAsync(signerFor(keys, purpose));
    t.deepEqual(opened, [key]);
  });
}
