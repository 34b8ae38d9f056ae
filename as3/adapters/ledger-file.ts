// The authority's ledger: one JSON line for each thing that it signed, allowed or issued. Never rewritten, and an entry is on the
// disk before what it is about leaves the authority.

import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthorityError } from '../domain/authority-error.ts';
import type { Ledger, LedgerEntry } from '../domain/ledger.ts';
import { parseLedgerLine } from '../domain/ledger.ts';
import { readBoundedFile } from './durable-file.ts';

const FILE = 'ledger.jsonl';
/** Some 200,000 entries. */
const MAX_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 10;

export class LedgerFile implements Ledger {
  readonly #path: string;
  #read: { readonly stamp: string; readonly entries: readonly LedgerEntry[] } | undefined;

  /** `folder` is the authority's. */
  constructor(folder: string) {
    this.#path = join(folder, FILE);
  }

  /** An authority that has signed nothing yet has no ledger. */
  async entries(): Promise<readonly LedgerEntry[]> {
    const stamp = await this.#stamp();
    if (stamp === undefined) return [];
    if (this.#read?.stamp === stamp) return this.#read.entries;
    const bytes = await readBoundedFile(this.#path, MAX_BYTES, false);
    // A line without its end is one that the power cut off: what it was about never left the authority.
    const whole = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
    const lines = new TextDecoder().decode(whole).split('\n').slice(0, -1);
    const entries = lines.map(parseLedgerLine);
    this.#read = { stamp, entries };
    return entries;
  }

  /** Adds it, unless it is there already. Its caller holds the folder. */
  async add(entry: LedgerEntry): Promise<void> {
    const line = JSON.stringify(entry);
    const known = await this.entries();
    if (known.some((other) => JSON.stringify(other) === line)) return;
    const file = await open(this.#path, 'a+', 0o600);
    try {
      await cutTornLine(file);
      await file.appendFile(`${line}\n`);
      await file.sync();
    } catch (cause) {
      throw new AuthorityError('authority-folder-unusable', `cannot write ${this.#path}: ${(cause as Error).message}`, {
        fault: 'world',
        cause,
      });
    } finally {
      await file.close();
    }
  }

  /** What tells one state of the file from another: it only grows. */
  async #stamp(): Promise<string | undefined> {
    try {
      const { ino, size, mtimeMs } = await stat(this.#path);
      return `${ino} ${size} ${mtimeMs}`;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new AuthorityError('authority-folder-unusable', `cannot read ${this.#path}: ${(cause as Error).message}`, {
        fault: 'world',
        cause,
      });
    }
  }
}

/** Else the next line would be glued to it, and both be lost. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const bytes = await file.readFile();
  const end = bytes.lastIndexOf(LINE_FEED) + 1;
  if (end < bytes.length) await file.truncate(end);
}
