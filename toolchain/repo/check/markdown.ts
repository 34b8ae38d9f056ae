// Takes a Markdown text apart as far as the docs step needs: links, anchors, code. It must never try to be a renderer;
// what it does not know it leaves out.

export type Markdown = {
  /** The targets of links and pictures, as written, with their line. */
  readonly links: readonly Located[];
  /** The texts of inline code outside fenced blocks. */
  readonly codeSpans: readonly Located[];
  /** Inline code and the lines of fenced blocks. */
  readonly code: readonly Located[];
  /** What `#...` can point at: one slug per heading, as GitHub makes them, and explicit `<a id>`. */
  readonly anchors: ReadonlySet<string>;
};

export type Located = { readonly text: string; readonly line: number };

const FENCE = /^\s*(```|~~~)/;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/;
const CODE_SPAN = /(`+)(.+?)\1/g;
const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const REFERENCE = /^\s*\[[^\]]+\]:\s+(\S+)/;
const EXPLICIT_ANCHOR = /<a\s+(?:id|name)="([^"]+)"/g;

export function readMarkdown(text: string): Markdown {
  const links: Located[] = [];
  const codeSpans: Located[] = [];
  const fenced: Located[] = [];
  const headings: string[] = [];
  const anchors = new Set<string>();
  let inFence = false;
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    if (FENCE.test(content)) inFence = !inFence;
    else if (inFence) fenced.push({ text: content, line });
    else {
      for (const [, , code = ''] of content.matchAll(CODE_SPAN)) codeSpans.push({ text: code, line });
      const prose = content.replaceAll(CODE_SPAN, '`');
      for (const [, target = ''] of prose.matchAll(LINK)) links.push({ text: target, line });
      const reference = REFERENCE.exec(prose)?.[1];
      if (reference !== undefined) links.push({ text: reference, line });
      for (const [, name = ''] of content.matchAll(EXPLICIT_ANCHOR)) anchors.add(name);
      const heading = HEADING.exec(content)?.[1];
      if (heading !== undefined) headings.push(heading);
    }
  }
  for (const slug of slugsOf(headings)) anchors.add(slug);
  return { links, codeSpans, code: [...codeSpans, ...fenced], anchors };
}

/** GitHub's anchors: lower case, no punctuation, hyphens for spaces, and a number from the second of the same on. */
function slugsOf(headings: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}
