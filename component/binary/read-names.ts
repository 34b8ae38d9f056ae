// Reads the names of a component: labels of types and parameters, and names of imports and exports (Explainer.md, "Import and Export
// Definitions"). It must never repair a name: two readers that spell one name differently would disagree on what is granted.

import { ComponentError } from '../component-error.ts';
import type { BinaryReader } from './binary-reader.ts';

const WORD = '(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)';
/**
 * Words of one case, the first with a letter in front, joined by hyphens. A word of digits alone is of both cases: it is written so that no
 * text matches in two ways, or a name of fifty bytes, `a-1-1-1` and so on, would be tried in 2^25 of them.
 */
const LABEL = `${WORD}(?:-(?:[0-9]+${WORD}?|${WORD}))*`;
const VERSION = String.raw`@[0-9]+(?:\.[0-9A-Za-z-]+)*(?:\+[0-9A-Za-z.-]+)?`;
const LABEL_ONLY = new RegExp(`^${LABEL}$`);
const EXTERN = new RegExp(
  [
    `^${LABEL}$`,
    `^\\[(?:constructor|async)\\]${LABEL}$`,
    `^\\[(?:async )?(?:method|static)\\]${LABEL}\\.${LABEL}$`,
    // An interface with its namespaces, package and version.
    `^${LABEL}(?::${LABEL})+(?:/${LABEL})+(?:${VERSION})?$`,
    // A dependency or a digest in place of a name: nothing on a device offers one, and none is refused for it by its bytes.
    '^(?:(?:unlocked-dep|locked-dep|url)=<[^<]+>(?:,integrity=<[^<>]*>)?|integrity=<[^<>]*>)$',
  ].join('|'),
);

/** The name of a field, case, flag, enum member or parameter. Errors: `component-malformed`. */
export function readLabel(reader: BinaryReader): string {
  const name = reader.name();
  if (!LABEL_ONLY.test(name)) throw new ComponentError('component-malformed', `"${name}" is no label`);
  return name;
}

/** importname' and exportname': 0x00 and 0x01 stand before the same name. Errors: `component-malformed`, `feature-not-supported`. */
export function readExternName(reader: BinaryReader): string {
  const code = reader.u8();
  if (code === 0x02) throw new ComponentError('feature-not-supported', 'a name with a version suffix');
  if (code > 0x01) throw new ComponentError('component-malformed', `name kind 0x${code.toString(16)}`);
  const name = reader.name();
  if (!EXTERN.test(name))
    throw new ComponentError('component-malformed', `"${name}" is no name of an import or export`);
  return name;
}
