// The lock step: package-lock.json is whole, so that `npm ci` accepts it on every platform. It must never ask a registry:
// npm itself leaves a platform's package out, silently, when the registry it asked does not have it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './step.ts';
import { ROOT } from './tree.ts';

export type LockedPackage = {
  version?: string;
  integrity?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

export type Lock = { packages: Record<string, LockedPackage> };

/** An edge of the lock's graph that leads nowhere. */
export type MissingEntry = {
  readonly by: string;
  readonly name: string;
  readonly wanted: string;
  readonly optional: boolean;
};

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

export function readLock(root: string = ROOT): Lock {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
}

/** What some package of the lock depends on and no entry provides, by Node's rule of the nearest node_modules. */
export function missingEntries({ packages }: Lock): MissingEntry[] {
  return Object.entries(packages).flatMap(([by, entry]) =>
    KINDS.filter((kind) => kind !== 'devDependencies' || by === '').flatMap((kind) =>
      Object.entries(entry[kind] ?? {})
        .filter(([name]) => !resolves(packages, by, name))
        .map(([name, wanted]) => ({ by, name, wanted, optional: kind === 'optionalDependencies' })),
    ),
  );
}

export function checkLock(root: string = ROOT): Outcome {
  const lock = readLock(root);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as LockedPackage;
  const findings = [
    ...missingEntries(lock).map(
      ({ by, name, wanted }) => `package-lock.json: no entry for ${name}@${wanted} of ${by} (npm run lock)`,
    ),
    ...KINDS.filter((kind) => !sameEntries(manifest[kind], lock.packages['']?.[kind])).map(
      (kind) => `package-lock.json: its ${kind} are not those of package.json (npm install --ignore-scripts)`,
    ),
    ...Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies })
      .filter(([, version]) => !/^\d/.test(version))
      .map(([name, version]) => `package.json: ${name} is not pinned: ${version}`),
  ];
  const undigested = Object.entries(lock.packages).filter(
    ([path, entry]) => path !== '' && entry.integrity === undefined,
  );
  findings.push(
    ...undigested
      .filter(([, { optional }]) => optional !== true)
      .map(([path]) => `package-lock.json: ${path} has no digest`),
  );
  const count = Object.keys(lock.packages).length - 1;
  if (count < 1) findings.push('package-lock.json: no package');
  return { summary: `${count} packages`, findings };
}

function resolves(packages: Lock['packages'], from: string, name: string): boolean {
  const steps = from === '' ? [] : from.split('/node_modules/');
  for (let depth = steps.length; depth > 0; depth -= 1) {
    if (packages[`${steps.slice(0, depth).join('/node_modules/')}/node_modules/${name}`] !== undefined) return true;
  }
  return packages[`node_modules/${name}`] !== undefined;
}

function sameEntries(left: Record<string, string> = {}, right: Record<string, string> = {}): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}
