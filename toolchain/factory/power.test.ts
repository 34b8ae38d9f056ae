import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { powerOn } from './power.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-power-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
let count = 0;

/** A secure world made of these lines of JavaScript. */
function program(...lines: readonly string[]): { program: string } {
  const path = join(base, `world-${count++}.mjs`);
  writeFileSync(path, lines.join('\n'));
  return { program: path };
}

const say = (value: unknown): string => `console.log(${JSON.stringify(JSON.stringify(value))});`;
const ROM = { boot: 'rom', ok: true, digest: '00', ms: 1 };
const STAY = 'setInterval(() => {}, 1000);';

test('powerOn() resolves when the device is ready and tells how it booted', async (t) => {
  const told: string[] = [];
  const lines = [
    say(ROM),
    'console.log("a line for people");',
    say({ ready: true }),
    say({ reset: 'requested' }),
    say(ROM),
    STAY,
  ];
  const reset = Promise.withResolvers<string>();
  const device = await powerOn(base, {
    ...program(...lines),
    onBoot: ({ boot }) => told.push(boot),
    onReset: (line) => reset.resolve(line.reset),
  });
  t.teardown(() => device.powerOff());
  t.deepEqual(device.boot, [ROM]);
  t.is(await reset.promise, 'requested');
  await device.powerOff();
  t.deepEqual(told, ['rom', 'rom']); // the second is that of the reset
});

test('powerOn() hands folder, board and seed on', async (t) => {
  const line = `console.log(JSON.stringify({ boot: process.argv.slice(2).join(' '), ok: true }));`;
  const options = { board: 'mt3620_rdb', seed: 7 };
  const device = await powerOn('/some/device', { ...program(line, say({ ready: true }), STAY), ...options });
  t.teardown(() => device.powerOff());
  t.is(device.boot[0]?.boot, '/some/device --board mt3620_rdb --seed 7');
});

const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  [
    'refuses a stage',
    [say(ROM), say({ boot: 'os', ok: false, code: 'stage-rolled-back' }), 'process.exitCode = 3;'],
    'boot-refused',
  ],
  [
    'is on already',
    [say({ boot: 'rom', ok: false, code: 'device-already-on', message: 'on' }), 'process.exitCode = 1;'],
    'device-already-on',
  ],
  ['ends without a word', [], 'power-failed'],
  ['breaks', ['throw new Error("broken")'], 'power-failed'],
  ['tells what makes no sense', ['console.log(\'{"boot":1}\');', STAY], 'power-failed'],
  ['never ends a line', ['process.stdout.write("x".repeat(100_000));', STAY], 'line-too-long'],
];
for (const [what, lines, code] of REFUSED) {
  test(`powerOn() rejects when the secure world ${what}`, async (t) => {
    t.like(await t.throwsAsync(powerOn(base, program(...lines))), { code });
  });
}

test('powerOn() tells which stage was refused, and why', async (t) => {
  const lines = [
    say({ boot: 'monitor', ok: false, code: 'stage-signature-invalid', message: 'no' }),
    'process.exitCode = 3;',
  ];
  const error = await t.throwsAsync(powerOn(base, program(...lines)));
  t.like(error, { details: { stage: 'monitor', code: 'stage-signature-invalid' } });
});

test('powerOn() gives up a device that does not become ready', async (t) => {
  t.like(await t.throwsAsync(powerOn(base, { ...program(STAY), timeoutMs: 300 })), { code: 'power-failed' });
});

test('powerOff() asks first, and may be called again', async (t) => {
  const mark = join(base, 'asked');
  const asked = `process.on('SIGTERM', () => { fs.writeFileSync(${JSON.stringify(mark)}, ''); process.exit(0); });`;
  const device = await powerOn(base, program("import fs from 'node:fs';", asked, say({ ready: true }), STAY));
  t.is((await device.powerOff()).exitCode, 0);
  t.true(existsSync(mark));
  t.is((await device.powerOff()).exitCode, 0);
});

test('a device that goes off by itself says how', async (t) => {
  const device = await powerOn(
    base,
    program(say({ ready: true }), 'console.error("last words"); process.exitCode = 3;'),
  );
  t.deepEqual(await device.ended, { exitCode: 3, signal: null, lastWords: 'last words\n' });
  t.like(await t.throwsAsync(device.connect()), { code: 'device-off' });
});
