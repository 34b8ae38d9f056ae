// The sources of an OS whose broker was talked out of its grant check, for showing what the silicon still stops. Never for a
// device that anybody relies on: it is signed so that it boots, and no service takes evidence of it.

import { BUNDLES } from './bundle.ts';
import { CHECKOUT } from './checkout.ts';
import type { SourceEdit } from './edited-source.ts';
import { editedSource } from './edited-source.ts';
import type { ReleaseSources } from './release-cache.ts';

/** The broker's grant check with another one in its place: an expression of type `GrantCheckFor`, that may ask `soundCheck`. */
export function otherGrantCheck(check: string): SourceEdit {
  return {
    path: 'host-apis/broker/grant-check.ts',
    find: 'export const checkGrants: GrantCheckFor =',
    by: 'const soundCheck: GrantCheckFor =',
    append: `export const checkGrants: GrantCheckFor = ${check};\n`,
  };
}

/** Says yes to every call. All else of the OS, and the boot stages before it, stay as they are. */
export const ALLOW_ALL = '() => ({ allows: () => true })';

/** Errors: `source-edit-missed`. */
export function hollowSources(): ReleaseSources {
  const os = { ...BUNDLES.os, replaced: editedSource(otherGrantCheck(ALLOW_ALL)) };
  return { root: CHECKOUT, rules: { ...BUNDLES, os }, isAttack: true };
}
