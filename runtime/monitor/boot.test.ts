import { PLATFORM_KEY_FILE, RUNNER_FILE } from '../../contracts/core/boot-files.ts';
import test from 'ava';
import { encodeImageFiles } from '../../contracts/core/image-files.ts';
import type { ImageParts } from '../../contracts/core/image.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import { encodeTrustedKeystore } from '../../contracts/core/trusted-keystore.ts';
import type { BenchStage } from '../../test/support/boot-bench.ts';
import {
  BenchKey,
  BootBench,
  FLASH_PART_OF,
  RUNNER,
  benchKeys,
  osFiles,
  signedDigest,
  signedImage,
  signedStages,
  stageParts,
  withJunkSignature,
} from '../../test/support/boot-bench.ts';
import { writeImagePart } from '../board/device-folder.ts';
import { encodeSecureRequest } from './abi/codec.ts';
import type { BootErrorCode } from './boot/boot-error.ts';

const keys = benchKeys();
const parts = stageParts(keys);
const good = signedStages(parts, keys.platform);
const STAGES = Object.keys(good) as BenchStage[];
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const changed = (stage: BenchStage, change: Partial<ImageParts>): Uint8Array =>
  signedImage({ ...parts[stage], ...change }, 'platform', keys.platform);
/** A stage has no such file, or nothing at all: for the parts whose type wants a value. */
const NO_FILES = new Uint8Array(0);

test('a good device boots, and its log names every stage in order', async (t) => {
  const bench = new BootBench(keys, good);
  t.deepEqual(await bench.boot(), { ok: true });
  t.deepEqual(
    bench.steps.map(({ ok, stage }) => ({ ok, stage })),
    [
      { ok: true, stage: 'rom' },
      { ok: true, stage: 'engine' },
      { ok: true, stage: 'plutonRuntime' },
      { ok: true, stage: 'trustedKeystore' },
      { ok: true, stage: 'monitor' },
      { ok: true, stage: 'os' },
    ],
  );
  t.deepEqual(bench.osCode, text('os'));
  const log = bench.call({ call: 'measurements' });
  t.true(Array.isArray(log));
  if (Array.isArray(log)) t.deepEqual(log.find(({ stage }) => stage === 'os')?.digest, signedDigest(good.os));
});

test('another signature slot beside the good one does not change what a stage is measured as', async (t) => {
  const bench = new BootBench(keys, { ...good, os: withJunkSignature(good.os) });
  t.deepEqual(await bench.boot(), { ok: true });
  const log = bench.call({ call: 'measurements' });
  t.deepEqual(Array.isArray(log) && log.find(({ stage }) => stage === 'os')?.digest, signedDigest(good.os));
});

type Refusal = readonly [
  what: string,
  images: Partial<Record<BenchStage, Uint8Array>>,
  stage: string,
  code: BootErrorCode,
];

const stranger = new BenchKey();
const strangersKey = encodeImageFiles(new Map([[PLATFORM_KEY_FILE, stranger.publicKey]]));

