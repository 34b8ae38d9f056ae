// Lays canaries out as a tree of their own beside the real packages, for the length of one piece of work. It must never
// put one inside the checkout: there the check itself would find it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../check/tree.ts';

export type LaidFile = { readonly at: string; readonly says: string };

/** As `laidOut`, for a step that lists the tree itself: the folder is a git checkout that ignores its packages. */
export function checkedOut<T>(files: readonly LaidFile[], work: (root: string) => Promise<T> | T): Promise<T> {
  return laidOut([{ at: '.gitignore', says: 'node_modules\n.casemate\n' }, ...files], async (root) => {
    execFileSync('git', ['init', '--quiet'], { cwd: root });
    return work(root);
  });
}

/** Runs `work` on a temporary folder that holds the files, and removes the folder. */
export async function laidOut<T>(files: readonly LaidFile[], work: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'casemate-canaries-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    for (const { at, says } of files) {
      mkdirSync(dirname(join(root, at)), { recursive: true });
      writeFileSync(join(root, at), says);
    }
    return await work(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
