// Compares the numbers of the wire with their committed list, which only grows. Never lets a number get a second meaning.

/** What the committed list and the code disagree on. */
export interface GoldenDifference {
  /** In the list, no longer so in the code: a change that breaks whoever still speaks the old form. */
  readonly changedOrRemoved: readonly string[];
  /** In the code, not in the list yet. */
  readonly added: readonly string[];
  /** Two lines of the list for one name: a retired line stays, but its name is never used again. */
  readonly repeated: readonly string[];
}

/**
 * `committed`: lines `kind name value`, with blank lines and `#` comments. A line that begins with `retired ` stays reserved: the code
 * must have neither its name nor, in the same kind, its value.
 */
export function compareGolden(committed: string, code: readonly string[]): GoldenDifference {
  const lines = committed.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
  const retired = lines.filter((line) => line.startsWith(RETIRED)).map((line) => line.slice(RETIRED.length));
  const current = lines.filter((line) => !line.startsWith(RETIRED));
  const names = [...current, ...retired].map(nameOf);
  const taken = code.filter((line) => retired.some((old) => nameOf(old) === nameOf(line) || sameNumber(old, line)));
  return {
    changedOrRemoved: [...current.filter((line) => !code.includes(line)), ...taken],
    added: code.filter((line) => !lines.includes(line)),
    repeated: names.filter((name, index) => names.indexOf(name) !== index),
  };
}

const RETIRED = 'retired ';

/** Kind and name. */
function nameOf(line: string): string {
  return line.split(' ').slice(0, 2).join(' ');
}

/** Same kind and same number. Values that are no numbers (a shape, a right) many names may share. */
function sameNumber(a: string, b: string): boolean {
  const [kindA, , ...valueA] = a.split(' ');
  const [kindB, , ...valueB] = b.split(' ');
  return kindA === kindB && valueA.join(' ') === valueB.join(' ') && /^-?[0-9]+$/.test(valueA.join(' '));
}

/** `kind name value` for every member of a table. */
export function goldenTable(kind: string, table: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(table).map(([name, value]) => `${kind} ${name} ${String(value)}`);
}

/** `kind name index` for every element of a list whose order is the wire's. */
export function goldenOrder(kind: string, list: readonly string[]): readonly string[] {
  return list.map((name, index) => `${kind} ${name} ${index}`);
}

/** What a person does about a difference; empty when there is none. */
export function goldenAdvice(file: string, { changedOrRemoved, added, repeated }: GoldenDifference): string {
  const advice = changedOrRemoved.map(
    (line) => `${file} promises "${line}": give it back, or write "retired ${line}" and use a new number`,
  );
  advice.push(...added.map((line) => `add this line to ${file}: ${line}`));
  advice.push(...repeated.map((name) => `${file} has "${name}" twice: a retired name is not used again`));
  return advice.join('\n');
}
