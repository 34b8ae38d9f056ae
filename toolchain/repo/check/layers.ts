// The layers step: every import of the tree against the table in layers.mjs. It must never pass on fewer files than the
// tree has: with a TypeScript that it cannot read, dependency-cruiser finds no module, no violation, and is content.

import { cruise } from 'dependency-cruiser';
import type { ICruiseResult } from 'dependency-cruiser';
import config from '../dependency-cruiser.mjs';
import { DATA_ONLY, LAYERS } from '../layers.mjs';
import type { Outcome } from './step.ts';
import { ROOT, isCode, treeFiles } from './tree.ts';

/** One import that the table does not allow. */
export type Violation = { readonly rule: string; readonly from: string; readonly to: string };

/** Cruises the given files below `root`; `cruised` is the number of them that were read. */
export async function findViolations(
  files: readonly string[],
  root: string,
): Promise<{ cruised: number; violations: Violation[] }> {
  const { forbidden, options } = config;
  const result = await cruise([...files], {
    ...options,
    baseDir: root,
    ruleSet: { forbidden },
    validate: true,
  } as never);
  const output = result.output as ICruiseResult;
  const wanted = new Set(files);
  const cruised = output.modules.filter((module) => wanted.has(module.source)).length;
  const violations = output.summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    // A cycle is named whole: which of its imports is the wrong one is for a person to say.
    to: cycle?.map(({ name }) => name).join(', which imports ') ?? to,
  }));
  return { cruised, violations };
}

export async function checkLayers(root: string = ROOT): Promise<Outcome> {
  const files = treeFiles(root);
  const code = files.filter((file) => isCode(file) && !file.endsWith('.d.ts'));
  const { cruised, violations } = await findViolations(code, root);
  const findings = [
    ...violations.map(({ rule, from, to }) => `${from}: imports ${to} [${rule}]`),
    ...code
      .filter((file) => layersOf(file).length !== 1)
      .map((file) => `${file}: is in ${layersOf(file).length} layers, not in one`),
    ...misplacedCode(files),
    ...(cruised < code.length || cruised === 0
      ? [`only ${cruised} of ${code.length} files were read by dependency-cruiser`]
      : []),
  ];
  return { summary: `${cruised} files, ${Object.keys(LAYERS).length} layers`, findings };
}

/** The layers whose path matches: one for each file in a folder, and a pretended one for a tool's settings at the top. */
function layersOf(file: string): string[] {
  if (!file.includes('/')) return ['top'];
  return Object.keys(LAYERS).filter((name) => new RegExp(LAYERS[name]?.path ?? '').test(file));
}

function misplacedCode(files: readonly string[]): string[] {
  return DATA_ONLY.flatMap(({ path, may }) =>
    files
      .filter((file) => new RegExp(path).test(file) && !may.test(file))
      .map((file) => `${file}: this folder holds data only`),
  );
}
