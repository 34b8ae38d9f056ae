// The C compiler and linker in this process (clang and lld as WebAssembly, with their sysroot). Never sees a file of this
// machine: all that it may read is handed in, under paths of its own.

import type { Tree } from '@yowasp/clang';
import { commands, Exit, runLLVM } from '@yowasp/clang';
import { BuildError } from './build-error.ts';

export type ToolResult =
  /** `text`: warnings. */
  | { readonly ok: true; readonly output: Uint8Array; readonly text: string }
  | { readonly ok: false; readonly text: string };

/** clang's files do not know `..`; a folder that stands for itself makes it resolve them (clang's VFS overlay). */
const OVERLAY = 'overlay.json';

let loaded: Promise<unknown> | undefined;

/** Starts loading (some 100 MB, a second) so that it is done when the first source is. */
export function loadClang(): Promise<unknown> {
  // Without a listener the tool prints its progress on standard output.
  loaded ??= Promise.resolve(runLLVM(undefined, {}, { fetchProgress: () => undefined }));
  return loaded;
}

/** Compiles one source. `files` are its whole world: `{ app: { 'main.c': bytes } }` is `/app/main.c`. */
export async function runCompiler(args: readonly string[], files: Tree): Promise<ToolResult> {
  const roots = Object.keys(files).map((name) => {
    return { type: 'directory-remap', name: `/${name}`, 'external-contents': `/${name}` };
  });
  const overlay = JSON.stringify({ version: 0, roots });
  const all = ['-ivfsoverlay', `/${OVERLAY}`, ...args, '-o', '/output'];
  return run('clang', all, { ...files, [OVERLAY]: overlay });
}

/** Links objects to a core module. */
export function runLinker(args: readonly string[], files: Tree): Promise<ToolResult> {
  return run('wasm-ld', [...args, '-o', '/output'], files);
}

async function run(tool: 'clang' | 'wasm-ld', args: readonly string[], files: Tree): Promise<ToolResult> {
  await loadClang();
  const decoder = new TextDecoder();
  let text = '';
  const collect = (bytes: Uint8Array | null): void => {
    text += bytes === null ? '' : decoder.decode(bytes, { stream: true });
  };
  try {
    const after = await commands[tool]([...args], files, { stdout: collect, stderr: collect, decodeASCII: false });
    const output = after?.['output'];
    if (output instanceof Uint8Array) return { ok: true, output, text };
    throw new BuildError('tool-broken', `${tool} made nothing: ${text}`, { fault: 'world' });
  } catch (error) {
    if (error instanceof Exit) return { ok: false, text };
    if (error instanceof BuildError) throw error;
    throw new BuildError('tool-broken', `${tool} died: ${text || String(error)}`, { fault: 'world', cause: error });
  }
}
