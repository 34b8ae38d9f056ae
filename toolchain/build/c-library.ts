// The C SDK as the compiler sees it: its headers, and its library compiled once in a process. Never part of an app's sources.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '@yowasp/clang';
import { BuildError } from './build-error.ts';
import { runCompiler } from './clang.ts';

const SDK = join(import.meta.dirname, '../sdk/c');

/** What app and library are both compiled with. Plain char is unsigned, as on the Arm cores that the sources were written for. */
export const C_TARGET = [
  '--target=wasm32-wasip1',
  '-Os',
  '-ffunction-sections',
  '-fdata-sections',
  '-funsigned-char',
  '-fno-strict-aliasing',
] as const;

const LIBRARY_FLAGS = ['-std=gnu23', '-Wall', '-Wextra', '-Werror', '-isystem', '/sdk'];

let headers: Tree | undefined;
let library: Promise<SdkObjects> | undefined;

export interface SdkObjects {
  readonly library: Uint8Array;
  /** Linked only when the app calls it. */
  readonly logDebug: Uint8Array;
}

/** The SDK's include folder. */
export function sdkHeaders(): Tree {
  return (headers ??= readTree(join(SDK, 'include')));
}

/** The library's object files. Errors: `tool-broken`. */
export function sdkLibrary(): Promise<SdkObjects> {
  return (library ??= compileLibrary());
}

async function compileLibrary(): Promise<SdkObjects> {
  const files = { sdk: sdkHeaders(), source: readTree(join(SDK, 'source')) };
  const compile = async (unit: string): Promise<Uint8Array> => {
    const result = await runCompiler([...C_TARGET, ...LIBRARY_FLAGS, '-c', `/source/${unit}.c`], files);
    if (result.ok) return result.output;
    throw new BuildError('tool-broken', `the C library does not compile:\n${result.text}`, { fault: 'world' });
  };
  return { library: await compile('library'), logDebug: await compile('log_debug') };
}

function readTree(folder: string): Tree {
  const entries = readdirSync(folder, { withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry): [string, Tree | Uint8Array] => {
      const path = join(folder, entry.name);
      return [entry.name, entry.isDirectory() ? readTree(path) : new Uint8Array(readFileSync(path))];
    }),
  );
}
