// `npm run lock`: gives package-lock.json the entries of other platforms that npm left out because the registry it asked
// does not have them. It must never touch an entry that is there, nor invent one that is not optional.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingEntries, readLock } from './check/lock.ts';
import type { LockedPackage } from './check/lock.ts';
import { ROOT } from './check/tree.ts';

const lock = readLock();
const missing = missingEntries(lock);
for (const { name, wanted } of missing.filter(({ optional }) => optional)) {
  lock.packages[`node_modules/${name}`] = platformPackage(name, wanted);
  console.log(`${name} ${wanted}`);
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([left], [right]) => (left < right ? -1 : 1)));
writeFileSync(join(ROOT, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);

const required = missing.filter(({ optional }) => !optional);
for (const { by, name } of required) console.error(`${name} of ${by} is missing and not optional`);
process.exitCode = required.length > 0 ? 1 : 0;

/** Where it belongs is written in its name, as by every toolchain that publishes one package for each platform. */
function platformPackage(name: string, version: string): LockedPackage {
  const words = name.split(/[/-]/);
  const found = (known: readonly string[]): string[] => known.filter((word) => words.includes(word));
  const libc = found(['gnu', 'musl']).map((word) => (word === 'gnu' ? 'glibc' : word));
  return {
    version,
    cpu: found(['x64', 'arm64', 'arm', 'ia32', 'riscv64']),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    os: found(['linux', 'darwin', 'win32', 'freebsd']),
  };
}
