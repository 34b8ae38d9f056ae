// What `casemate run` can be pointed at: an app folder, an image package, or a bare component, with a manifest or without. Never runs it.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { buildApp, packageComponentFile } from '../build/build-app.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import { readInput } from './files.ts';

export interface TargetOptions {
  readonly cwd: string;
  readonly target: string;
  readonly hardware: string;
  /** The manifest for a bare component; without it the component is granted nothing. */
  readonly grantManifest?: string | undefined;
  /** What the board gives an app, bytes; the board's own limit if absent. */
  readonly memoryLimitBytes?: number | undefined;
  readonly key: SigningKey;
}

const WASM_MAGIC = Uint8Array.of(0x00, 0x61, 0x73, 0x6d);

/** Whether the target is a component alone: a program that is over when it returns. Errors: those of reading a file. */
export async function isBareComponent(cwd: string, target: string): Promise<boolean> {
  const path = resolve(cwd, target);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return false;
  return sameBytes((await readInput(path)).subarray(0, 4), WASM_MAGIC);
}

/** A signed package. Errors: those of the build and of the image format. */
export async function packageOf({
  cwd,
  target,
  hardware,
  grantManifest,
  memoryLimitBytes,
  key,
}: TargetOptions): Promise<Uint8Array> {
  const path = resolve(cwd, target);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    return key.signImage((await buildApp({ folder: path, hardware, memoryLimitBytes })).image);
  }
  const bytes = await readInput(path);
  if (!sameBytes(bytes.subarray(0, 4), WASM_MAGIC)) return key.signImage(bytes);
  const built = await packageComponentFile({
    componentFile: path,
    manifestFile: grantManifest === undefined ? undefined : resolve(cwd, grantManifest),
    hardware,
    memoryLimitBytes,
  });
  return key.signImage(built.image);
}
