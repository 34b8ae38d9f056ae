// CBOR of unknown origin, read strictly: one encoding for each value, no float, no meaning for any tag. Never used by the monitor.

import { decode } from 'cbor2';
import { Tag } from 'cbor2/tag';

/** Deeper than any message of ours: tag, array, map, list, component. */
const MAX_DEPTH = 8;

/** What comes out: integers, bytes, texts, true, false, null, arrays, maps, tags. Anything may be anywhere. */
export type DecodedCbor = unknown;

/**
 * The one value of these bytes, or `undefined` if they are not exactly one value in deterministic encoding (RFC 8949, section
 * 4.2.1): then there are not two byte strings for one token, and no reader that takes another of two equal keys.
 */
export function decodeCbor(bytes: Uint8Array): DecodedCbor {
  try {
    return decode(Uint8Array.from(bytes), {
      cde: true,
      preferMap: true,
      ignoreGlobalTags: true,
      rejectFloats: true,
      rejectSimple: true,
      rejectUndefined: true,
      maxDepth: MAX_DEPTH,
    });
  } catch {
    return undefined; // cbor2 throws errors of many kinds, RangeError and TypeError among them; all say: not CBOR that we take
  }
}

/** The content of this tag, or `undefined`. */
export function untagged(value: DecodedCbor, tag: number): DecodedCbor {
  return value instanceof Tag && value.tag === tag ? value.contents : undefined;
}
