// The types step: every TypeScript file is checked under the tsconfig of its layer. It must never leave a file out:
// a file that no tsconfig lists is a finding, because such a file may name anything.

import { join } from 'node:path';
import type ts from 'typescript';
import { diagnosticText, projectsOf } from './programs.ts';
import type { Project } from './programs.ts';
import type { Outcome } from './step.ts';
import { ROOT, treeFiles } from './tree.ts';

const TYPESCRIPT = /\.(ts|tsx)$/;

export function checkTypes(root: string = ROOT): Outcome {
  const files = treeFiles(root);
  const projects = projectsOf(files, root);
  const covered = new Set(projects.flatMap((project) => project.own));
  const typescript = files.filter((file) => TYPESCRIPT.test(file));
  const left = typescript.filter((file) => !covered.has(file));
  const findings = new Set([
    ...left.map((file) => `${file}: no tsconfig.json lists this file`),
    ...projects.flatMap((project) => diagnosticsOf(project, root).map((found) => diagnosticText(found, root))),
    ...(typescript.length === 0 ? ['no TypeScript file was found'] : []),
  ]);
  return { summary: `${typescript.length} files, ${projects.length} tsconfigs`, findings: [...findings] };
}

/** Only the tsconfig's own files: what they import is checked by the tsconfig of its own layer. */
function diagnosticsOf({ program, own, configErrors }: Project, root: string): ts.Diagnostic[] {
  if (own.length === 0) return [...configErrors];
  const found = [...configErrors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  for (const file of own) {
    const source = program.getSourceFile(join(root, file));
    if (source !== undefined)
      found.push(...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source));
  }
  return found;
}
