// The files of the service's page, as they are in as3/web. Never read again: what was started is what is shown.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PageAssets } from '../http/page-server.ts';

export async function readPageAssets(): Promise<PageAssets> {
  const read = (name: string): Promise<string> => readFile(join(import.meta.dirname, '../web', name), 'utf8');
  return { html: await read('page.html'), script: await read('page.js'), style: await read('page.css') };
}
