// What `casemate run` can be pointed at: an app folder, an image package, or a bare component with a manifest. Never runs it.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { buildApp, packageComponentFile } from '../build/build-app.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import { readInput } from './files.ts';
import { CliError } from './outcome.ts';

export interface TargetOptions {
  readonly cwd: string;
  readonly target: string;
  readonly hardware: string;
  /** The manifest for a bare component. */
  readonly grantManifest?: string | undefined;
  readonly key: SigningKey;
}

const WASM_MAGIC = Uint8Array.of(0x00, 0x61, 0x73, 0x6d);

/** A signed package. Errors: `nothing-to-run`, those of the build and of the image format. */
export async function packageOf({ cwd, target, hardware, grantManifest, key }: TargetOptions): Promise<Uint8Array> {
  const path = resolve(cwd, target);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    return key.signImage((await buildApp({ folder: path, hardware })).image);
  }
  const bytes = await readInput(path);
  if (!sameBytes(bytes.subarray(0, 4), WASM_MAGIC)) return key.signImage(bytes);
  if (grantManifest === undefined) {
    throw new CliError('nothing-to-run', `${target} is a bare component, which says nothing of what it may use`, {
      fault: 'caller',
      hint: 'Give it a manifest: --grant-manifest app_manifest.json',
    });
  }
  const built = await packageComponentFile({
    componentFile: path,
    manifestFile: resolve(cwd, grantManifest),
    hardware,
  });
  return key.signImage(built.image);
}
