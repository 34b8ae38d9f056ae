// Unmodified WASI programs for tests: C with the whole of libc, and the stock adapter around it, as other toolchains make them. It must never
// use a header or a library of ours.

import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { runCompiler, runLinker } from '../../toolchain/build/clang.ts';
import type { WasiParts } from '../oracle/wasi/install.ts';

const LIBRARIES = ['-L/usr/lib/wasm32-wasip1', '-L/usr/lib/wasm32-unknown-wasip1', '-lc', '-lclang_rt.builtins'];

/** A component of the world `wasi:cli/command` from one C source. `stackBytes`: a small one makes the component fit a small board. */
export async function wasiCommand(source: string, parts: WasiParts, stackBytes = 16 * 1024): Promise<Uint8Array> {
  const compiled = await runCompiler(['--target=wasm32-wasip1', '-Os', '-c', '/app/main.c'], {
    app: { 'main.c': source },
  });
  if (!compiled.ok) throw new Error(compiled.text);
  const crt = '/usr/lib/wasm32-wasip1/crt1-command.o';
  const args = ['-m', 'wasm32', '--gc-sections', '--strip-all', '--stack-first', '-z', `stack-size=${stackBytes}`];
  const linked = await runLinker([...args, crt, 'main.o', ...LIBRARIES], { 'main.o': compiled.output });
  if (!linked.ok) throw new Error(linked.text);
  return componentNew(linked.output, [['wasi_snapshot_preview1', parts.commandAdapter]]);
}
