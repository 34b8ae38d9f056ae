// Which storage calls must be allowed and which denied: with and without the grant, paths that lead out of it, the quota and one more.
// A guest without the grant has no folder to name in such a call: only a runner that was taken over can say it.

import type { AppFunction } from '../../contracts/wire/app-call.ts';
import type { ProbeCall, ProbeRequest, ProbeStep, Recipe, Stop } from './probe-call.ts';

type StorageFunction = Extract<AppFunction, `storage.${string}`>;

/** Paths that must never become a file of anybody: upwards, absolute, upwards from within, with an empty name, with a NUL. */
const ESCAPES = ['../stolen', '/etc/passwd', 'a/../../stolen', 'a//b', 'a\u0000b', '..'] as const;

/** How each function is called on one path. */
const CALLS: Readonly<Record<StorageFunction, (path: string) => ProbeRequest>> = {
  'storage.stat': (path) => ({ function: 'storage.stat', path }),
  'storage.list': () => ({ function: 'storage.list', path: '' }),
  'storage.create': (path) => ({ function: 'storage.create', path, kind: 'file' }),
  'storage.read': (path) => ({ function: 'storage.read', path, offset: 0, length: 1 }),
  'storage.write': (path) => ({ function: 'storage.write', path, offset: 0, bytes: Uint8Array.of(1) }),
  'storage.resize': (path) => ({ function: 'storage.resize', path, size: 1 }),
  'storage.rename': (path) => ({ function: 'storage.rename', path, to: `${path}.new` }),
  'storage.remove': (path) => ({ function: 'storage.remove', path, kind: 'file' }),
  'storage.sync': () => ({ function: 'storage.sync' }),
};
/** These name no file, or make it. */
const WITHOUT_FILE: ReadonlySet<StorageFunction> = new Set(['storage.list', 'storage.create', 'storage.sync']);
const WITHOUT_PATH: ReadonlySet<StorageFunction> = new Set(['storage.list', 'storage.sync']);

export function storageRecipe(fn: StorageFunction): Recipe {
  return ({ grants: { storageBytes } }) => {
    const base = { function: fn, scene: 'alone', sayable: 'runner', before: [] } as const;
    const path = `kit-${fn.replace('.', '-')}`;
    const ungranted = { error: 'access-denied', layer: 'broker', check: `grant:${fn}` } as const satisfies Stop;
    const call = CALLS[fn](path);
    if (storageBytes === 0) return [{ ...base, resource: 'storage', granted: false, call, stop: ungranted }];
    const before: readonly ProbeStep[] = WITHOUT_FILE.has(fn) ? [] : [{ request: CALLS['storage.create'](path) }];
    const escape = { error: 'invalid-argument', layer: 'driver', check: 'path:storage' } as const satisfies Stop;
    const escapes = WITHOUT_PATH.has(fn)
      ? []
      : ESCAPES.map((outside): ProbeCall => {
          return { ...base, resource: JSON.stringify(outside), granted: false, call: CALLS[fn](outside), stop: escape };
        });
    return [
      { ...base, resource: 'storage', granted: true, before, call },
      ...escapes,
      ...overQuota(fn, storageBytes).map((over): ProbeCall => {
        const stop = { error: 'no-space', layer: 'driver', check: 'quota:storage' } as const satisfies Stop;
        const file = [{ request: CALLS['storage.create'](`${path}-full`) }];
        return { ...base, resource: 'the quota and one byte more', granted: false, before: file, call: over, stop };
      }),
    ];
  };
}

function overQuota(fn: StorageFunction, storageBytes: number): readonly ProbeRequest[] {
  const path = `kit-${fn.replace('.', '-')}-full`;
  if (fn === 'storage.resize') return [{ function: fn, path, size: storageBytes + 1 }];
  if (fn === 'storage.write') return [{ function: fn, path, offset: storageBytes, bytes: Uint8Array.of(1) }];
  return [];
}
