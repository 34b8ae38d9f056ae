// Says what a folder weighs, for the line after an installation; it must never follow a link out of the folder.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The sum of the file sizes below `folder`, in whole megabytes (10^6 bytes).
 * @param {string} folder
 * @returns {number}
 */
export function folderMegabytes(folder) {
  return Math.round(folderBytes(folder) / 1e6);
}

/**
 * @param {string} folder
 * @returns {number}
 */
function folderBytes(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += folderBytes(path);
    else if (entry.isFile()) bytes += lstatSync(path).size;
  }
  return bytes;
}
