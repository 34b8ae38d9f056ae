// What a compartment's runner says on standard error when it ends, so that a trap is told from an exit. The guest cannot write there.

import type { TrapFacts } from './trap-facts.ts';
import { decodeTrapFacts, encodeTrapFacts } from './trap-facts.ts';

/** Exit codes of the runner when the guest did not end by itself; the last words say which of the two it was. */
export const RUNNER_EXIT = { trap: 254, refused: 253 } as const;

export type LastWords =
  /** `detail` is the engine's message and, where names are present, the wasm stack. */
  | { readonly kind: 'trap'; readonly detail: string; readonly facts?: TrapFacts }
  /** Before the first guest instruction; `code` is of a closed union of the component reader, the linker or the image. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

const MAX_DETAIL = 2000;

export function encodeLastWords(words: LastWords): string {
  const detail = words.detail.slice(0, MAX_DETAIL).replaceAll('\n', ' | ');
  if (words.kind === 'refused') return `casemate refused ${words.code} ${detail}\n`;
  const facts = words.facts === undefined ? '' : `${FACTS}${encodeTrapFacts(words.facts)}\n`;
  return `${facts}casemate trap ${detail}\n`;
}

/** The line before a trap's own. */
const FACTS = 'casemate-facts ';

/** `undefined`: the process said nothing of this form (it was killed, or the engine itself died). */
export function decodeLastWords(text: string): LastWords | undefined {
  const lines = text.split('\n');
  const index = lines.findLastIndex((candidate) => candidate.startsWith('casemate '));
  const line = lines[index];
  const [, kind, rest = ''] = /^casemate (trap|refused) (.*)$/s.exec(line ?? '') ?? [];
  if (kind === 'trap') {
    const before = lines[index - 1] ?? '';
    const facts = before.startsWith(FACTS) ? decodeTrapFacts(before.slice(FACTS.length)) : undefined;
    return { kind, detail: rest, ...(facts !== undefined && { facts }) };
  }
  if (kind !== 'refused') return undefined;
  const space = rest.indexOf(' ');
  return { kind, code: space < 0 ? rest : rest.slice(0, space), detail: space < 0 ? '' : rest.slice(space + 1) };
}
