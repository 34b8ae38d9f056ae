import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { casemate } from '../../../test/support/casemate.ts';
import { BLINK, appImage, deviceApp } from '../../../test/support/device-app.ts';
import { TEST_MANIFEST } from '../../../test/support/app-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-audit-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

interface Audit {
  readonly missing: readonly { readonly code: string; readonly function?: string; readonly line?: string }[];
  readonly unused: readonly string[];
  readonly least: Readonly<Record<string, unknown>>;
}

async function audit(...args: readonly string[]): Promise<Audit & { readonly exitCode: number | null }> {
  const { stdout, exitCode } = await casemate(['audit', ...args, '--json']);
  return { ...(JSON.parse(stdout) as Audit), exitCode };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('audit names the function that is not granted, the line to add, and the least manifest', async (t) => {
  const app = file('app.wasm', await deviceApp(BLINK.imports, BLINK.functions));
  const { exitCode, missing, least } = await audit(app);
  t.is(exitCode, 1);
  t.like(missing, [{ code: 'import-not-granted', line: '"Gpio": ["$NAME_OF_THE_PERIPHERAL"]' }]);
  t.truthy(missing[0]?.function);
  t.deepEqual(least, { Gpio: ['$NAME_OF_THE_PERIPHERAL'] });
});

test('audit is content with what is granted, and names what nothing uses', async (t) => {
  const app = file('granted.wasm', await deviceApp(BLINK.imports, BLINK.functions));
  const Capabilities = { Gpio: ['$SAMPLE_LED'], MutableStorage: { SizeKB: 8 }, AllowedTcpServerPorts: [80] };
  const manifest = file('app_manifest.json', JSON.stringify({ ...TEST_MANIFEST, Capabilities }));
  const { exitCode, missing, unused, least } = await audit(app, '--manifest', manifest);
  t.is(exitCode, 0);
  t.deepEqual(missing, []);
  t.true(unused.includes('AllowedTcpServerPorts'));
  t.deepEqual(least, { Gpio: ['$SAMPLE_LED'] });
});

test('audit takes the manifest that an image brings', async (t) => {
  const image = appImage(await deviceApp(BLINK.imports, BLINK.functions), {
    manifest: { ...TEST_MANIFEST, Capabilities: { Gpio: [9] } },
  });
  const { exitCode, least } = await audit(file('app.imagepackage', image));
  t.is(exitCode, 0);
  t.deepEqual(least, { Gpio: [9] });
});
