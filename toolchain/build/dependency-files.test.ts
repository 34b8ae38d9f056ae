import test from 'ava';
import { checkManifest } from '../../contracts/wire/manifest.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { BLINK, deviceApp } from '../../test/support/device-app.ts';
import { TEST_MANIFEST } from '../../test/support/app-folder.ts';
import { dependencyFiles } from './dependency-files.ts';
import { sha256 } from './package-app.ts';

function manifestWith(component: Uint8Array, gpio: readonly string[]): Manifest {
  const dependency = {
    Import: 'acme:sensor/driver',
    Component: 'lib/driver.wasm',
    Sha256: bytesToHex(sha256(component)),
    Capabilities: { Gpio: gpio },
  };
  const text = JSON.stringify({ ...TEST_MANIFEST, Dependencies: [dependency] });
  const verdict = checkManifest(new TextEncoder().encode(text));
  if (!verdict.ok) throw new Error(verdict.errors[0]?.message);
  return verdict.manifest;
}

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test('dependencyFiles() packs a component that is the one that the manifest names', async (t) => {
  const component = await deviceApp(BLINK.imports, BLINK.functions);
  const manifest = manifestWith(component, ['$SAMPLE_LED']);
  t.deepEqual(
    dependencyFiles(manifest, () => component),
    new Map([['lib/driver.wasm', component]]),
  );
});

test('dependencyFiles() refuses a missing file, another component, and one that imports more than its part opens', async (t) => {
  const component = await deviceApp(BLINK.imports, BLINK.functions);
  const manifest = manifestWith(component, ['$SAMPLE_LED']);
  t.is(
    codeOf(() => dependencyFiles(manifest, () => undefined)),
    'file-missing',
  );
  const changed = component.slice();
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  t.is(
    codeOf(() => dependencyFiles(manifest, () => changed)),
    'dependency-digest-mismatch',
  );
  t.is(
    codeOf(() => dependencyFiles(manifestWith(component, []), () => component)),
    'import-not-granted',
  );
});
