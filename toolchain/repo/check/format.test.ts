// Proves that the format step names what it would rewrite, remembers nothing wrong, and writes nothing.

import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedOut } from '../canaries/laid-out.ts';
import type { LaidFile } from '../canaries/laid-out.ts';
import { checkFormat, formatTree } from './format.ts';
import { ROOT } from './tree.ts';

const SETTINGS: LaidFile[] = ['.prettierrc.json', '.prettierignore'].map((at) => ({
  at,
  says: readFileSync(join(ROOT, at), 'utf8'),
}));
const UGLY = { at: 'runtime/a.ts', says: 'export const a = "a"' };
const PROSE = { at: 'a.md', says: '| a | b |\n|-|-|\n' };
const C = { at: 'a.c', says: 'int  a;' };

test('checkFormat() names an unformatted file twice in a row, and leaves prose and C alone', async (t) => {
  await checkedOut([...SETTINGS, UGLY, PROSE, C], async (root) => {
    const named = ['runtime/a.ts: not formatted (npm run format)'];
    t.deepEqual((await checkFormat(root)).findings, named);
    t.deepEqual((await checkFormat(root)).findings, named);
    t.is(readFileSync(join(root, UGLY.at), 'utf8'), UGLY.says);
  });
});

test('formatTree() rewrites below the given paths only', async (t) => {
  await checkedOut([...SETTINGS, UGLY, { ...UGLY, at: 'as3/a.ts' }], async (root) => {
    await formatTree(['as3'], root);
    t.is(readFileSync(join(root, 'as3/a.ts'), 'utf8'), "export const a = 'a';\n");
    t.deepEqual((await checkFormat(root)).findings, ['runtime/a.ts: not formatted (npm run format)']);
  });
});

test('checkFormat() names a file that does not parse', async (t) => {
  await checkedOut([...SETTINGS, { at: 'a.ts', says: 'export const = ;' }], async (root) => {
    t.regex((await checkFormat(root)).findings.join(), /^a.ts: /);
  });
});
