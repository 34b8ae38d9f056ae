// The sources of an OS whose broker was talked out of its grant check, for showing what the silicon still stops. Never for a
// device that anybody relies on: it is signed so that it boots, and no service takes evidence of it.

import type { BundleName, BundleRule } from './bundle.ts';
import { BUNDLES } from './bundle.ts';
import { CHECKOUT } from './checkout.ts';
import type { ReleaseSources } from './release-cache.ts';

/** Says yes to every call. All else of the OS, and the boot stages before it, stay as they are. */
const HOLLOW_CHECK = 'export const checkGrants = () => ({ allows: () => true });\n';

const rules: Readonly<Record<BundleName, BundleRule>> = {
  ...BUNDLES,
  os: { ...BUNDLES.os, replaced: { path: 'host-apis/broker/grant-check.ts', by: HOLLOW_CHECK } },
};

export const HOLLOW_SOURCES: ReleaseSources = { root: CHECKOUT, rules, isAttack: true };
