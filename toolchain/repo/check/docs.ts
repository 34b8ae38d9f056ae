// The docs step: what a Markdown file points at exists: links, anchors, paths of the tree, commands. It must never reach
// out to the network; whether a foreign page still stands is not this step's question.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { readMarkdown } from './markdown.ts';
import type { Located, Markdown } from './markdown.ts';
import type { Outcome } from './step.ts';
import { ROOT, foldersOf, treeFiles } from './tree.ts';

const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;
/** Inline code that reads as a path of the tree: below a top folder, without placeholders or wildcards. */
const TREE_PATH = /^(contracts|component|host-apis|runtime|as3|toolchain|rt-firmware|apps|test|docs)\/[\w.@/-]*$/;
const NPM_COMMAND = /\bnpm (?:run ([\w:-]+)|(start|test)\b)/g;
const CASEMATE_COMMAND = /\bnpx casemate ([a-z][a-z0-9-]*)/g;

/** What the Markdown files are held against. */
type Tree = {
  readonly root: string;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly documents: ReadonlyMap<string, Markdown>;
  readonly scripts: ReadonlySet<string>;
};

export function checkDocs(root: string = ROOT): Outcome {
  const files = treeFiles(root);
  const names = files.filter((file) => file.endsWith('.md'));
  const documents = new Map(names.map((file) => [file, readMarkdown(readFileSync(join(root, file), 'utf8'))] as const));
  const tree = { root, files: new Set(files), folders: foldersOf(files), documents, scripts: scriptsOf(root) };
  const findings = [...documents].flatMap(([file, markdown]) => [
    ...markdown.links.flatMap((link) => linkFault(tree, file, link)),
    ...markdown.codeSpans.flatMap((code) => pathFault(tree, file, code)),
    ...markdown.code.flatMap((code) => scriptFaults(tree, file, code)),
  ]);
  findings.push(...commandFaults(tree));
  if (names.length === 0) findings.push('no Markdown file was found');
  return { summary: `${names.length} files`, findings };
}

function exists({ files, folders }: Tree, path: string): boolean {
  const bare = path.replace(/\/$/, '');
  return bare === '.' || files.has(bare) || folders.has(bare);
}

function linkFault(tree: Tree, file: string, { text, line }: Located): string[] {
  if (ELSEWHERE.test(text)) return [];
  const [path = '', anchor] = decodeURI(text).split('#');
  const target = path === '' ? file : posix.join(posix.dirname(file), path);
  if (!exists(tree, target)) return [`${file}:${line}: ${text} points at nothing`];
  const anchors = tree.documents.get(target)?.anchors;
  if (anchor === undefined || anchors === undefined || anchors.has(anchor)) return [];
  return [`${file}:${line}: ${target} has no heading #${anchor}`];
}

function pathFault(tree: Tree, file: string, { text, line }: Located): string[] {
  const path = text.replace(/:\d+(-\d+)?$/, '');
  return TREE_PATH.test(path) && !exists(tree, path) ? [`${file}:${line}: \`${text}\` does not exist`] : [];
}

function scriptFaults({ scripts }: Tree, file: string, { text, line }: Located): string[] {
  const named = [...text.matchAll(NPM_COMMAND)].map(([, script, short]) => script ?? short ?? '');
  return named
    .filter((script) => !scripts.has(script))
    .map((script) => `${file}:${line}: there is no npm script "${script}"`);
}

/** `npx casemate WORD` against the command line's own help, which is only asked when a document names a command. */
function commandFaults({ root, documents }: Tree): string[] {
  const named = [...documents].flatMap(([file, { code }]) =>
    code.flatMap(({ text, line }) =>
      [...text.matchAll(CASEMATE_COMMAND)].map(([, word = '']) => ({ file, line, word })),
    ),
  );
  if (named.length === 0) return [];
  const main = join(root, 'toolchain/cli/main.ts');
  const help = existsSync(main)
    ? spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8', timeout: 30_000 }).stdout
    : '';
  const known = new Set([...help.matchAll(/^\s+([a-z][a-z0-9-]*)/gm)].map(([, word = '']) => word));
  return named
    .filter(({ word }) => !known.has(word))
    .map(({ file, line, word }) => `${file}:${line}: there is no command "casemate ${word}"`);
}

function scriptsOf(root: string): Set<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts?: Record<string, string> };
  return new Set(Object.keys(manifest.scripts ?? {}));
}
