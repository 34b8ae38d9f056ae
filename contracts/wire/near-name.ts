// Finds the name that was probably meant. Never costs more than a bound, whatever the names are.

/** Longer names are not compared: nobody typed them. */
const NAME_MAX = 128;
/** More candidates than any board has names. */
const CANDIDATES_MAX = 2048;

/**
 * The candidate that differs least from `name`: at most a third of its length, and never more than 3 edits (insert, delete, replace,
 * swap of neighbours). Letter case counts nothing. `undefined`: nothing is near.
 *
 * ```ts
 * nearestName('Gpoi', ['Gpio', 'Uart']); // 'Gpio'
 * ```
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > NAME_MAX) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestEdits = Math.min(3, Math.ceil(name.length / 3)) + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen > CANDIDATES_MAX) break;
    if (Math.abs(candidate.length - name.length) >= bestEdits) continue;
    const edits = editDistance(wanted, candidate.toLowerCase(), bestEdits);
    if (edits >= bestEdits) continue;
    best = candidate;
    bestEdits = edits;
  }
  return best;
}

/** `did you mean "Gpio"?`, or the other hint when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>, otherwise: string): string {
  const near = nearestName(name, candidates);
  return near === undefined ? otherwise : `did you mean ${JSON.stringify(near)}?`;
}

/**
 * Optimal string alignment within a band of `limit` beside the diagonal, since no path outside it can stay below `limit`. Answers
 * `limit` as soon as the distance cannot be below it.
 */
function editDistance(a: string, b: string, limit: number): number {
  let previous: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let least = i;
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j++) {
      const replace = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(at(row, j) + 1, at(next, j - 1) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, at(previous, j - 2) + 1);
      next[j] = edits;
      least = Math.min(least, edits);
    }
    if (least >= limit) return limit;
    previous = row;
    row = next;
  }
  return at(row, b.length);
}

/** Outside the band a row has holes. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
