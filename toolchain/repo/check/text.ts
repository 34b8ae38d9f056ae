// The text step: nothing in the tree names the machine it was written on or the registry its packages came from. It must
// never be silenced file by file, but for the one place that a row names.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './step.ts';
import { ROOT, treeFiles } from './tree.ts';

type ForbiddenText = {
  readonly pattern: RegExp;
  readonly why: string;
  /** The files that may hold it. */
  readonly but?: readonly string[];
};

// A letter in brackets keeps each pattern from matching its own line.
const FORBIDDEN: readonly ForbiddenText[] = [
  { pattern: /(?<![\w.~-])\/wor[k]\/\w[\w./-]*/, why: 'an absolute path of one machine' },
  { pattern: /\/tm[p]\/bash/, why: 'a path of one session' },
  { pattern: /\bregistr[y]\.[a-z]+\.[a-z]{2,}/, why: 'the host name of a package registry' },
  { pattern: /"resolved["]: "https?:/, why: 'a package that is pinned to a host (omit-lockfile-registry-resolved)' },
  { pattern: /\.\.\/share[d]\b/, why: 'a path outside the project', but: ['test/support/corpus.ts', 'test/README.md'] },
  { pattern: /^(<{7}|>{7}) /m, why: 'a conflict that was not resolved' },
  {
    pattern: /\b(TOD[O]|FIXM[E])\b/,
    why: 'work that is left: do it, or say in the docs what is missing',
    but: ['toolchain/repo/canaries/lint-canaries.ts'],
  },
];

export function checkText(root: string = ROOT): Outcome {
  const findings: string[] = [];
  let looked = 0;
  for (const path of treeFiles(root)) {
    const text = readFileSync(join(root, path), 'latin1');
    // Binary: WebAssembly, keys, pictures. The licence is not our text.
    if (text.includes('\0') || path === 'LICENSE') continue;
    looked += 1;
    for (const { pattern, why, but } of FORBIDDEN) {
      const found = pattern.exec(text);
      if (found !== null && but?.includes(path) !== true)
        findings.push(`${path}:${lineAt(text, found.index)}: ${why}: ${found[0]}`);
    }
  }
  if (looked === 0) findings.push('no file was looked at');
  return { summary: `${looked} files`, findings };
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
