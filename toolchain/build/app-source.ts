// An app folder as the build sees it: settings, manifest, sources, files for the image. Never takes a manifest with a problem.

import type { ImageFiles } from '../../contracts/core/image-files.ts';
import type { AppFolder } from '../../contracts/wire/app-folder.ts';
import { APP_FOLDER_DEFAULTS, APP_FOLDER_FILE, checkAppFolder } from '../../contracts/wire/app-folder.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import { checkManifest } from '../../contracts/wire/manifest.ts';
import { BuildError, problemsError } from './build-error.ts';
import type { SourceTree } from './source-tree.ts';
import { readSourceTree } from './source-tree.ts';

/** The manifest's name inside an app folder, as Azure Sphere has it. */
export const MANIFEST_FILE = 'app_manifest.json';

export interface AppSource {
  readonly settings: AppFolder;
  readonly manifest: Manifest;
  /** Every file of the folder. */
  readonly tree: SourceTree;
  /** What `files` of casemate.json names, by the path that the app reads it with. */
  readonly imageFiles: ImageFiles;
}

/** Errors: those of the files' formats, `folder-*`, `file-*`, `manifest-missing`. */
export function readAppSource(folder: string): AppSource {
  const tree = readSourceTree(folder);
  const settings = readSettings(tree);
  return { settings, manifest: readManifest(tree, folder), tree, imageFiles: chooseFiles(tree, settings.files) };
}

function readSettings(tree: SourceTree): AppFolder {
  const bytes = tree.get(APP_FOLDER_FILE);
  if (bytes === undefined) return APP_FOLDER_DEFAULTS;
  const verdict = checkAppFolder(bytes);
  if (!verdict.ok) throw problemsError(APP_FOLDER_FILE, verdict.errors);
  return verdict.folder;
}

function readManifest(tree: SourceTree, folder: string): Manifest {
  const bytes = tree.get(MANIFEST_FILE);
  if (bytes === undefined) {
    const hint = `casemate new makes a folder that has one`;
    throw new BuildError('manifest-missing', `${folder} has no ${MANIFEST_FILE}`, { fault: 'caller', hint });
  }
  return parseManifest(bytes);
}

/** Errors: `ManifestErrorCode`. */
export function parseManifest(bytes: Uint8Array, name = MANIFEST_FILE): Manifest {
  const verdict = checkManifest(bytes);
  if (!verdict.ok) throw problemsError(name, verdict.errors);
  return verdict.manifest;
}

/** A listed folder stands for all files below it. */
function chooseFiles(tree: SourceTree, listed: readonly string[]): ImageFiles {
  const chosen = new Map<string, Uint8Array>();
  for (const entry of listed) {
    const found = [...tree].filter(([path]) => path === entry || path.startsWith(`${entry}/`));
    if (found.length === 0) {
      const message = `${APP_FOLDER_FILE} lists ${entry}, which the folder does not have`;
      throw new BuildError('file-missing', message, { fault: 'caller', details: { path: entry } });
    }
    for (const [path, bytes] of found) chosen.set(path, bytes);
  }
  return chosen;
}
