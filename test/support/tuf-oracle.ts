// The TUF client that sigstore and npm update with, over the same repository in memory. Its clock is the host's and its store is a
// folder: that is why it is only a judge here.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import type { TufRepository } from './tuf-repository.ts';

const BASE = 'https://repository.invalid';

class RepositoryFetcher extends BaseFetcher {
  readonly #repository: TufRepository;

  constructor(repository: TufRepository) {
    super();
    this.#repository = repository;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const bytes = this.#repository.files.get(decodeURIComponent(url.slice(BASE.length + 1)));
    if (bytes === undefined) throw new DownloadHTTPError('not found', 404);
    return new Blob([bytes.slice()]).stream();
  }
}

export class TufOracle {
  readonly #folder = mkdtempSync(join(tmpdir(), 'casemate-tuf-oracle-'));
  readonly #fetcher: RepositoryFetcher;

  constructor(repository: TufRepository) {
    this.#fetcher = new RepositoryFetcher(repository);
    writeFileSync(join(this.#folder, 'root.json'), repository.file('1.root.json'));
  }

  /** One update cycle. Why it was refused, or `undefined`. */
  async refresh(): Promise<unknown> {
    const updater = new Updater({ metadataDir: this.#folder, metadataBaseUrl: BASE, fetcher: this.#fetcher });
    return updater.refresh().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
