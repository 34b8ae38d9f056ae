// Which offered interface an import means: WASI 0.2 is one interface in all of its patch releases. Never across a minor version, and
// never a release candidate.

/** `wasi:io/poll@0.2.12`: namespace and path, then a release of 0.2. */
const WASI_0_2 = /^(wasi:[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*)@0\.2\.(?:0|[1-9][0-9]{0,8})$/;

/**
 * The name under which a host offers what is imported, or exported, under this one: every patch of WASI 0.2 is `@0.2.0`, every other name
 * is itself. What a patch added is a function more; types are compared one by one all the same.
 *
 * @example
 *   offeredName('wasi:io/poll@0.2.12'); // 'wasi:io/poll@0.2.0'
 *   offeredName('wasi:io/poll@0.3.0');  // 'wasi:io/poll@0.3.0', which nobody offers
 */
export function offeredName(name: string): string {
  const stem = WASI_0_2.exec(name)?.[1];
  return stem === undefined ? name : `${stem}@0.2.0`;
}
