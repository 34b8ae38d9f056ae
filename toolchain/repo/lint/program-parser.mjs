// The TypeScript parser of the lint, which takes its types from programs that were built already when there are some (the
// check), and finds tsconfigs itself when there are none (an editor). It must never build a second program for a file.

import tseslint from 'typescript-eslint';

const { parseForESLint } = /** @type {typeof import('@typescript-eslint/parser')} */ (
  /** @type {unknown} */ (tseslint.parser)
);

/** @type {(path: string) => import('typescript').Program | undefined} */
let programOf = () => undefined;

/**
 * From now on the parser takes the types of the file at an absolute path from `find(path)`.
 * @param {(path: string) => import('typescript').Program | undefined} find
 */
export function takeProgramsFrom(find) {
  programOf = find;
}

export const programParser = {
  meta: { name: 'program-parser', version: '1' },
  /**
   * @param {string} text
   * @param {import('@typescript-eslint/parser').ParserOptions} options
   */
  parseForESLint(text, options) {
    const program = options.filePath === undefined ? undefined : programOf(options.filePath);
    if (program === undefined) return parseForESLint(text, options);
    return parseForESLint(text, { ...options, programs: [program], projectService: false });
  },
};