const REFUSALS: readonly Refusal[] = [
  ...STAGES.flatMap((stage): Refusal[] => {
    const { [stage]: _gone, ...others } = good;
    const other: BenchStage = stage === 'os' ? 'monitor' : 'os';
    return [
      [`no ${stage}`, others, stage, 'stage-missing'],
      // Mix and match: both are signed by the platform.
      [`${other} in the place of ${stage}`, { ...good, [stage]: good[other] }, stage, 'stage-kind-wrong'],
      [`${stage} cut short`, { ...good, [stage]: good[stage].subarray(0, 300) }, stage, 'stage-image-invalid'],
      [
        `${stage} signed by the publisher's role`,
        { ...good, [stage]: signedImage(parts[stage], 'publisher', keys.platform) },
        stage,
        'stage-signature-missing',
      ],
      [
        `${stage} signed by a stranger`,
        { ...good, [stage]: signedImage(parts[stage], 'platform', stranger) },
        stage,
        'stage-key-unknown',
      ],
      // The service's key signs applications: a taken service must not make an OS.
      [
        `${stage} signed by the service`,
        { ...good, [stage]: signedImage(parts[stage], 'platform', keys.service) },
        stage,
        'stage-key-unknown',
      ],
    ];
  }),
  [
    'no platform key in the first image',
    { ...good, plutonRuntime: changed('plutonRuntime', { files: NO_FILES }) },
    'plutonRuntime',
    'platform-key-missing',
  ],
  [
    'files that are no list',
    { ...good, plutonRuntime: changed('plutonRuntime', { files: text('x') }) },
    'plutonRuntime',
    'stage-image-invalid',
  ],
  [
    // A stranger's image that brings its own key, rightly signed with it: only the fuses tell.
    'a platform key that is not fused',
    { ...good, plutonRuntime: signedImage({ ...parts.plutonRuntime, files: strangersKey }, 'platform', stranger) },
    'plutonRuntime',
    'platform-key-not-fused',
  ],
  [
    'a keystore that is no key list',
    { ...good, trustedKeystore: changed('trustedKeystore', { component: text('?') }) },
    'trustedKeystore',
    'keystore-invalid',
  ],
  [
    'a keystore without the platform key',
    { ...good, trustedKeystore: changed('trustedKeystore', { component: encodeTrustedKeystore([]) }) },
    'monitor',
    'stage-key-unknown',
  ],
  [
    'a first stage that is no code',
    { ...good, plutonRuntime: changed('plutonRuntime', { component: text('?') }) },
    'plutonRuntime',
    'stage-crashed',
  ],
  [
    'a monitor that is no code',
    { ...good, monitor: changed('monitor', { component: text('?') }) },
    'monitor',
    'stage-crashed',
  ],
  ['an OS without the runner', { ...good, os: changed('os', { files: NO_FILES }) }, 'os', 'os-runner-missing'],
  [
    'an OS without a build time',
    { ...good, os: changed('os', { files: encodeImageFiles(new Map([[RUNNER_FILE, RUNNER]])) }) },
    'os',
    'os-build-time-missing',
  ],
  [
    'an OS with a build time that is none',
    { ...good, os: changed('os', { files: osFiles('tomorrow') }) },
    'os',
    'os-build-time-missing',
  ],
  [
    'a keystore whose files are no list',
    { ...good, trustedKeystore: changed('trustedKeystore', { files: text('x') }) },
    'trustedKeystore',
    'stage-image-invalid',
  ],
  ['an OS whose files are no list', { ...good, os: changed('os', { files: text('x') }) }, 'os', 'stage-image-invalid'],
];

for (const [what, images, stage, code] of REFUSALS) {
  test(`the boot is refused: ${what} is ${code}`, async (t) => {
    const bench = new BootBench(keys, images);
    t.like(await bench.boot(), { ok: false, stage, code });
    t.like(bench.steps.at(-1), { ok: false, stage, code }, 'the boot console says so');
    t.is(bench.osCode, undefined, 'nothing of the normal world ran');
  });
}

for (const stage of STAGES) {
  test(`a rollback floor above ${stage} in the fuses stops it`, async (t) => {
    const bench = new BootBench(keys, good);
    bench.bank.fuses.raiseRollbackFloor(stage, 1);
    t.true((await bench.boot()).ok, 'its own index is not below the floor');
    bench.bank.fuses.raiseRollbackFloor(stage, 2);
    t.like(await bench.boot(), { ok: false, stage, code: 'stage-rolled-back' });
  });

  test(`one changed bit anywhere in ${stage} stops the boot`, async (t) => {
    const start = FLASH_PART[FLASH_PART_OF[stage]].offset;
    const bench = new BootBench(keys, good);
    const length = 4 + good[stage].length;
    // A prime step, so that every kind of field is met: length word, header, sections, signature block.
    for (let at = 0; at < length; at += 7) {
      bench.flipBit(start + at);
      const outcome = await bench.boot();
      t.like(outcome, { ok: false, stage }, `byte ${at} of ${length}`);
      bench.flipBit(start + at);
    }
    t.true((await bench.boot()).ok, 'and with every bit back it boots');
  });
}

const release = (rollbackIndex: number): Record<BenchStage, Uint8Array> => {
  const of = (stage: BenchStage): Uint8Array => changed(stage, { rollbackIndex });
  return {
    plutonRuntime: of('plutonRuntime'),
    trustedKeystore: of('trustedKeystore'),
    monitor: of('monitor'),
    os: of('os'),
  };
};
const floors = (bench: BootBench): number[] => STAGES.map((stage) => bench.parts.fuses.rollbackFloor(stage));

