import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { corpus } from '../../../test/support/corpus.ts';
import { checkManifest } from '../manifest.ts';

/** File → its problems as `code path`, sorted; none: the manifest is good. */
function expectations(): ReadonlyMap<string, readonly string[]> {
  const verdicts = new Map<string, string[]>();
  let problems: string[] = [];
  for (const line of readFileSync(join(import.meta.dirname, 'manifests.txt'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    if (!line.startsWith('  ')) verdicts.set(line, (problems = []));
    else if (line !== '  ok') problems.push(line.slice(2));
  }
  return verdicts;
}

function manifestsOf(t: ExecutionContext): { file: string; bytes: Uint8Array }[] | undefined {
  const folder = corpus(t, 'manifests');
  if (folder === undefined) return undefined;
  return readdirSync(folder).map((file) => ({ file, bytes: readFileSync(join(folder, file)) }));
}

test('every published manifest has the verdict that the table expects', (t) => {
  const manifests = manifestsOf(t);
  if (manifests === undefined) return;
  const expected = expectations();
  let compared = 0;
  for (const { file, bytes } of manifests) {
    const verdict = expected.get(file);
    if (verdict === undefined) continue;
    compared++;
    t.deepEqual(
      checkManifest(bytes)
        .errors.map(({ code, path }) => `${code} ${path}`)
        .sort(),
      verdict,
      file,
    );
  }
  t.is(compared, expected.size, 'every row of the table is about a file of the corpus');
});

test('a published manifest that the table does not know is refused for reasons of the same classes alone', (t) => {
  const manifests = manifestsOf(t);
  if (manifests === undefined) return;
  const classes = ['key-missing', 'application-type-not-supported', 'capability-not-supported', 'value-malformed'];
  for (const { file, bytes } of manifests) {
    const others = checkManifest(bytes).errors.filter(({ code }) => !classes.includes(code));
    t.deepEqual(others, [], file);
  }
});
