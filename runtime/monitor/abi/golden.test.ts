import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { OS_RECORD } from '../../../contracts/core/os-records.ts';
import { compareGolden, goldenAdvice, goldenOrder, goldenTable } from '../../../contracts/wire/golden/golden-list.ts';
import { KEYSTORE_FILE } from './requests.ts';
import { ABI_VERSION, IMAGE_RECORD_BYTES, SECURE_CALL, SECURE_CALL_ERRORS, SECURE_EVENT } from './secure-call.ts';
import { KEY_PURPOSE } from './service-records.ts';

const CODE: readonly string[] = [
  ...goldenTable('abi', { version: ABI_VERSION, 'image-record-bytes': IMAGE_RECORD_BYTES }),
  ...goldenTable('secure-call', SECURE_CALL),
  ...goldenTable('secure-event', SECURE_EVENT),
  ...goldenOrder('secure-call-error', SECURE_CALL_ERRORS),
  ...goldenTable('keystore-file', KEYSTORE_FILE),
  ...goldenTable('key-purpose', KEY_PURPOSE),
  ...goldenTable('os-record', OS_RECORD),
];

test('every number of the secure calls is what runtime/monitor/abi/golden.txt promises', (t) => {
  const committed = readFileSync(join(import.meta.dirname, 'golden.txt'), 'utf8');
  t.is(goldenAdvice('runtime/monitor/abi/golden.txt', compareGolden(committed, CODE)), '');
});
