import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import * as bus from '../../core/bus-frame.ts';
import * as chip from '../../core/chip.ts';
import * as capability from '../../core/device-capability.ts';
import { PLATFORM_KEY_FILE, RUNNER_FILE } from '../../core/boot-files.ts';
import * as evidence from '../../core/evidence.ts';
import { FLASH_BLOCK_BYTES, FLASH_BYTES, FLASH_PART } from '../../core/flash-map.ts';
import { GRANT_KIND } from '../../core/grants.ts';
import { IMAGE_HEADER_BYTES, IMAGE_KIND } from '../../core/image.ts';
import { SIGNATURE_ALGORITHM, SIGNER_ROLE } from '../../core/image-signatures.ts';
import { RUNNER_EXIT } from '../../core/last-words.ts';
import { DRIVE, PIN_FRAME_BYTES } from '../../core/pin-frame.ts';
import { TIME_DIRECTION } from '../../core/world-frame.ts';
import { KEY_ROLE, KEYSTORE_FILES } from '../../core/trusted-keystore.ts';
import { APP_ERROR_CODES, APP_FUNCTION } from '../app-call.ts';
import { CRASH_CAUSES } from '../crash-record.ts';
import { LINK_METHODS } from '../device-link.ts';
import { REPORT_CATEGORIES, REPORT_EVENT_KEY, REPORT_KEY } from '../failure-report.ts';
import { PERIPHERAL_TYPES } from '../hardware-definition.ts';
import { METADATA_KEYS } from '../image-metadata.ts';
import { APPLICATION_RUNTIME_VERSION } from '../manifest-package.ts';
import { APPLICATION_TYPES, CAPABILITIES, MANIFEST_KEYS, SCHEMA_VERSION } from '../manifest-schema.ts';
import * as radio from '../radio-link.ts';
import { compareGolden, goldenAdvice, goldenOrder, goldenTable } from './golden-list.ts';

/** A table of {start, size} as lines `kind name start size`. */
function ranges(kind: string, table: Readonly<Record<string, Readonly<Record<string, number>>>>): readonly string[] {
  return Object.entries(table).map(([name, range]) => `${kind} ${name} ${Object.values(range).map(String).join(' ')}`);
}
const present = (kind: string, names: readonly string[]) => names.map((name) => `${kind} ${name} -`);
const shapes = Object.fromEntries(Object.entries(CAPABILITIES).map(([key, { shape }]) => [key, shape.kind]));

const CODE: readonly string[] = [
  ...goldenTable('grant-kind', GRANT_KIND),
  ...goldenTable('image-kind', IMAGE_KIND),
  ...goldenTable('signer-role', SIGNER_ROLE),
  ...goldenTable('signature-algorithm', SIGNATURE_ALGORITHM),
  ...goldenTable('key-role', KEY_ROLE),
  ...goldenTable('keystore-file', KEYSTORE_FILES),
  ...goldenTable('boot-file', { platformKey: PLATFORM_KEY_FILE, runner: RUNNER_FILE }),
  ...goldenTable('device-right', capability.DEVICE_RIGHT),
  ...goldenTable('runner-exit', RUNNER_EXIT),
  ...present('crash-cause', CRASH_CAUSES),
  ...goldenTable('bus-status', bus.BUS_STATUS),
  ...goldenTable('pin-drive', DRIVE),
  ...goldenTable('time-direction', TIME_DIRECTION),
  ...goldenTable('master', chip.MASTER),
  ...ranges('region', chip.REGION),
  ...goldenTable('gpio-register', chip.GPIO_REGISTER),
  ...goldenTable('gpio-mode', chip.GPIO_MODE),
  ...goldenTable('uart-register', chip.UART_REGISTER),
  ...goldenTable('clock-register', chip.CLOCK_REGISTER),
  ...goldenTable('clock-kind', chip.CLOCK_KIND),
  ...goldenTable('interrupt', chip.INTERRUPT),
  ...ranges('flash-part', FLASH_PART),
  ...goldenTable('size', {
    'image-header': IMAGE_HEADER_BYTES,
    'device-capability': capability.DEVICE_CAPABILITY_BYTES,
    'pin-frame': PIN_FRAME_BYTES,
    'gpio-window': chip.GPIO_WINDOW_BYTES,
    'gpio-pins': chip.GPIO_PINS,
    contexts: chip.CONTEXTS,
    flash: FLASH_BYTES,
    'flash-block': FLASH_BLOCK_BYTES,
  }),
  ...goldenTable('app-function', APP_FUNCTION),
  ...goldenOrder('app-error', APP_ERROR_CODES),
  ...goldenTable('link-method', LINK_METHODS),
  ...goldenTable('radio-frame', radio.RADIO_FRAME),
  ...goldenTable('radio-refusal', radio.RADIO_REFUSAL),
  ...goldenTable('radio-closing', radio.RADIO_CLOSING),
  ...goldenTable('radio-limit', {
    data: radio.RADIO_DATA_MAX_BYTES,
    window: radio.RADIO_WINDOW_BYTES,
    streams: radio.RADIO_STREAMS_MAX,
  }),
  ...present('report-category', REPORT_CATEGORIES),
  ...goldenTable('report-key', REPORT_KEY),
  ...goldenTable('report-event-key', REPORT_EVENT_KEY),
  ...goldenTable('evidence-profile', { psa: evidence.EVIDENCE_PROFILE }),
  ...goldenTable('evidence-claim', evidence.EVIDENCE_CLAIM),
  ...goldenTable('evidence-component-claim', evidence.COMPONENT_CLAIM),
  ...goldenTable('evidence-lifecycle', evidence.SECURITY_LIFECYCLE),
  ...goldenTable('version', { manifest: SCHEMA_VERSION, 'application-runtime': APPLICATION_RUNTIME_VERSION }),
  ...present('manifest-key', MANIFEST_KEYS),
  ...present('application-type', APPLICATION_TYPES),
  ...goldenTable('capability', shapes),
  ...present('peripheral-type', PERIPHERAL_TYPES),
  ...goldenOrder('metadata-key', METADATA_KEYS),
];

test('every tag and number of the wire is what contracts/wire/golden/wire.txt promises', (t) => {
  const committed = readFileSync(join(import.meta.dirname, 'wire.txt'), 'utf8');
  t.is(goldenAdvice('contracts/wire/golden/wire.txt', compareGolden(committed, CODE)), '');
});

test('no two entries of one numbered kind share a number', (t) => {
  const numbered = CODE.filter((line) =>
    /^(grant-kind|image-kind|signer-role|signature-algorithm|key-role|device-right|bus-status|app-function|master|interrupt|evidence-claim|evidence-component-claim|evidence-lifecycle) /.test(
      line,
    ),
  );
  const keys = numbered.map((line) => `${line.split(' ')[0]} ${line.split(' ')[2]}`);
  t.deepEqual(
    keys.filter((key, index) => keys.indexOf(key) !== index),
    [],
  );
  t.true(numbered.length > 30);
});
