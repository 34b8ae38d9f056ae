import test from 'ava';
import { STORAGE_VOLUME_MAX_BYTES } from '../../contracts/core/app-storage.ts';
import { FLASH_BLOCK_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { BootBench, COMPONENT, appImage, benchKeys, signedStages, stageParts } from '../../test/support/boot-bench.ts';
import { PowerSwitch } from '../../test/support/power-switch.ts';
import { FLOOR_STEP, MAX_STORAGES, placeOffset } from './storage-store.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const componentId = COMPONENT.app;
const PART_MAX = 32 * 1024;
const { offset: PART, size: PART_BYTES } = FLASH_PART.appStorage;

/** A claimed device with the app installed. */
async function booted(power = new PowerSwitch()): Promise<BootBench> {
  const bench = new BootBench(keys, stages, power.wrap);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  bench.claim();
  bench.install(appImage({ key: keys.service }));
  return bench;
}

const content = (fill: number, length = 5000): Uint8Array => new Uint8Array(length).fill(fill);

/** In as many parts as it takes; the last answer, or the first refusal. */
function write(bench: BootBench, bytes: Uint8Array, id: ComponentId = componentId): unknown {
  for (let offset = 0; ; offset += PART_MAX) {
    const part = bytes.subarray(offset, offset + PART_MAX);
    const answer = bench.call({ call: 'writeStorage', componentId: id, total: bytes.length, offset, bytes: part });
    if (answer !== undefined || offset + PART_MAX >= bytes.length) return answer;
  }
}

function read(bench: BootBench, id: ComponentId = componentId): Uint8Array | string {
  const parts: number[] = [];
  for (;;) {
    const part = bench.call({ call: 'readStorage', componentId: id, offset: parts.length, length: PART_MAX });
    if (typeof part === 'string') return part;
    parts.push(...part);
    if (part.length < PART_MAX) return Uint8Array.from(parts);
  }
}

function putBack({ flash }: BootBench, bytes: Uint8Array): void {
  for (let block = 0; block < PART_BYTES; block += FLASH_BLOCK_BYTES) {
    flash.eraseBlock(PART + block);
    flash.program(PART + block, bytes.subarray(block, block + FLASH_BLOCK_BYTES));
  }
}

test('every storage has two places of its own within its part of the flash', (t) => {
  const starts = Array.from({ length: 2 * MAX_STORAGES }, (_, n) => placeOffset(n >> 1, BigInt(n)));
  t.is(new Set(starts).size, 2 * MAX_STORAGES);
  const gap = placeOffset(0, 1n) - placeOffset(0, 0n);
  t.true(gap > STORAGE_VOLUME_MAX_BYTES);
  for (const start of starts)
    t.true(start >= PART && start + gap <= PART + PART_BYTES && start % FLASH_BLOCK_BYTES === 0);
});

test('a storage is what was kept last, also after a reset and an update of the component, and is not readable on flash', async (t) => {
  const bench = await booted();
  t.deepEqual(read(bench), new Uint8Array(0));
  t.is(write(bench, content(77, STORAGE_VOLUME_MAX_BYTES)), undefined);
  t.deepEqual(read(bench), content(77, STORAGE_VOLUME_MAX_BYTES));
  t.is(write(bench, content(78)), undefined);
  await bench.boot();
  t.deepEqual(read(bench), content(78));
  bench.install(appImage({ key: keys.service, rollbackIndex: 2 }));
  t.deepEqual(read(bench), content(78));
  const flash = bench.flash.read(PART, PART_BYTES);
  for (const byte of [77, 78]) t.false(Buffer.from(flash).includes(Buffer.alloc(8, byte)));
});

test('nobody keeps more than the bound, out of order, or for a component that is not installed', async (t) => {
  const bench = await booted();
  t.is(write(bench, content(1, STORAGE_VOLUME_MAX_BYTES + 1)), 'storage-too-large');
  const part = { call: 'writeStorage', componentId, total: 8, bytes: content(1, 4) } as const;
  t.is(bench.call({ ...part, offset: 4 }), 'stage-not-begun');
  t.is(bench.call({ ...part, offset: 0 }), undefined);
  t.is(bench.call({ ...part, offset: 6 }), 'storage-too-large');
  t.deepEqual(read(bench), new Uint8Array(0), 'half of it is not kept');
  t.is(bench.call({ ...part, offset: 4 }), undefined);
  t.deepEqual(read(bench), content(1, 8));
  t.is(write(bench, content(1), COMPONENT.otherApp), 'image-unknown');
  t.is(read(bench, COMPONENT.otherApp), 'image-unknown');
});

test('removing the component takes what it kept with it; installed again it begins anew', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  write(bench, content(2));
  const old = bench.flash.read(PART, PART_BYTES);
  t.is(bench.call({ call: 'removeImage', componentId }), undefined);
  t.is(read(bench), 'image-unknown');
  t.true(
    bench.flash.read(PART, PART_BYTES).every((byte) => byte === 0xff),
    'no trace on flash',
  );
  bench.install(appImage({ key: keys.service }));
  putBack(bench, old);
  t.deepEqual(read(bench), new Uint8Array(0));
  write(bench, content(3));
  putBack(bench, old);
  t.is(read(bench), 'storage-lost', 'what was there before the removal never opens again');
});

