// Prints benchmark rows for a person. It must never round away the difference that the ratio states.

import type { Row } from './benchmark.ts';

const HEAD = ['case', 'n', 'min', 'median', 'p99', 'max', 'unit', 'against', 'its median', 'ratio'];
const TEXT_COLUMNS = new Set(['case', 'unit', 'against']);

export function tableOf(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return TEXT_COLUMNS.has(HEAD[column] ?? '') ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

function cellsOf({ case: name, unit, n, min, median, p99, max, against, ratio }: Row): string[] {
  return [
    name,
    String(n),
    figure(min),
    figure(median),
    p99 === undefined ? '' : figure(p99),
    figure(max),
    unit,
    against?.what ?? '',
    against === null ? '' : figure(against.median),
    ratio === null ? '' : `×${figure(ratio)}`,
  ];
}

/** Four significant digits, without an exponent. */
function figure(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toString() : Number(value.toPrecision(4)).toString();
}
