import test from 'ava';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { BootBench, COMPONENT, appImage, benchKeys, signedStages, stageParts } from '../../test/support/boot-bench.ts';
import type { SecureRequest } from './abi/codec.ts';
import { encodeSecureRequest } from './abi/codec.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);

test('what an OS calls behind its reset, in one chunk or later, is not done', async (t) => {
  const behind: readonly SecureRequest[] = [
    { call: 'launch', componentId: COMPONENT.app }, // a compartment of the old boot
    { call: 'removeImage', componentId: COMPONENT.app }, // a change of the flash under the new boot's state record
    { call: 'reset' }, // of the boot that follows
  ];
  const bench = new BootBench(keys, stages);
  t.true((await bench.boot()).ok);
  bench.claim();
  bench.install(appImage({ key: keys.service }));
  const frames = behind.map((request, tag) => encodeSecureRequest(tag, request));
  const answered = bench.secureCalls.sent.length;
  bench.secureCalls.feed(concatBytes(encodeSecureRequest(9, { call: 'reset' }), ...frames));
  for (const frame of frames) bench.secureCalls.feed(frame);
  bench.endOs();
  t.is(bench.secureCalls.sent.length, answered + 1, 'the reset alone was answered');
  t.deepEqual([bench.resets.length, bench.compartments.length], [1, 0]);
  await bench.boot();
  t.like(bench.call({ call: 'listImages' }), { 0: { componentId: COMPONENT.app }, length: 1 });
});
