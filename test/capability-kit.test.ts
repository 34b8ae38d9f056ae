// The capability test kit on devices: sound releases pass in every row, a release without one check fails in the rows of that check alone.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { PackagedManifest } from '../contracts/wire/manifest-package.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { inCheckout } from '../toolchain/factory/checkout.ts';
import { readTarget } from '../toolchain/testkit/read-target.ts';
import { verifyMatrix } from '../toolchain/testkit/sign-matrix.ts';
import { testCapabilities, tryMutants } from '../toolchain/testkit/test-capabilities.ts';

const BOARD = 'mt3620_rdb';
const state = mkdtempSync(join(tmpdir(), 'casemate-kit-test-'));
test.after.always(() => rmSync(state, { recursive: true, force: true }));

const blink = (): PackagedManifest => readTarget('apps/blink', inCheckout('.'), BOARD);

test.serial('every call on a device goes as the manifest says, and the device signs the matrix', async (t) => {
  t.timeout(120_000);
  const profile = await prepareProfile(state);
  const target = { target: 'apps/blink', manifest: blink(), board: BOARD, profile };
  const matrix = await testCapabilities(target);
  t.deepEqual(
    matrix.rows.filter(({ pass }) => !pass),
    [],
  );
  const layers = new Set(matrix.rows.flatMap(({ layer }) => layer ?? []));
  t.deepEqual([...layers].sort(), ['broker', 'driver', 'firewall', 'linker', 'monitor']);
  t.true(matrix.rows.some(({ granted, outcome, run }) => granted && outcome === 'allowed' && run === 'shipped'));
  const { verdict } = verifyMatrix(new TextEncoder().encode(JSON.stringify(matrix)));
  t.true(verdict.verified);
  t.true(verdict.measured.some(({ stage }) => stage === `app:${target.manifest.componentId}`));
});

test.serial('without one check the kit names that check, and no other', async (t) => {
  t.timeout(120_000);
  const checks = ['grant:gpio.open-output', 'firewall:gpio'] as const;
  const { verdicts } = await tryMutants({ target: 'apps/blink', manifest: blink(), board: BOARD }, checks);
  t.deepEqual(
    verdicts.map(({ check, named, caught }) => ({ check, named, caught })),
    [...checks].sort().map((check) => ({ check, named: [check], caught: true })),
  );
});
