// Plain columns for people, safe to show whoever chose the words. Never for programs: they ask for --json.

import { terminalLine } from './terminal-text.ts';

/** Rows under an optional head, each column as wide as its widest cell. A head without any says so: a reader might think it cut off. */
export function table(head: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const lines = (head === undefined ? rows : [head, ...rows]).map((line) => line.map(terminalLine));
  if (head !== undefined && rows.length === 0) lines.push(['(none)']);
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
