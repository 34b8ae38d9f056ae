// Lists the files that belong to the project: what git tracks, and what it would track. It must never name an ignored
// file (packages, state folders), nor one that is deleted but not yet committed.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The top of the checkout. */
export const ROOT = join(import.meta.dirname, '../../..');

const CODE = /\.(ts|tsx|mts|cts|mjs|cjs|js|jsx)$/;

/** Every file of the project below `root`, as sorted paths relative to it, with `/` between folders. */
export function treeFiles(root: string = ROOT): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path))).sort();
}

/** True for TypeScript and JavaScript, which types, lint, layers and format look at. */
export function isCode(path: string): boolean {
  return CODE.test(path);
}

/** Every folder that holds one of the files, however deep, without a slash at the end. */
export function foldersOf(files: readonly string[]): Set<string> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = dirname(file); folder !== '.' && !folders.has(folder); folder = dirname(folder))
      folders.add(folder);
  }
  return folders;
}
