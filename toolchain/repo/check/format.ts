// The format step and `npm run format`: Prettier over the files that .prettierignore leaves. The step must never write
// to the tree; it remembers what it found well formatted, because that answer depends on nothing but text and settings.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as prettier from 'prettier';
import type { Outcome } from './step.ts';
import { ROOT, treeFiles } from './tree.ts';

const MEMORY = '.casemate/formatted.json';

/** A file whose text is not what Prettier would write; `formatted` is what it would. */
type Unformatted = { readonly path: string; readonly formatted: string };

export async function checkFormat(root: string = ROOT): Promise<Outcome> {
  const { looked, unformatted, broken } = await lookAt(root);
  const findings = [...broken, ...unformatted.map(({ path }) => `${path}: not formatted (npm run format)`)];
  if (looked === 0) findings.push('no file was looked at');
  return { summary: `${looked} files`, findings };
}

/**
 * Rewrites what is not formatted, below the given paths if there are any. A file that does not parse is left alone and
 * named.
 */
export async function formatTree(paths: readonly string[] = [], root: string = ROOT): Promise<Outcome> {
  const isMeant = (file: string): boolean =>
    paths.length === 0 || paths.some((path) => file === path || file.startsWith(`${path}/`));
  const { looked, unformatted, broken } = await lookAt(root, isMeant);
  for (const { path, formatted } of unformatted) writeFileSync(join(root, path), formatted);
  return { summary: `${looked} files, ${unformatted.length} rewritten`, findings: broken };
}

async function lookAt(
  root: string,
  isMeant = (_file: string): boolean => true,
): Promise<{ looked: number; unformatted: Unformatted[]; broken: string[] }> {
  const options = await prettier.resolveConfig(join(root, 'package.json'));
  const salt = `${prettier.version}${JSON.stringify(options)}`;
  const known = remembered(root);
  const good = new Set<string>();
  const unformatted: Unformatted[] = [];
  const broken: string[] = [];
  let looked = 0;
  for (const path of treeFiles(root).filter(isMeant)) {
    const info = await prettier.getFileInfo(join(root, path), { ignorePath: join(root, '.prettierignore') });
    if (info.ignored || info.inferredParser === null) continue;
    looked += 1;
    const text = readFileSync(join(root, path), 'utf8');
    const digest = createHash('sha256').update(`${salt}\0${info.inferredParser}\0${text}`).digest('base64');
    if (!known.has(digest)) {
      try {
        const formatted = await prettier.format(text, { ...options, parser: info.inferredParser });
        if (formatted !== text) unformatted.push({ path, formatted });
      } catch (error) {
        broken.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (unformatted.at(-1)?.path !== path) good.add(digest);
  }
  remember(root, good);
  return { looked, unformatted, broken };
}

function remembered(root: string): Set<string> {
  try {
    return new Set(JSON.parse(readFileSync(join(root, MEMORY), 'utf8')) as string[]);
  } catch {
    return new Set<string>();
  }
}

function remember(root: string, digests: ReadonlySet<string>): void {
  mkdirSync(dirname(join(root, MEMORY)), { recursive: true });
  writeFileSync(join(root, MEMORY), JSON.stringify([...digests]));
}
