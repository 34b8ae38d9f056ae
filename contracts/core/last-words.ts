// What a compartment's runner says on standard error when it ends, so that a trap is told from an exit. The guest cannot write there.

/** Exit codes of the runner when the guest did not end by itself; the last words say which of the two it was. */
export const RUNNER_EXIT = { trap: 254, refused: 253 } as const;

export type LastWords =
  /** `detail` is the engine's message and, where names are present, the wasm stack. */
  | { readonly kind: 'trap'; readonly detail: string }
  /** Before the first guest instruction; `code` is of a closed union of the component reader, the linker or the image. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

const MAX_DETAIL = 2000;

export function encodeLastWords(words: LastWords): string {
  const detail = words.detail.slice(0, MAX_DETAIL).replaceAll('\n', ' | ');
  return words.kind === 'trap' ? `casemate trap ${detail}\n` : `casemate refused ${words.code} ${detail}\n`;
}

/** `undefined`: the process said nothing of this form (it was killed, or the engine itself died). */
export function decodeLastWords(text: string): LastWords | undefined {
  const line = text.split('\n').findLast((candidate) => candidate.startsWith('casemate '));
  const [, kind, rest = ''] = /^casemate (trap|refused) (.*)$/s.exec(line ?? '') ?? [];
  if (kind === 'trap') return { kind, detail: rest };
  if (kind !== 'refused') return undefined;
  const space = rest.indexOf(' ');
  return { kind, code: space < 0 ? rest : rest.slice(0, space), detail: space < 0 ? '' : rest.slice(space + 1) };
}
