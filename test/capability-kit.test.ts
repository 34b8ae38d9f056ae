// The capability test kit on devices: sound releases pass in every row, a release without one check fails in the rows of that check alone.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { PackagedManifest } from '../contracts/wire/manifest-package.ts';
import { checkPackagedManifest } from '../contracts/wire/manifest-package.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { verifyMatrix } from '../toolchain/testkit/sign-matrix.ts';
import { testCapabilities, tryMutants } from '../toolchain/testkit/test-capabilities.ts';

const BOARD = 'mt3620_rdb';
const state = mkdtempSync(join(tmpdir(), 'casemate-kit-test-'));
test.after.always(() => rmSync(state, { recursive: true, force: true }));

/** Its dependencies are of the kit's own making, as its app is: the files need not be there. */
const MANIFEST = {
  SchemaVersion: 1,
  Name: 'parts',
  ComponentId: '5a7e11e5-0000-4000-8000-0000000000ac',
  EntryPoint: '/bin/app',
  CmdArgs: [],
  Capabilities: { Gpio: [8, 12], AllowedConnections: ['api.a.example'], MutableStorage: { SizeKB: 8 } },
  ApplicationType: 'Default',
  Dependencies: [
    {
      Import: 'acme:sensor/driver@1.2.0',
      Component: 'lib/driver.wasm',
      Sha256: '00'.repeat(32),
      Capabilities: { Gpio: [12] },
    },
  ],
};

function parts(): PackagedManifest {
  const verdict = checkPackagedManifest(new TextEncoder().encode(JSON.stringify(MANIFEST)));
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  return verdict.packaged;
}

test.serial('every call on a device goes as the manifest says, and the device signs the matrix', async (t) => {
  t.timeout(120_000);
  const profile = await prepareProfile(state);
  const target = { target: 'parts', manifest: parts(), board: BOARD, profile };
  const matrix = await testCapabilities(target);
  t.deepEqual(
    matrix.rows.filter(({ pass }) => !pass),
    [],
  );
  const layers = new Set(matrix.rows.flatMap(({ layer }) => layer ?? []));
  t.deepEqual([...layers].sort(), ['broker', 'driver', 'firewall', 'linker', 'monitor', 'stub']);
  t.true(matrix.rows.some(({ granted, outcome, run }) => granted && outcome === 'allowed' && run === 'shipped'));
  const redirected = matrix.rows.filter(({ resource }) => resource.startsWith('redirect of '));
  t.deepEqual(
    redirected.map(({ run, layer }) => [run, layer]),
    [
      ['shipped', 'broker'],
      ['opened', 'firewall'],
    ],
  );
  const { verdict } = verifyMatrix(new TextEncoder().encode(JSON.stringify(matrix)));
  t.true(verdict.verified);
  t.true(verdict.measured.some(({ stage }) => stage === `app:${target.manifest.componentId}`));
});

test.serial('without one check the kit names that check, and no other', async (t) => {
  t.timeout(120_000);
  const checks = [
    'firewall:gpio',
    'grant:gpio.open-output',
    'grant:names.resolve',
    'part:gpio',
    'part:imports',
  ] as const;
  const { verdicts } = await tryMutants({ target: 'parts', manifest: parts(), board: BOARD }, checks);
  t.deepEqual(
    verdicts.map(({ check, named, caught }) => ({ check, named, caught })),
    checks.map((check) => ({ check, named: [check], caught: true })),
  );
});