test('old flash that was put back is no storage, as far as the seal reaches; the next write heals it', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  const first = bench.flash.read(PART, PART_BYTES);
  await bench.boot();
  write(bench, content(2));
  putBack(bench, first);
  t.is(read(bench), 'storage-lost', 'the first write of a boot is sealed');
  t.is(write(bench, content(3)), undefined);
  t.deepEqual(read(bench), content(3));
  // Within a boot each write is not sealed, but one in so many.
  const third = bench.flash.read(PART, PART_BYTES);
  for (let n = 0n; n <= FLOOR_STEP; n++) write(bench, content(Number(n % 200n), 10));
  putBack(bench, third);
  t.is(read(bench), 'storage-lost');
});

test('what was written in a boot that was undone by old flash never comes back in a later boot', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  const early = bench.flash.read(PART, PART_BYTES);
  for (let n = 0; n < 40; n++) write(bench, content(2, 10));
  // Sealed with the same key, and numbered higher than all that the device writes in the next boots.
  const undone = bench.flash.read(PART, PART_BYTES);
  putBack(bench, early);
  for (const fill of [3, 4, 5]) {
    await bench.boot();
    t.is(write(bench, content(fill)), undefined);
  }
  putBack(bench, undone);
  t.is(read(bench), 'storage-lost');
  t.is(write(bench, content(6)), undefined);
  putBack(bench, early);
  t.is(read(bench), 'storage-lost');
});

test('a write wears the counter once a boot and once in so many, not each time', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  const before = bench.parts.counter.value();
  for (let n = 0n; n < FLOOR_STEP - 1n; n++) write(bench, content(2, 10));
  t.is(bench.parts.counter.value(), before);
  write(bench, content(3, 10));
  t.true(bench.parts.counter.value() > before);
});

test('erased, changed and exchanged places are no storage', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  const [slot, turn] = [placeOffset(0, 0n), placeOffset(0, 1n)];
  t.not(bench.flash.read(turn, 1)[0], 0xff, 'the first generation is odd');
  bench.flipBit(turn + 100);
  t.is(read(bench), 'storage-lost', 'one bit');
  bench.flipBit(turn + 100);
  t.deepEqual(read(bench), content(1));
  const bytes = bench.flash.read(turn, 2 * FLASH_BLOCK_BYTES);
  bench.flash.eraseBlock(turn);
  t.is(read(bench), 'storage-lost', 'nothing');
  bench.flash.eraseBlock(slot);
  bench.flash.eraseBlock(slot + FLASH_BLOCK_BYTES);
  bench.flash.program(slot, bytes);
  t.is(read(bench), 'storage-lost', 'in the other place');
});

test('another claim does not read what was kept under the one before', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  t.is(bench.claim({ epoch: 2 }), undefined);
  t.deepEqual(read(bench), new Uint8Array(0));
  write(bench, content(2));
  t.deepEqual(read(bench), content(2));
});

for (const [what, before, after] of [
  ['a first write', [], content(2)],
  ['a write', [content(8), content(9), content(1)], content(2)],
  ['the first write after a boot', [content(8), content(1)], content(2)],
] as const) {
  test(`a power cut at any step of ${what} leaves what was kept or what was written`, async (t) => {
    const prepared = async (power: PowerSwitch): Promise<BootBench> => {
      const bench = await booted(power);
      for (const earlier of before) write(bench, earlier);
      if (what.includes('boot')) await bench.boot();
      return bench;
    };
    const dry = new PowerSwitch();
    const bench = await prepared(dry);
    const start = dry.writes;
    write(bench, after);
    const writes = dry.writes - start;
    t.true(writes >= 3, 'two blocks and their wear at least');
    const old = before.at(-1) ?? new Uint8Array(0);
    const seen = new Set<string>();
    for (let cut = 0; cut <= writes; cut++) {
      const power = new PowerSwitch();
      const device = await prepared(power);
      power.writesLeft = cut;
      write(device, after);
      power.mend();
      t.deepEqual(await device.boot(), { ok: true }, `cut at write ${cut}`);
      const found = String(read(device));
      t.true(
        [old, after].some((state) => String(state) === found),
        `cut at write ${cut}`,
      );
      seen.add(found);
      t.is(write(device, content(5)), undefined);
      t.deepEqual(read(device), content(5), 'and it goes on from there');
    }
    t.is(seen.size, 2, 'the cuts met both the old and the new content');
  });
}

test('more apps than there are places are told so, and the others keep what they have', async (t) => {
  const bench = await booted();
  const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}` as ComponentId;
  for (let n = 0; n <= MAX_STORAGES; n++) {
    bench.install(appImage({ key: keys.service, componentId: id(n) }));
    t.is(write(bench, content(n, 9), id(n)), n < MAX_STORAGES ? undefined : 'flash-full');
  }
  for (let n = 0; n < MAX_STORAGES; n++) t.deepEqual(read(bench, id(n)), content(n, 9));
});

test('random bytes are as many as were asked for, and never twice the same', async (t) => {
  const bench = await booted();
  const [a, b] = [bench.call({ call: 'random', length: 16 }), bench.call({ call: 'random', length: 16 })];
  t.is(a.length, 16);
  t.notDeepEqual(a, b);
});
