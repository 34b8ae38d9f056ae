// The rules of the house about comments, which no syntax selector reaches. They must never judge prose beyond its presence:
// whether a sentence is true is for people.

const SHORTEST_SENTENCE = 40;
const DIRECTIVE = /^\s*eslint-disable/;

/** @type {import('eslint').Rule.RuleModule} */
export const opensWithASentence = {
  meta: { type: 'suggestion' },
  create: (context) => ({
    Program(program) {
      const { sourceCode } = context;
      const first = sourceCode
        .getAllComments()
        .find((comment) => !isShebang(comment) && !DIRECTIVE.test(comment.value));
      const token = sourceCode.getFirstToken(program);
      const isFirst = first?.range !== undefined && (token === null || first.range[0] < token.range[0]);
      if (isFirst && textOf(sourceCode, first).length >= SHORTEST_SENTENCE) return;
      const message = 'a file opens with one sentence: what it is for and what it must never do';
      context.report({ loc: { line: 1, column: 0 }, message });
    },
  }),
};

/** @type {import('eslint').Rule.RuleModule} */
export const explainedDisable = {
  meta: { type: 'suggestion' },
  create: (context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!DIRECTIVE.test(comment.value) || /--\s*\S{3}/.test(comment.value) || !comment.loc) continue;
        context.report({
          loc: comment.loc,
          message: 'say why the rule does not hold here: `eslint-disable-next-line RULE -- reason`',
        });
      }
    },
  }),
};

/** @param {{ type: string }} comment */
function isShebang(comment) {
  return comment.type === 'Shebang';
}

/**
 * The comment and the line comments that follow it without a gap.
 * @param {import('eslint').SourceCode} sourceCode
 * @param {import('estree').Comment} first
 */
function textOf(sourceCode, first) {
  const comments = sourceCode.getAllComments();
  let text = '';
  let line = first.loc?.start.line ?? 0;
  for (const comment of comments.slice(comments.indexOf(first))) {
    if (comment.loc === undefined || comment.loc === null || comment.loc.start.line !== line) break;
    text += comment.value;
    line = comment.loc.end.line + 1;
  }
  return text.trim();
}
