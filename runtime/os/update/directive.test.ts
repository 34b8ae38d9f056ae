// What a director may say, and to whom.

import test from 'ava';
import { BENCH_CATALOG, BENCH_DEVICE } from '../../../test/support/bench-session.ts';
import { TufRepository } from '../../../test/support/tuf-repository.ts';
import type { UpdateTargetCustom } from '../../../contracts/wire/update-target.ts';
import type { Directive } from './directive.ts';
import { readDirective } from './directive.ts';
import { readTufFile } from './tuf-metadata.ts';

const NOW = 1_800_000_000;
const DEVICE = { deviceId: BENCH_DEVICE, catalogId: BENCH_CATALOG };
const DEPLOYMENT = '00000000-0000-4000-8000-0000000000de';
const STATEMENT = { ...DEVICE, deploymentId: DEPLOYMENT };
const CUSTOM: UpdateTargetCustom = {
  componentId: '00000000-0000-4000-8000-00000000000a',
  imageId: '00000000-0000-8000-8000-000000000001',
  rollbackIndex: 7,
};
const OTHER: UpdateTargetCustom = {
  componentId: '00000000-0000-4000-8000-00000000000b',
  imageId: '00000000-0000-8000-8000-000000000002',
  rollbackIndex: 0,
};

/** Reads what a director with this statement and these images signed, after `change` of the text. */
function directive(
  statement: object | undefined,
  customs: readonly object[],
  change = (text: string): string => text,
): Directive {
  const repository = new TufRepository(NOW, statement as typeof STATEMENT | undefined);
  for (const custom of customs)
    repository.images.push({ bytes: new Uint8Array(3), custom: custom as UpdateTargetCustom });
  repository.makeTargets();
  const text = new TextDecoder().decode(repository.file('1.targets.json'));
  return readDirective(readTufFile('targets', new TextEncoder().encode(change(text))), DEVICE);
}

test('readDirective() gives the deployment and its images', (t) => {
  const { deploymentId, images } = directive(STATEMENT, [CUSTOM, OTHER]);
  t.is(deploymentId, DEPLOYMENT);
  t.like(images[0], { ...CUSTOM, sizeBytes: 3 });
  t.regex(images[0]?.sha256 ?? '', /^[0-9a-f]{64}$/);
  t.is(images.length, 2);
});

test('readDirective() gives no deployment where nothing is deployed, and an empty one where nothing is in it', (t) => {
  t.deepEqual(directive({ ...DEVICE, deploymentId: null }, []), { deploymentId: null, images: [] });
  t.deepEqual(directive(STATEMENT, []), { deploymentId: DEPLOYMENT, images: [] });
});

const REFUSED: readonly (readonly [string, string, object | undefined, readonly object[]])[] = [
  // Signed by the same keys as this device's own.
  ['another device’s directive', 'update-wrong-device', { ...STATEMENT, deviceId: 'e'.repeat(128) }, []],
  [
    'a directive in another spelling of the device id',
    'update-wrong-device',
    { ...STATEMENT, deviceId: BENCH_DEVICE.toUpperCase() },
    [],
  ],
  ['a directive of another catalog', 'update-wrong-catalog', { ...STATEMENT, catalogId: CUSTOM.componentId }, []],
  ['targets without a director', 'update-metadata-malformed', undefined, []],
  ['a director that says no device', 'update-wrong-device', { catalogId: BENCH_CATALOG, deploymentId: DEPLOYMENT }, []],
  ['a deployment id that is a number', 'update-metadata-malformed', { ...STATEMENT, deploymentId: 7 }, []],
  ['a deployment id without end', 'update-metadata-malformed', { ...STATEMENT, deploymentId: 'x'.repeat(65) }, []],
  ['images without a deployment', 'update-metadata-malformed', { ...DEVICE, deploymentId: null }, [CUSTOM]],
  // The monitor would take turns between them at every look.
  [
    'two images of one component',
    'update-metadata-malformed',
    STATEMENT,
    [CUSTOM, { ...OTHER, componentId: CUSTOM.componentId }],
  ],
  [
    'an image without a component',
    'update-metadata-malformed',
    STATEMENT,
    [{ imageId: CUSTOM.imageId, rollbackIndex: 1 }],
  ],
  [
    'a component id in another spelling',
    'update-metadata-malformed',
    STATEMENT,
    [{ ...CUSTOM, componentId: CUSTOM.componentId.toUpperCase() }],
  ],
  [
    'an image id that leads elsewhere',
    'update-metadata-malformed',
    STATEMENT,
    [{ ...CUSTOM, imageId: '../../v1/reports' }],
  ],
  ['a negative rollback index', 'update-metadata-malformed', STATEMENT, [{ ...CUSTOM, rollbackIndex: -1 }]],
  [
    'a rollback index of more than 32 bits',
    'update-metadata-malformed',
    STATEMENT,
    [{ ...CUSTOM, rollbackIndex: 2 ** 32 }],
  ],
  [
    '65 images',
    'update-metadata-malformed',
    STATEMENT,
    Array.from({ length: 65 }, (_, index) => {
      const digits = String(index).padStart(12, '0');
      return {
        componentId: `00000000-0000-4000-8000-${digits}`,
        imageId: `00000000-0000-8000-8000-${digits}`,
        rollbackIndex: 1,
      };
    }),
  ],
];
for (const [what, code, statement, customs] of REFUSED) {
  test(`readDirective() refuses ${what}`, (t) => {
    t.throws(() => directive(statement, customs), { code });
  });
}

for (const [what, from, to] of [
  ['a target under another name than its image id', `"images/${CUSTOM.imageId}"`, `"images/${OTHER.imageId}"`],
  ['a target outside its folder', `"images/${CUSTOM.imageId}"`, `"${CUSTOM.imageId}"`],
  ['an empty image', '"length":3', '"length":0'],
  ['an image of more than all flash for images', '"length":3', '"length":1048577'],
  ['an image of another digest alone', '"sha256"', '"sha512"'],
  ['a digest in another spelling', /"sha256":"[0-9a-f]*"/, `"sha256":"${'A'.repeat(64)}"`],
] as const) {
  test(`readDirective() refuses ${what}`, (t) => {
    t.throws(() => directive(STATEMENT, [CUSTOM], (text) => text.replace(from, to)), {
      code: 'update-metadata-malformed',
    });
  });
}

test('readDirective() refuses every catalog on a device that belongs to none', (t) => {
  const repository = new TufRepository(NOW, STATEMENT);
  repository.makeTargets();
  const targets = readTufFile('targets', repository.file('1.targets.json'));
  t.throws(() => readDirective(targets, { ...DEVICE, catalogId: undefined }), { code: 'update-wrong-catalog' });
});
