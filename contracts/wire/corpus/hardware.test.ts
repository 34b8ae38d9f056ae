import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { corpus } from '../../../test/support/corpus.ts';
import { hardwareHeader } from '../hardware-header.ts';
import type { HardwareVerdict } from '../hardware-resolution.ts';
import { resolveHardware } from '../hardware-resolution.ts';
import { checkManifest } from '../manifest.ts';
import { resolveManifest } from '../manifest-package.ts';

const SDK = join(import.meta.dirname, '../../../toolchain/sdk/hardware');
const readImport = (path: string) => (existsSync(path) ? readFileSync(path) : undefined);
const resolveFile = (file: string, searchFolders: readonly string[]): HardwareVerdict =>
  resolveHardware({ file, bytes: readFileSync(file) }, { readImport, searchFolders });

/**
 * The board files that published definitions import and their repositories lack, with how many definitions fail for each: board makers ship them
 * with the SDK. All others resolve without ours.
 */
const LACKING: Readonly<Record<string, number>> = {
  'avnet_aesms_mt3620.json': 3,
  'avnet_mt3620_sk.json': 6,
  'avnet_mt3620_sk_rev2.json': 3,
  'mt3620_rdb.json': 7,
  'seeed_mt3620_mdb.json': 4,
  'usi_mt3620_bt_evb.json': 1,
};
const PUBLISHED = 56;

test('every published hardware definition resolves with ours behind it, each pin to the number in the chip’s own name', (t) => {
  const folder = corpus(t, 'hwdefs');
  if (folder === undefined) return;
  let pins = 0;
  for (const file of globSync(join(folder, '**/*.json'))) {
    const verdict = resolveFile(file, [SDK]);
    if (!verdict.ok) {
      t.fail(`${file}: ${JSON.stringify(verdict.errors)}`);
      continue;
    }
    for (const { name, type, pin, through } of verdict.hardware.peripherals.values()) {
      t.is(type === 'Gpio', pin !== undefined);
      if (type !== 'Gpio') continue;
      pins++;
      t.is(through.at(-1) ?? name, `MT3620_GPIO${pin}`, `${file}: ${name}`);
      const suffix = /_GPIO([0-9]+)$/.exec(name)?.[1];
      if (suffix !== undefined) t.deepEqual([Number(suffix)], [pin], `${file}: ${name}`);
    }
  }
  t.true(pins > 1000);
});

test('without ours, a published definition fails exactly where its board file is in no repository', (t) => {
  const folder = corpus(t, 'hwdefs');
  if (folder === undefined) return;
  const files = globSync(join(folder, '**/*.json'));
  t.is(files.length, PUBLISHED);
  const lacking: Record<string, number> = {};
  for (const file of files) {
    const verdict = resolveFile(file, []);
    if (verdict.ok) continue;
    t.deepEqual(
      verdict.errors.map(({ code }) => code),
      ['import-missing'],
      file,
    );
    const missing = /([a-z0-9_]+\.json)"$/.exec(verdict.errors[0]?.message ?? '')?.[1] ?? file;
    lacking[missing] = (lacking[missing] ?? 0) + 1;
  }
  t.deepEqual(lacking, LACKING);
});

test('our own definitions have every name of the published file of that board, with the same values', (t) => {
  const folder = corpus(t, 'hwdefs');
  if (folder === undefined) return;
  let compared = 0;
  for (const ours of globSync(join(SDK, '*/*.json'))) {
    const mine = resolveFile(ours, []);
    if (!mine.ok) return t.fail(`${ours}: ${JSON.stringify(mine.errors)}`);
    if (basename(ours) === 'sample_appliance.json') continue;
    for (const theirs of globSync(join(folder, `**/${basename(ours)}`))) {
      const published = resolveFile(theirs, [SDK]);
      if (!published.ok) return t.fail(`${theirs}: ${JSON.stringify(published.errors)}`);
      for (const [name, { type, headerValue, manifestValue }] of published.hardware.peripherals) {
        t.like(mine.hardware.peripherals.get(name), { type, headerValue, manifestValue }, `${theirs}: ${name}`);
        compared++;
      }
    }
  }
  t.true(compared > 1000);
});

const LAB: readonly (readonly [name: string, value: number])[] = [
  ['SAMPLE_LED', 8],
  ['SAMPLE_BUTTON_1', 12],
  ['SAMPLE_BUTTON_2', 13],
  ['SAMPLE_RGBLED_RED', 15],
  ['MT3620_RDB_LED4_BLUE', 23],
  // A UART's number in code is not that of its ISU: 4 stands for ISU0.
  ['SAMPLE_UART_LOOPBACK', 4],
  ['MT3620_SPI_CS_B', -2],
];
test('the header of the sample appliance on the RDB has the names of the labs', (t) => {
  const verdict = resolveFile(join(SDK, 'mt3620_rdb/sample_appliance.json'), []);
  if (!verdict.ok) return t.fail(JSON.stringify(verdict.errors));
  const header = hardwareHeader(verdict.hardware, 'sample_appliance');
  for (const [name, value] of LAB) t.true(header.includes(`\n#define ${name} (${value})\n`), name);
});

/** Published high-level apps and what their pins are on each board of the SDK, as the boards' own pin-outs have it. */
const PACKAGED: readonly (readonly [manifest: string, board: string, pins: readonly number[]])[] = [
  ['Azure_azure-sphere-samples__Samples__GPIO__GPIO_HighLevelApp__app_manifest.json', 'mt3620_rdb', [12, 8]],
  ['Azure_azure-sphere-samples__Samples__GPIO__GPIO_HighLevelApp__app_manifest.json', 'seeed_mt3620_mdb', [30, 7]],
  ['Azure_azure-sphere-samples__Samples__GPIO__GPIO_HighLevelApp__app_manifest.json', 'avnet_mt3620_sk', [12, 8]],
  ['Azure_azure-sphere-samples__Tutorials__ErrorReporting__Stage1__app_manifest.json', 'mt3620_rdb', [12, 13, 17, 16]],
];
for (const [manifest, board, pins] of PACKAGED) {
  test(`${manifest} is packaged for ${board} with the pins of that board`, (t) => {
    const file = corpus(t, `manifests/${manifest}`);
    if (file === undefined) return;
    const verdict = checkManifest(readFileSync(file));
    const hardware = resolveFile(join(SDK, `${board}/sample_appliance.json`), []);
    if (!verdict.ok || !hardware.ok) return t.fail('manifest and board have to be good');
    const packaging = resolveManifest(verdict.manifest, hardware.hardware);
    t.deepEqual(packaging.ok ? packaging.packaged.gpioPins : packaging.errors, pins);
  });
}
