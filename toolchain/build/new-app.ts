// Makes an app folder from a template, with a name and an id of its own. Never writes into a folder that has something in it.

import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { MANIFEST_FILE } from './app-source.ts';
import { BuildError } from './build-error.ts';

const TEMPLATES = join(import.meta.dirname, 'templates');
/** Template folder per language. */
const TEMPLATE_OF: Readonly<Record<string, string>> = { c: 'c-blink' };

export interface NewAppOptions {
  readonly lang: string;
  /** The manifest's Name; absent: the folder's. */
  readonly name?: string | undefined;
}

export interface NewApp {
  readonly folder: string;
  readonly name: string;
  readonly componentId: string;
  /** Paths inside the folder. */
  readonly files: readonly string[];
}

/** Errors: `language-not-supported`, `folder-not-empty`, `folder-not-writable`. */
export function newApp(dir: string, { lang, name }: NewAppOptions): NewApp {
  const template = Object.hasOwn(TEMPLATE_OF, lang) ? TEMPLATE_OF[lang] : undefined;
  if (template === undefined) {
    const hint = `languages: ${Object.keys(TEMPLATE_OF).join(', ')}`;
    throw new BuildError('language-not-supported', `there is no template for ${lang}`, { fault: 'caller', hint });
  }
  const folder = resolve(dir);
  makeFolder(folder);
  if (readdirSync(folder).length > 0) {
    throw new BuildError('folder-not-empty', `${dir} has something in it`, {
      fault: 'caller',
      hint: 'name a new folder',
    });
  }
  cpSync(join(TEMPLATES, template), folder, { recursive: true });
  const appName = name ?? basename(folder);
  const componentId = randomUUID();
  const file = join(folder, MANIFEST_FILE);
  const manifest = readFileSync(file, 'utf8').replace('"app"', () => JSON.stringify(appName));
  writeFileSync(file, manifest.replace('00000000-0000-0000-0000-000000000000', componentId));
  const readme = join(folder, 'README.md');
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace('# app', () => `# ${appName}`),
  );
  return { folder, name: appName, componentId, files: readdirSync(folder).sort() };
}

/** Errors: `folder-not-writable`. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new BuildError(
      'folder-not-writable',
      `cannot make ${folder}: ${(cause as NodeJS.ErrnoException).code ?? ''}`,
      {
        fault: 'caller',
        hint: 'name a place that you may write to',
        cause,
      },
    );
  }
}
