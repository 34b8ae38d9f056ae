// Builds one TypeScript program per tsconfig.json, all in one process over shared source files, for the types step and
// the lint step. It must never check a layer with another layer's settings: what a layer may name is its tsconfig's word.

import { join, relative } from 'node:path';
import ts from 'typescript';
import { ROOT } from './tree.ts';

/** A tsconfig, the program made from it, and the files that it lists itself (not those that these import). */
export type Project = {
  readonly config: string;
  readonly program: ts.Program;
  readonly own: readonly string[];
  readonly configErrors: readonly ts.Diagnostic[];
};

const CONFIG = /(^|\/)tsconfig\.json$/;
let shared: { key: string; projects: Project[] } | undefined;

/** The programs of every `tsconfig.json` among `files`; asked again for the same files, the same programs. */
export function projectsOf(files: readonly string[], root: string = ROOT): readonly Project[] {
  const configs = files.filter((file) => CONFIG.test(file));
  const key = [root, ...configs].join('\0');
  if (shared?.key !== key) shared = { key, projects: buildProjects(configs, root) };
  return shared.projects;
}

function buildProjects(configs: readonly string[], root: string): Project[] {
  const sources = new Map<string, ts.SourceFile | undefined>();
  return configs.map((config) => {
    const path = join(root, config);
    const parsed = ts.parseJsonConfigFileContent(
      ts.readConfigFile(path, (name) => ts.sys.readFile(name)).config,
      ts.sys,
      join(path, '..'),
      undefined,
      path,
    );
    const program = ts.createProgram({
      rootNames: parsed.fileNames,
      options: parsed.options,
      host: sharingHost(parsed.options, sources),
    });
    const own = parsed.fileNames.map((file) => relative(root, file));
    // A folder without TypeScript yet (18003: no inputs were found) is not a fault of its tsconfig.
    return { config, program, own, configErrors: parsed.errors.filter((error) => error.code !== 18003) };
  });
}

/** A host that parses each file once for all programs; the key holds what parsing and binding depend on. */
function sharingHost(options: ts.CompilerOptions, sources: Map<string, ts.SourceFile | undefined>): ts.CompilerHost {
  const plain = ts.createCompilerHost(options);
  const bindKey = JSON.stringify([options.target, options.module, options.jsx, options.allowJs, options.checkJs]);
  return {
    ...plain,
    getSourceFile: (name, version, onError) => {
      const format = typeof version === 'object' ? version.impliedNodeFormat : undefined;
      const key = `${name}\0${format}\0${bindKey}`;
      if (!sources.has(key)) sources.set(key, plain.getSourceFile(name, version, onError));
      return sources.get(key);
    },
  };
}

/** A diagnostic as `path(line,column): error TSn: text`, with the path relative to the checkout. */
export function diagnosticText(diagnostic: ts.Diagnostic, root: string = ROOT): string {
  return ts
    .formatDiagnostic(diagnostic, {
      getCurrentDirectory: () => root,
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n',
    })
    .trimEnd();
}
