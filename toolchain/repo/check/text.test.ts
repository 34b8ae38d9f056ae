// Each forbidden text, put together here so that this file does not hold it, and the nearest text that is allowed.

import test from 'ava';
import { checkedOut } from '../canaries/laid-out.ts';
import { checkText } from './text.ts';

const REFUSED = [
  // the machine of whoever wrote it
  ['a.md', `see ${'/wor'}k/main/a.ts`, 'an absolute path of one machine'],
  ['a.ts', `const log = '${'/tmp'}/bash_jobs/1';`, 'a path of one session'],
  // where packages came from
  ['.npmrc', `//${'registry'}.example.org/:x=y`, 'the host name of a package registry'],
  ['package-lock.json', `"${'resolved'}": "https://example.org/a.tgz"`, 'a package that is pinned to a host'],
  // left behind
  ['a.c', `${'<'.repeat(7)} HEAD`, 'a conflict that was not resolved'],
  ['a.wit', `/// ${'TO'}DO: say more`, 'work that is left'],
  ['a.sh', `ls ../${'shared'}/corpus`, 'a path outside the project'],
] as const;

for (const [at, says, expected] of REFUSED) {
  test(`the text step refuses ${expected} in ${at}`, async (t) => {
    const { findings } = await checkedOut([{ at, says: `first line\n${says}\n` }], (root) => checkText(root));
    t.is(findings.length, 1);
    t.true(findings[0]?.startsWith(`${at}:2: ${expected}`), findings[0]);
  });
}

test('the text step allows what only looks alike', async (t) => {
  const says = 'a/work/b, ~/work, "network/work/x", https://example.org/registry, /tmp/other, todo\n';
  t.deepEqual((await checkedOut([{ at: 'a.md', says }], (root) => checkText(root))).findings, []);
});
