// Documents with one fault each, and the finding that must name it.

import test from 'ava';
import { checkedOut } from '../canaries/laid-out.ts';
import { checkDocs } from './docs.ts';
import { readMarkdown } from './markdown.ts';

const CLI = "console.log('Usage: casemate\\n\\nCommands:\\n  up [options]  starts\\n');\n";
const TREE = [
  { at: 'package.json', says: '{"scripts":{"start":"x","check":"x"}}' },
  { at: 'toolchain/cli/main.ts', says: CLI },
  { at: 'docs/other.md', says: '# Other page\n\n## A `part`, twice\n\n## A part, twice\n\n<a id="named"></a>\n' },
];

async function findingsOf(says: string): Promise<readonly string[]> {
  return (await checkedOut([...TREE, { at: 'docs/page.md', says }], (root) => checkDocs(root))).findings;
}

const REFUSED = [
  // a link to a file, an anchor in another file, one in this file
  ['[a](missing.md)', 'docs/page.md:1: missing.md points at nothing'],
  ['[a](other.md#nothing)', 'docs/page.md:1: docs/other.md has no heading #nothing'],
  ['# Title\n[a](#titel)', 'docs/page.md:2: docs/page.md has no heading #titel'],
  ['[a]: ../gone.png', 'docs/page.md:1: ../gone.png points at nothing'],
  // a path that reads as one of the tree
  ['see `toolchain/cli/mian.ts`', 'docs/page.md:1: `toolchain/cli/mian.ts` does not exist'],
  ['see `runtime/nowhere/`', 'docs/page.md:1: `runtime/nowhere/` does not exist'],
  // commands, in a line and in a block
  ['`npm run chekc`', 'docs/page.md:1: there is no npm script "chekc"'],
  ['```\nnpm test\n```', 'docs/page.md:2: there is no npm script "test"'],
  ['```\nnpx casemate pu\n```', 'docs/page.md:2: there is no command "casemate pu"'],
] as const;

for (const [says, expected] of REFUSED) {
  test(`the docs step refuses ${JSON.stringify(says)}`, async (t) => t.deepEqual(await findingsOf(says), [expected]));
}

const ALLOWED = [
  // what exists, in every form of a link
  '[a](other.md) [b](./other.md#other-page) [c](../toolchain/) [d](other.md#a-part-twice-1) [e](other.md#named)',
  '[a](https://example.org/gone) and <mailto:nobody@example.org>',
  // a path with a line, a folder, and a placeholder that is no path
  '`toolchain/cli/main.ts:1` `toolchain/cli` `docs/adr/NNNN-*.md` `apps/<name>`',
  'npm start and `npm run check`, or `npx casemate up --once`',
  // a link inside code is code
  '`[a](missing.md)`\n\n```\n[b](missing.md)\n```',
];

for (const says of ALLOWED) {
  test(`the docs step allows ${JSON.stringify(says)}`, async (t) => t.deepEqual(await findingsOf(says), []));
}

test('readMarkdown() makes the anchors that GitHub makes', (t) => {
  const { anchors } = readMarkdown('# `run()` & *its* errors\n## Über [links](a.md)\n```\n# not one\n```\n');
  t.deepEqual([...anchors], ['run--its-errors', 'über-links']);
});