for (const stage of STAGES) {
  test(`once a release has booted an older ${stage} is rolled back`, async (t) => {
    const bench = new BootBench(keys, release(9));
    await bench.boot();
    t.deepEqual(floors(bench), [0, 0, 0, 0], 'an OS that has not spoken yet has not booted');
    bench.call({ call: 'describe' });
    t.deepEqual(floors(bench), [9, 9, 9, 9]);
    writeImagePart(bench.flash, FLASH_PART_OF[stage], release(8)[stage]);
    t.like(await bench.boot(), { ok: false, stage, code: 'stage-rolled-back' });
    writeImagePart(bench.flash, FLASH_PART_OF[stage], release(10)[stage]);
    t.deepEqual(await bench.boot(), { ok: true });
  });
}

test('a floor that is higher already stays', async (t) => {
  const bench = new BootBench(keys, release(9));
  await bench.boot();
  bench.bank.fuses.raiseRollbackFloor('os', 20);
  t.like(bench.call({ call: 'describe' }), { board: 'bench' });
  t.deepEqual(floors(bench), [9, 9, 9, 20]);
});

test('a malformed first call raises no floor', async (t) => {
  const bench = new BootBench(keys, release(9));
  await bench.boot();
  const describe = encodeSecureRequest(1, { call: 'describe' });
  const longer = Uint8Array.of(...describe, 0);
  longer[0] = (longer[0] ?? 0) + 1;
  bench.secureCalls.feed(longer);
  t.deepEqual(floors(bench), [0, 0, 0, 0]);
});

test('an index beyond the fuse thermometer boots, and burns all of it', async (t) => {
  const bench = new BootBench(keys, release(300));
  for (let round = 0; round < 2; round++) {
    t.deepEqual(await bench.boot(), { ok: true });
    t.like(bench.call({ call: 'describe' }), { board: 'bench' });
  }
  t.deepEqual(floors(bench), [256, 256, 256, 256]);
});

test('a revoked platform key boots nothing', async (t) => {
  const bench = new BootBench(keys, good);
  bench.bank.programmer.revokePlatformKey(keys.platform.keyId);
  t.like(await bench.boot(), { ok: false, stage: 'plutonRuntime', code: 'stage-key-revoked' });
});

test('a length word beyond the part is refused before anything is read', async (t) => {
  const bench = new BootBench(keys, { ...good });
  const { offset } = FLASH_PART.monitor;
  bench.flash.eraseBlock(offset);
  bench.flash.program(offset, Uint8Array.of(0, 0, 0, 0x7f));
  t.like(await bench.boot(), { ok: false, stage: 'monitor', code: 'stage-image-invalid' });
});

test('a chip without a fused platform key boots nothing, not even what carries a key of zeros', async (t) => {
  const blank = new BootBench(keys, good);
  const fuses = { ...methodsOf(blank.parts.fuses), platformKeyDigest: () => new Uint8Array(32) };
  Object.assign(blank.parts, { fuses });
  t.like(await blank.boot(), { ok: false, stage: 'rom', code: 'chip-blank' });
});

for (const [what, why, act] of [
  ['ends', 'os-ended', (bench: BootBench) => bench.endOs()],
  [
    'breaks its framing',
    'secure-call-framing',
    (bench: BootBench) => bench.secureCalls.feed(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)),
  ],
] as const) {
  test(`an OS process that ${what} resets the device`, async (t) => {
    const bench = new BootBench(keys, good);
    await bench.boot();
    act(bench);
    t.like(bench.resets, { 0: { why }, length: 1 });
  });
}

/** The bench's fuses with their own `this`. */
function methodsOf(fuses: BootBench['parts']['fuses']) {
  return {
    lifecycle: () => fuses.lifecycle(),
    rollbackFloor: (stage: Parameters<typeof fuses.rollbackFloor>[0]) => fuses.rollbackFloor(stage),
    isRevoked: (digest: Uint8Array) => fuses.isRevoked(digest),
  };
}
