// Plain columns for people. Never for programs: they ask for --json.

/** Rows under an optional head, each column as wide as its widest cell. */
export function table(head: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const lines = head === undefined ? rows : [head, ...rows];
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
