// Cuts a .wast script of the component model's reference tests into its commands. Text of components stays text: wasm-tools parses it.

export type Sexp = string | readonly Sexp[];

export interface WastForm {
  /** As it stands in the file. */
  readonly text: string;
  readonly line: number;
  /** Atoms keep their quotes, so that `"run"` and `$run` differ. */
  readonly tree: readonly Sexp[];
}

/** The top-level forms of a script. */
export function wastForms(source: string): readonly WastForm[] {
  const tokens = [...source.matchAll(/;;[^\n]*|\(;[\s\S]*?;\)|"(?:\\.|[^"\\])*"|[()]|[^\s()";]+/g)];
  const forms: WastForm[] = [];
  const open: Sexp[][] = [];
  let start = 0;
  for (const { 0: token, index } of tokens) {
    if (token.startsWith(';;') || token.startsWith('(;')) continue;
    if (token === '(') {
      if (open.length === 0) start = index;
      open.push([]);
      continue;
    }
    if (token !== ')') {
      open.at(-1)?.push(token);
      continue;
    }
    const closed = open.pop();
    if (closed === undefined) throw new Error(`a parenthesis too many at ${index}`);
    const parent = open.at(-1);
    if (parent !== undefined) parent.push(closed);
    else {
      const line = source.slice(0, start).split('\n').length;
      forms.push({ text: source.slice(start, index + 1), line, tree: closed });
    }
  }
  return forms;
}

/** A quoted atom's text. */
export function unquote(atom: Sexp | undefined): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(unquoteBytes(atom));
}

/** A quoted atom's bytes, which need not be text: `(module binary "\00asm")`. */
export function unquoteBytes(atom: Sexp | undefined): Uint8Array {
  if (typeof atom !== 'string' || !atom.startsWith('"'))
    throw new Error(`a string is wanted, not ${JSON.stringify(atom)}`);
  const bytes: number[] = [];
  const body = atom.slice(1, -1);
  for (let index = 0; index < body.length;) {
    const [match = '', hex, code, simple] =
      /^\\(?:([0-9a-fA-F]{2})|u\{([0-9a-fA-F]+)\}|(.))/.exec(body.slice(index)) ?? [];
    if (match === '') {
      const character = String.fromCodePoint(body.codePointAt(index) ?? 0);
      bytes.push(...new TextEncoder().encode(character));
      index += character.length;
      continue;
    }
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else {
      const text =
        code === undefined ? (ESCAPES[simple ?? ''] ?? simple ?? '') : String.fromCodePoint(Number.parseInt(code, 16));
      bytes.push(...new TextEncoder().encode(text));
    }
    index += match.length;
  }
  return Uint8Array.from(bytes);
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };
