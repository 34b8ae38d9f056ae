// C sources to a core module. Same sources, same bytes: no path, time or name of this machine gets in.

import { dirname } from 'node:path/posix';
import type { Tree } from '@yowasp/clang';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { BuildError } from './build-error.ts';
import type { SdkObjects } from './c-library.ts';
import { C_TARGET, sdkHeaders, sdkLibrary } from './c-library.ts';
import { runCompiler, runLinker } from './clang.ts';
import { memoryOverLimit } from './memory-need.ts';
import type { SourceTree } from './source-tree.ts';

export interface CSources {
  /** The whole app folder: sources find their headers in it. */
  readonly tree: SourceTree;
  /** `entry` of casemate.json: all sources in its folder and below belong to the app. Absent: those of the whole app folder. */
  readonly entry: string | undefined;
  /** Generated headers by file name, included as `<hw/NAME>`. */
  readonly hardwareHeaders: ReadonlyMap<string, string>;
  readonly memoryLimitBytes: number;
}

export interface CoreBuild {
  readonly core: Uint8Array;
  /** What the compiler and the linker said, as they said it; empty when they were content. */
  readonly warnings: string;
}

/** The stack lies below the data, so that it runs into a trap and not into variables. No published sample needs more than 8.5 KiB. */
const STACK_BYTES = 16 * 1024;
const WARNINGS = ['-Wall', '-Wno-pointer-sign'];
const LIBRARIES = ['-L/usr/lib/wasm32-wasip1', '-L/usr/lib/wasm32-unknown-wasip1', '-lc', '-lclang_rt.builtins'];
const LINK = [
  '-m',
  'wasm32',
  '--no-entry',
  '--gc-sections',
  '--strip-all',
  '--stack-first',
  '-z',
  `stack-size=${STACK_BYTES}`,
];

/** Errors: `source-missing`, `compile-failed`, `link-failed`, `memory-over-limit`, `tool-broken`. */
export async function compileC(sources: CSources): Promise<CoreBuild> {
  const paths = chooseSources(sources);
  const files = {
    app: nested(sources.tree),
    sdk: sdkHeaders(),
    hardware: { hw: Object.fromEntries(sources.hardwareHeaders) },
  };
  const library = await sdkLibrary();
  const objects: Uint8Array[] = [];
  let warnings = '';
  let failed = false;
  for (const path of paths) {
    const args = [...C_TARGET, '-std=gnu11', ...WARNINGS, '-ffile-prefix-map=/app/=', '-I/app', '-isystem', '/sdk'];
    const result = await runCompiler([...args, '-isystem', '/hardware', '-c', `/app/${path}`], files);
    warnings += asInFolder(result.text);
    if (result.ok) objects.push(result.output);
    else failed = true;
  }
  // Every source has been tried: a person wants all findings at once.
  if (failed) throw new BuildError('compile-failed', warnings.trimEnd(), { fault: 'caller' });
  const linked = await link(objects, library, sources.memoryLimitBytes);
  return { core: linked.core, warnings: warnings + linked.warnings };
}

async function link(
  objects: readonly Uint8Array[],
  { library, logDebug }: SdkObjects,
  limitBytes: number,
): Promise<CoreBuild> {
  const names = objects.map((_, index) => `${index}.o`);
  const own = Object.fromEntries(objects.map((object, index) => [`${index}.o`, object]));
  const files = { ...own, 'library.o': library, 'log_debug.o': logDebug };
  const args = [...LINK, ...names, 'library.o', '--start-lib', 'log_debug.o', '--end-lib', ...LIBRARIES];
  const maximum = Math.floor(limitBytes / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
  const result = await runLinker([...args, `--max-memory=${maximum}`], files);
  if (result.ok) return { core: result.output, warnings: result.text };
  // If it links without the limit, the limit was the reason, and the module says how much it needs.
  const unlimited = await runLinker(args, files);
  if (!unlimited.ok) throw new BuildError('link-failed', result.text.trimEnd(), { fault: 'caller' });
  const [memory] = readCoreModule(unlimited.output).memories;
  throw memoryOverLimit((memory?.initial ?? 0) * WASM_PAGE_BYTES, limitBytes);
}

function chooseSources({ tree, entry }: CSources): readonly string[] {
  const folder = entry === undefined ? '.' : dirname(entry);
  const sources = [...tree.keys()].filter(
    (path) => path.endsWith('.c') && (folder === '.' || path.startsWith(`${folder}/`)),
  );
  if (sources.length > 0 && (entry === undefined || sources.includes(entry))) return sources;
  const what = entry === undefined ? 'no C source' : `no C source ${entry}`;
  throw new BuildError('source-missing', `the app folder has ${what}`, {
    fault: 'caller',
    hint: 'write a main.c with main()',
  });
}

/** Paths as the author knows them. */
function asInFolder(text: string): string {
  return text.replaceAll('/app/', '');
}

function nested(tree: SourceTree): Tree {
  const root: Tree = {};
  for (const [path, bytes] of tree) {
    const segments = path.split('/');
    const name = segments.pop() ?? path;
    let folder = root;
    for (const segment of segments) {
      const next = folder[segment];
      folder = folder[segment] = typeof next === 'object' && !(next instanceof Uint8Array) ? next : {};
    }
    folder[name] = bytes;
  }
  return root;
}
