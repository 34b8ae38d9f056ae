import test from 'ava';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { FLASH_BLOCK_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { Medium } from '../../runtime/hil/medium.ts';
import { BootBench, COMPONENT, appImage, benchKeys, signedStages, stageParts } from '../../test/support/boot-bench.ts';
import type { AppWish } from '../../test/support/boot-bench.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service } = keys;

/** Stops a chip in the middle of a write to its flash or counter: half of the bytes arrive. */
class PowerSwitch {
  /** Writes until the cut; undefined: no cut. */
  writesLeft: number | undefined;
  writes = 0;

  wrap = (medium: Medium): Medium => ({
    sizeBytes: medium.sizeBytes,
    read: (offset, length) => medium.read(offset, length),
    write: (offset, bytes) => {
      this.writes += 1;
      if (this.writesLeft === undefined) return medium.write(offset, bytes);
      if (this.writesLeft < 0) throw new Error('no power');
      this.writesLeft -= 1;
      if (this.writesLeft >= 0) return medium.write(offset, bytes);
      // The counter is a cell array with its own capacitor: it counts or it does not. The flash stops anywhere.
      if (bytes.length > 8) medium.write(offset, bytes.subarray(0, bytes.length >> 1));
      throw new Error('power cut');
    },
  });
}

async function deviceWith(power: PowerSwitch): Promise<BootBench> {
  const bench = new BootBench(keys, stages, power.wrap);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  return bench;
}

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
  // n = 1: the second copy.
  const start = PART + PART_BYTES / 2;
  for (const at of [0, 4, 12, 20, 60, 100]) {
    bench.flipBit(start + at);
    t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' }, `byte ${at}`);
    bench.flipBit(start + at);
  }
  t.deepEqual(await bench.boot(), { ok: true });
});

test('a record in the place of the other copy does not count', async (t) => {
  const bench = await deviceWith(new PowerSwitch());
  bench.install(app({}));
  const part = copyPart(bench);
  const half = PART_BYTES / 2;
  putBack(bench, concatBytes(part.subarray(half), part.subarray(0, half)));
  t.like(await bench.boot(), { ok: false, code: 'state-record-invalid' });
});
