import test from 'ava';
import { ByteWriter, concatBytes } from '../../contracts/core/bytes.ts';
import { FLASH_BLOCK_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import { BootBench, COMPONENT, appImage, benchKeys, signedStages, stageParts } from '../../test/support/boot-bench.ts';
import type { AppWish } from '../../test/support/boot-bench.ts';
import { PowerSwitch } from '../../test/support/power-switch.ts';
import type { Flash } from '../hil/flash.ts';
import { COUNTER_BYTES, DieCounter } from '../soc/die-counter.ts';
import { MemoryMedium } from '../soc/memory-medium.ts';
import { FlashFault } from '../soc/nor-flash.ts';
import { SLOT_BYTES, openSealedState, slotOffset } from './sealed-state.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service } = keys;

async function deviceWith(power: PowerSwitch): Promise<BootBench> {
  const bench = new BootBench(keys, stages, power.wrap);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  bench.claim();
  return bench;
}

const EMPTY = new Uint8Array(0);
const app = (wish: Partial<AppWish>): Uint8Array => appImage({ key: service, code: 'x'.repeat(9000), ...wish });
const versions = (bench: BootBench): unknown => {
  const images = bench.call({ call: 'listImages' });
  return Array.isArray(images) ? images.map(({ rollbackIndex }) => rollbackIndex) : images;
};

/** What an operation changes, and what may be there after a power cut anywhere in it. */
const OPERATIONS = [
  {
    what: 'a first install',
    act: (bench: BootBench) => bench.install(app({ rollbackIndex: 2 })),
    before: [],
    after: [2],
    prepare: [],
  },
  {
    what: 'an update',
    act: (bench: BootBench) => bench.install(app({ rollbackIndex: 3 })),
    before: [2],
    after: [3],
    prepare: [app({ rollbackIndex: 2 })],
  },
  {
    what: 'a removal',
    act: (bench: BootBench) => bench.call({ call: 'removeImage', componentId: COMPONENT.app }),
    before: [2],
    after: [],
    prepare: [app({ rollbackIndex: 2 })],
  },
];

for (const { what, act, before, after, prepare } of OPERATIONS) {
  test(`a power cut at any write of ${what} leaves the old state or the new one, launchable`, async (t) => {
    const power = new PowerSwitch();
    const dry = await deviceWith(power);
    for (const image of prepare) dry.install(image);
    const start = power.writes;
    act(dry);
    const writes = power.writes - start;
    t.true(writes >= 3, 'an operation has an erase, a record and the counter at least');
    const seen = new Set<string>();
    for (let cut = 0; cut <= writes; cut++) {
      const switched = new PowerSwitch();
      const bench = await deviceWith(switched);
      for (const image of prepare) bench.install(image);
      switched.writesLeft = cut;
      act(bench);
      switched.writesLeft = undefined;
      t.deepEqual(await bench.boot(), { ok: true }, `cut at write ${cut}`);
      const found = JSON.stringify(versions(bench));
      t.true([JSON.stringify(before), JSON.stringify(after)].includes(found), `${found} after a cut at write ${cut}`);
      seen.add(found);
      if (found !== '[]') t.like(bench.call({ call: 'launch', componentId: COMPONENT.app }), { context: 1 });
      bench.call({ call: 'stop', context: 1 });
      // And it goes on from there.
      t.like(bench.install(app({ rollbackIndex: 7, componentId: COMPONENT.otherApp })), { rollbackIndex: 7 });
    }
    t.is(seen.size, 2, 'the cuts met both the old and the new state');
  });
}

const { offset: PART, size: PART_BYTES } = FLASH_PART.stateRecord;

function copyPart(bench: BootBench): Uint8Array {
  return bench.flash.read(PART, PART_BYTES);
}

function putBack(bench: BootBench, bytes: Uint8Array): void {
  for (let block = 0; block < PART_BYTES; block += FLASH_BLOCK_BYTES) bench.flash.eraseBlock(PART + block);
  bench.flash.program(PART, bytes);
}

test('a state record that was put back stops the boot', async (t) => {
  const bench = await deviceWith(new PowerSwitch());
  bench.install(app({ rollbackIndex: 2 }));
  const old = copyPart(bench);
  bench.install(app({ rollbackIndex: 3 }));
  bench.install(app({ rollbackIndex: 4 }));
  putBack(bench, old);
  t.like(await bench.boot(), { ok: false, stage: 'monitor', code: 'state-record-invalid' });
});

test('an erased state record stops the boot of a device that had one', async (t) => {
  const bench = await deviceWith(new PowerSwitch());
  bench.install(app({}));
  putBack(bench, new Uint8Array(PART_BYTES).fill(0xff));
  t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' });
});

test("another device's state record stops the boot", async (t) => {
  const bench = await deviceWith(new PowerSwitch());
  const other = await deviceWith(new PowerSwitch());
  for (const device of [bench, other]) device.install(app({}));
  putBack(bench, copyPart(other));
  t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' });
});

test('one changed bit in the current record stops the boot', async (t) => {
  const bench = await deviceWith(new PowerSwitch());
  bench.install(app({}));
  for (const at of [0, 4, 12, 20, 60, 100]) {
    const offset = slotOffset(bench.parts.counter.value()) + at;
    bench.flipBit(offset);
    t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' }, `byte ${at}`);
    bench.flipBit(offset);
  }
  t.deepEqual(await bench.boot(), { ok: true });
});

test('a record in the place of another does not count', async (t) => {
  const bench = await deviceWith(new PowerSwitch());
  bench.install(app({}));
  const part = copyPart(bench);
  putBack(bench, concatBytes(part.subarray(SLOT_BYTES), part.subarray(0, SLOT_BYTES)));
  t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' });
});

/**
 * A device with version 2 installed, and what an attacker saved of its flash: that state, the record of an update to 3 that
 * was cut by power before the counter moved, and the one of a boot that was cut there. All three are rightly sealed.
 */
async function forkedDevice(): Promise<{ bench: BootBench; power: PowerSwitch; saved: Uint8Array[] }> {
  const power = new PowerSwitch();
  const bench = await deviceWith(power);
  bench.install(app({ rollbackIndex: 2 }));
  const before = copyPart(bench);
  const saved = [before];
  for (const work of [() => bench.install(app({ rollbackIndex: 3 })), () => bench.boot()]) {
    power.atCounter = 'cut';
    await work();
    power.mend();
    saved.push(copyPart(bench));
    putBack(bench, before);
  }
  return { bench, power, saved };
}

const FORKS = [
  { what: 'the current record', index: 0, version: 2 },
  { what: 'the record of a change that was cut', index: 1, version: 3 },
  { what: 'the record of a boot that was cut', index: 2, version: 2 },
];

for (const { what, index, version } of FORKS) {
  test(`after a boot with ${what} no record that was saved before it counts`, async (t) => {
    const { bench, saved } = await forkedDevice();
    putBack(bench, saved[index] ?? EMPTY);
    t.deepEqual(await bench.boot(), { ok: true });
    t.deepEqual(versions(bench), [version]);
    const own = copyPart(bench);
    for (const old of saved) {
      putBack(bench, old);
      t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' });
    }
    putBack(bench, own);
    t.deepEqual(await bench.boot(), { ok: true });
    t.deepEqual(versions(bench), [version]);
  });

  test(`a power cut at any write of a boot with ${what} loses no state, and revives none`, async (t) => {
    for (let cut = 0, isCut = true; isCut; cut++) {
      const { bench, power, saved } = await forkedDevice();
      const { chip } = bench.packaged ?? t.fail('no chip');
      putBack(bench, saved[index] ?? EMPTY);
      power.writesLeft = cut;
      isCut = attempt(() => openSealedState(chip)) !== undefined;
      power.mend();
      const halfway = copyPart(bench);
      t.is(openSealedState(chip).current.apps[0]?.rollbackIndex, version, `cut at write ${cut}`);
      for (const old of [...saved, halfway]) {
        putBack(bench, old);
        t.is(
          attempt(() => openSealedState(chip)),
          'state-record-invalid',
          `cut at write ${cut}`,
        );
      }
    }
  });
}

test('a change that the counter refuses is answered with an error, and does not count after the next boot', async (t) => {
  const { bench, power } = await forkedDevice();
  await bench.boot();
  power.atCounter = 'refuse';
  t.is(bench.install(app({ rollbackIndex: 3 })), 'internal');
  t.deepEqual(versions(bench), [2]);
  power.mend();
  await bench.boot();
  t.deepEqual(versions(bench), [2]);
});

test('no record of a refused change counts after a later change of the same boot', async (t) => {
  const { bench, power } = await forkedDevice();
  await bench.boot();
  power.atCounter = 'refuse';
  // A probe on the flash's wires: the record is there until it is erased.
  let probed: Uint8Array = EMPTY;
  power.onRefusal = () => void (probed = copyPart(bench));
  bench.install(app({ rollbackIndex: 3 }));
  power.mend();
  t.like(bench.install(app({ rollbackIndex: 4 })), { rollbackIndex: 4 });
  putBack(bench, probed);
  t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' });
});

test('a counter that complains and yet moved has made the change', async (t) => {
  const { bench, power } = await forkedDevice();
  await bench.boot();
  power.atCounter = 'complain';
  t.like(bench.install(app({ rollbackIndex: 3 })), { rollbackIndex: 3 });
  power.mend();
  t.deepEqual(await bench.boot(), { ok: true });
  t.deepEqual(versions(bench), [3]);
});

test('a counter that refuses during the boot stops it with a code of its own, and the state is there afterwards', async (t) => {
  for (const index of [0, 1]) {
    const { bench, power, saved } = await forkedDevice();
    putBack(bench, saved[index] ?? EMPTY);
    power.atCounter = 'refuse';
    t.like(await bench.boot(), { ok: false, stage: 'monitor', code: 'state-seal-failed' });
    power.mend();
    t.deepEqual(await bench.boot(), { ok: true });
    t.deepEqual(versions(bench), [2 + index]);
  }
});

/** From here on the counter has this many increments left. */
function wearCounter({ parts }: BootBench, left: bigint): void {
  const medium = new MemoryMedium(COUNTER_BYTES);
  medium.write(0, new ByteWriter(COUNTER_BYTES).u64(parts.counter.value()).finish());
  Object.assign(parts, { counter: new DieCounter(medium, parts.counter.value() + left) });
}

for (const left of [0n, 1n]) {
  test(`with ${left} increments left the device boots with the state it has, and refuses every change`, async (t) => {
    const { bench } = await forkedDevice();
    wearCounter(bench, left);
    for (let round = 0; round < 3; round++) {
      const before = copyPart(bench);
      t.deepEqual(await bench.boot(), { ok: true });
      t.is(bench.install(app({ rollbackIndex: 5 })), 'internal');
      t.deepEqual(versions(bench), [2]);
      t.deepEqual(copyPart(bench), before, 'nothing was written');
    }
  });
}

test('the last increment makes one last change', async (t) => {
  const { bench } = await forkedDevice();
  wearCounter(bench, 3n);
  await bench.boot();
  t.like(bench.install(app({ rollbackIndex: 5 })), { rollbackIndex: 5 });
  t.is(bench.call({ call: 'removeImage', componentId: COMPONENT.app }), 'internal');
  t.deepEqual(await bench.boot(), { ok: true });
  t.deepEqual(versions(bench), [5]);
});

test('with its flash worn out the device boots with the state it has, and refuses every change', async (t) => {
  const { bench } = await forkedDevice();
  const { flash } = bench;
  const worn: Flash = {
    sizeBytes: flash.sizeBytes,
    blockBytes: flash.blockBytes,
    read: (offset, length) => flash.read(offset, length),
    program: (offset, bytes) => flash.program(offset, bytes),
    eraseBlock(offset) {
      if (offset >= PART && offset < PART + PART_BYTES) throw new FlashFault('flash-worn-out', 'no more erases');
      flash.eraseBlock(offset);
    },
  };
  Object.assign(bench.parts, { flash: worn });
  t.deepEqual(await bench.boot(), { ok: true });
  t.is(bench.install(app({ rollbackIndex: 5 })), 'internal');
  t.deepEqual(versions(bench), [2]);
});

/** The code of what it throws. */
function attempt(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
