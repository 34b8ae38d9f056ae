// What the ROM of this checkout measures of its own ground: itself, and the engine that runs it all. Never of anything on flash.

import process from 'node:process';
import { codeDigest, fileDigest } from '../adapters/file-digest.ts';
import type { RomFacts } from '../monitor/rom/rom.ts';

/** The ROM's own code, as far as it lies in folders of its own: what it measures of itself. */
const ROM_FOLDERS = ['../monitor/rom/', '../monitor/boot/', '../../contracts/core/'];
/** The ROM never changes on a device: its rollback index in the measurement log, and so its version in evidence. */
export const ROM_VERSION = '0';

/** Hashes some hundred MB. */
export function romFacts(): RomFacts {
  return {
    romDigest: codeDigest(ROM_FOLDERS.map((folder) => new URL(folder, import.meta.url))),
    engine: { digest: fileDigest(process.execPath), version: process.version },
  };
}
