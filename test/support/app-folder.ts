// App folders for tests of the build, each in a temporary folder that goes with the test. Never in the checkout.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';

export const TEST_MANIFEST = {
  SchemaVersion: 1,
  Name: 'tested',
  ComponentId: '3f2c8b1e-0f5d-4f0e-9a51-6f9d3c0b7a11',
  EntryPoint: '/bin/app',
  CmdArgs: [],
  Capabilities: { Gpio: ['$SAMPLE_LED'] },
  ApplicationType: 'Default',
};

/** Opens SAMPLE_LED and ends. */
export const TEST_MAIN = `#include <applibs/gpio.h>
#include <hw/sample_appliance.h>
int main(void) { return GPIO_OpenAsOutput(SAMPLE_LED, GPIO_OutputMode_PushPull, GPIO_Value_High) < 0; }
`;

/** Path → text, a JSON value, or `null` for a file that shall not be there. Without changes it is an app that builds. */
export type FolderChanges = Readonly<Record<string, string | object | null>>;

/** The folder's path. */
export function appFolder(t: ExecutionContext<unknown>, changes: FolderChanges = {}): string {
  const folder = temporaryFolder(t);
  for (const [path, content] of Object.entries({
    'app_manifest.json': TEST_MANIFEST,
    'main.c': TEST_MAIN,
    ...changes,
  })) {
    if (content === null) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

export function temporaryFolder(t: ExecutionContext<unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-build-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
