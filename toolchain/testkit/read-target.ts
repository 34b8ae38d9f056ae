// What the kit can be pointed at: an app folder, an image package, or a bare manifest. Only the manifest of it is used, and nothing is built.

import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { decodeImage } from '../../contracts/core/image.ts';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { checkPackagedManifest, resolveManifest } from '../../contracts/wire/manifest-package.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import { parseManifest, readAppSource } from '../build/app-source.ts';
import { problemsError } from '../build/build-error.ts';
import type { BoardHardware } from '../build/hardware.ts';
import { loadHardware } from '../build/hardware.ts';
import { sha256 } from './sign-matrix.ts';
import { TestkitError } from './testkit-error.ts';

const OPEN_BRACE = 0x7b;
const BYTE_ORDER_MARK = 0xef;

/** `hardware`: a board's name for `$NAME`s, in place of what casemate.json says. Errors: `target-unreadable`, those of manifest and image. */
export function readTarget(target: string, cwd: string, hardware: string): PackagedManifest {
  const path = resolve(cwd, target);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) {
    const { manifest, settings, tree } = readAppSource(path);
    return resolved(manifest, loadHardware({ from: 'app', name: settings.hardware, tree }));
  }
  if (stat?.isFile() !== true || stat.size > IMAGE_MAX_BYTES)
    throw new TestkitError('target-unreadable', `${target} is no app folder, image or manifest`, { fault: 'caller' });
  const bytes = new Uint8Array(readFileSync(path));
  if (bytes[0] === OPEN_BRACE || bytes[0] === BYTE_ORDER_MARK || bytes[0] === 0x20 || bytes[0] === 0x0a)
    return resolved(parseManifest(bytes, basename(path)), loadHardware({ from: 'disk', name: hardware }));
  const verdict = checkPackagedManifest(decodeImage(bytes, sha256).manifest);
  if (!verdict.ok) throw problemsError(basename(path), verdict.errors);
  return verdict.packaged;
}

function resolved(manifest: Manifest, board: BoardHardware): PackagedManifest {
  const verdict = resolveManifest(manifest, board.hardware);
  if (!verdict.ok) throw problemsError(basename(board.name), verdict.errors);
  return verdict.packaged;
}
