// SHA-256 of files of the host, for what the ROM measures of its own ground. Never of anything on the device's flash.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';

/** Of a file's content, in parts: the engine's binary has some hundred MB. */
export function fileDigest(path: string): Uint8Array {
  const hash = createHash('sha256');
  const part = new Uint8Array(4 * 1024 * 1024);
  const descriptor = openSync(path, 'r');
  try {
    for (let got = readSync(descriptor, part); got > 0; got = readSync(descriptor, part))
      hash.update(part.subarray(0, got));
  } finally {
    closeSync(descriptor);
  }
  return new Uint8Array(hash.digest());
}

/** Of the code in these folders (tests and prose left out): name and content of each file, by name. */
export function codeDigest(folders: readonly URL[]): Uint8Array {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const names = readdirSync(folder).filter((name) => /^[^.]+[.][jt]s$/.test(name));
    for (const name of names.sort()) {
      const content = readFileSync(new URL(name, folder));
      hash.update(`${name}\n${content.length}\n`).update(content);
    }
  }
  return new Uint8Array(hash.digest());
}
