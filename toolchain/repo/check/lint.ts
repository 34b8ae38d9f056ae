// The lint step: ESLint over every code file, with the types of the programs that the types step built. It must never
// pass on no file, nor pass over a file that ESLint thinks is ignored.

import { join, relative } from 'node:path';
import { ESLint } from 'eslint';
import { takeProgramsFrom } from '../lint/program-parser.mjs';
import { projectsOf } from './programs.ts';
import type { Outcome } from './step.ts';
import { ROOT, isCode, treeFiles } from './tree.ts';

/** One place that a rule refuses; a file that does not parse has `parse` for a rule, and may have no place. */
export type Fault = {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly rule: string;
};

/** Lints the code among `files` below `root`; the types come from the tsconfigs among them. */
export async function findFaults(files: readonly string[], root: string): Promise<{ linted: number; faults: Fault[] }> {
  const programs = new Map(
    projectsOf(files, root).flatMap(({ own, program }) => own.map((file) => [join(root, file), program] as const)),
  );
  // Plain JavaScript is linted without types: its config switches the rules off that would need them.
  takeProgramsFrom((path) => (/\.tsx?$/.test(path) ? programs.get(path) : undefined));
  const eslint = new ESLint({ cwd: root, overrideConfigFile: join(ROOT, 'eslint.config.mjs') });
  const results = await eslint.lintFiles(files.filter(isCode).map((file) => join(root, file)));
  const faults = results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, column, message, ruleId }) => ({
      path: relative(root, filePath),
      line: (line as number | undefined) ?? 1,
      column: (column as number | undefined) ?? 1,
      message,
      rule: ruleId ?? 'parse',
    })),
  );
  return { linted: results.length, faults };
}

export async function checkLint(root: string = ROOT): Promise<Outcome> {
  const files = treeFiles(root);
  const wanted = files.filter(isCode).length;
  const { linted, faults } = await findFaults(files, root);
  const findings = faults.map(
    ({ path, line, column, message, rule }) => `${path}:${line}:${column}: ${message} [${rule}]`,
  );
  if (linted < wanted || wanted === 0) findings.push(`only ${linted} of ${wanted} files were linted`);
  return { summary: `${linted} files`, findings };
}
