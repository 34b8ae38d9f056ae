import test from 'ava';
import { FLASH_BLOCK_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import { OS_RECORD, OS_RECORD_MAX_BYTES } from '../../contracts/core/os-records.ts';
import { BootBench, SERVICE_CA, TUF_ROOT, benchKeys, signedStages, stageParts } from '../../test/support/boot-bench.ts';
import { PowerSwitch } from '../../test/support/power-switch.ts';
import { placeOffset } from './os-record-store.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const RECORDS = Object.keys(OS_RECORD) as OsRecordName[];
const record = 'tufTimestamp';

async function booted(power = new PowerSwitch()): Promise<BootBench> {
  const bench = new BootBench(keys, stages, power.wrap);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  return bench;
}

const content = (fill: number, length = 5000): Uint8Array => new Uint8Array(length).fill(fill);
const write = (bench: BootBench, bytes: Uint8Array) => bench.call({ call: 'writeRecord', record, bytes });
const read = (bench: BootBench) => bench.call({ call: 'readRecord', record });

const { offset: PART, size: PART_BYTES } = FLASH_PART.osRecords;
function putBack({ flash }: BootBench, bytes: Uint8Array): void {
  for (let block = 0; block < PART_BYTES; block += FLASH_BLOCK_BYTES) flash.eraseBlock(PART + block);
  flash.program(PART, bytes);
}

test('every record has two places of its own within its part of the flash', (t) => {
  const starts = RECORDS.flatMap((name) => [placeOffset(name, 0), placeOffset(name, 1)]);
  t.is(new Set(starts).size, 2 * RECORDS.length);
  for (const start of starts) {
    t.is((start - PART) % OS_RECORD_MAX_BYTES, 0);
    t.true(start >= PART && start + OS_RECORD_MAX_BYTES <= PART + PART_BYTES);
  }
});

test('a record is what was written last, also after a reset, and each is its own', async (t) => {
  const bench = await booted();
  for (const name of RECORDS) t.is(bench.call({ call: 'readRecord', record: name }), undefined);
  RECORDS.forEach((name, n) => bench.call({ call: 'writeRecord', record: name, bytes: content(n, 100 + n) }));
  write(bench, content(77));
  write(bench, content(78));
  await bench.boot();
  RECORDS.forEach((name, n) => {
    const wanted = name === record ? content(78) : content(n, 100 + n);
    t.deepEqual(bench.call({ call: 'readRecord', record: name }), wanted, name);
  });
});

test('a record is at most as long as its place; an empty one is gone', async (t) => {
  const bench = await booted();
  t.is(write(bench, content(1, OS_RECORD_MAX_BYTES)), undefined);
  t.is(write(bench, content(2, OS_RECORD_MAX_BYTES + 1)), 'record-too-large');
  t.deepEqual(read(bench), content(1, OS_RECORD_MAX_BYTES), 'what was there stays');
  t.is(write(bench, new Uint8Array(0)), undefined);
  t.is(read(bench), undefined);
  const before = bench.parts.counter.value();
  t.is(write(bench, new Uint8Array(0)), undefined);
  t.is(bench.parts.counter.value(), before, 'nothing to remove wears nothing');
});

test('writing what is there already wears neither flash nor counter', async (t) => {
  const power = new PowerSwitch();
  const bench = await booted(power);
  write(bench, content(1));
  const before = power.writes;
  t.is(write(bench, content(1)), undefined);
  t.is(power.writes, before);
});

test('old content that was put back is record-lost, not the record; the next write heals it', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  const old = bench.flash.read(PART, PART_BYTES);
  write(bench, content(2));
  write(bench, content(3));
  putBack(bench, old);
  t.is(read(bench), 'record-lost');
  await bench.boot();
  t.is(read(bench), 'record-lost');
  t.is(write(bench, content(3)), undefined, 'the same content: it is not there, so it is written');
  t.deepEqual(read(bench), content(3));
});

test('erased, changed and swapped content is record-lost', async (t) => {
  const bench = await booted();
  write(bench, content(1));
  bench.flipBit(placeOffset(record, 0) + 4999);
  t.is(read(bench), 'record-lost', 'one bit');
  bench.flipBit(placeOffset(record, 0) + 4999);
  t.deepEqual(read(bench), content(1));
  // Another record's content, rightly sealed in its own place.
  const other = content(9);
  bench.call({ call: 'writeRecord', record: 'tufSnapshot', bytes: other });
  const part = bench.flash.read(PART, PART_BYTES);
  part.set(other, placeOffset(record, 0) - PART);
  putBack(bench, part);
  t.is(read(bench), 'record-lost', 'another record’s content');
  putBack(bench, new Uint8Array(PART_BYTES).fill(0xff));
  t.is(read(bench), 'record-lost', 'nothing');
  t.is(write(bench, new Uint8Array(0)), undefined, 'a lost record can be removed');
  t.is(read(bench), undefined);
});

for (const [what, before, after] of [
  ['a first write', undefined, content(2)],
  ['a write', content(1), content(2)],
  ['a removal', content(1), undefined],
] as const) {
  test(`a power cut at any step of ${what} leaves the old record or the new one`, async (t) => {
    const act = (bench: BootBench) => write(bench, after ?? new Uint8Array(0));
    const prepared = async (power: PowerSwitch): Promise<BootBench> => {
      const bench = await booted(power);
      // Both places have been used: what an earlier turn left there must not come back.
      for (const earlier of before === undefined ? [] : [content(8), content(9), before]) write(bench, earlier);
      return bench;
    };
    const dry = new PowerSwitch();
    const bench = await prepared(dry);
    const start = dry.writes;
    act(bench);
    const writes = dry.writes - start;
    t.true(writes >= 3, 'a record, an erase and the counter at least');
    const seen = new Set<unknown>();
    for (let cut = 0; cut <= writes; cut++) {
      const power = new PowerSwitch();
      const device = await prepared(power);
      power.writesLeft = cut;
      act(device);
      power.mend();
      t.deepEqual(await device.boot(), { ok: true }, `cut at write ${cut}`);
      const found = read(device);
      t.true(
        [before, after].some((state) => String(state) === String(found)),
        `cut at write ${cut}`,
      );
      seen.add(String(found));
      t.is(write(device, content(5)), undefined);
      t.deepEqual(read(device), content(5), 'and it goes on from there');
    }
    t.is(seen.size, 2, 'the cuts met both the old and the new state');
  });
}

test('a record that the flash did not keep is refused, and the old one stays', async (t) => {
  let isFaulty = false;
  const bench = new BootBench(keys, stages, (medium) => ({
    sizeBytes: medium.sizeBytes,
    read: (offset, length) => medium.read(offset, length),
    write(offset, bytes) {
      const stuck = isFaulty && offset >= PART && offset < PART + PART_BYTES;
      medium.write(offset, stuck ? bytes.map((byte, index) => (index === 300 ? 0 : byte)) : bytes);
    },
  }));
  await bench.boot();
  write(bench, content(1));
  isFaulty = true;
  t.is(write(bench, content(2)), 'internal');
  t.deepEqual(read(bench), content(1));
});

test('keystoreFile answers out of the verified image, whatever is on the flash meanwhile', async (t) => {
  const bench = await booted();
  for (let at = 0; at < 4096; at += 512) bench.flipBit(FLASH_PART.trustedKeystore.offset + at);
  t.deepEqual(bench.call({ call: 'keystoreFile', file: 'tufRoot' }), TUF_ROOT);
  t.deepEqual(bench.call({ call: 'keystoreFile', file: 'serviceCa' }), SERVICE_CA);
});
