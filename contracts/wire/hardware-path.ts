// Where an import of a hardware definition may lie, by text alone. Never an absolute path, and never a file that is not .json.

/** Why a path is no import path, or `undefined` if it is one. */
export function importPathProblem(path: string): string | undefined {
  if (path.length > 255) return `${path.length} characters`;
  if (path.includes('\\')) return 'a backslash';
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'a control character';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'an absolute path';
  if (path.split('/').includes('')) return 'an empty segment';
  return path.endsWith('.json') ? undefined : 'no .json file';
}

/**
 * The places to look at, in order: beside the importing file; then in each search folder, as it is written and in the folder that is
 * named like the file, since an SDK keeps `mt3620_rdb.json` in `mt3620_rdb/`. A search folder is never left upwards.
 *
 * ```ts
 * importCandidates('app/hw.json', 'mt3620_rdb.json', ['sdk']);
 * // ['app/mt3620_rdb.json', 'sdk/mt3620_rdb.json', 'sdk/mt3620_rdb/mt3620_rdb.json']
 * ```
 */
export function importCandidates(importer: string, path: string, searchFolders: readonly string[]): readonly string[] {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const own = `${file.slice(0, -'.json'.length)}/${file}`;
  const inside = normalPath(path).startsWith('../') ? [own] : [path, own];
  const candidates = [normalPath(`${folderOf(importer)}/${path}`)];
  for (const folder of searchFolders) candidates.push(...inside.map((name) => normalPath(`${folder}/${name}`)));
  return [...new Set(candidates)];
}

/** One spelling for one file: no `.`, no `..` but at the front, no doubled slash. */
export function normalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (segment !== '..' || !path.startsWith('/')) kept.push(segment);
  }
  return (path.startsWith('/') ? '/' : '') + kept.join('/');
}

function folderOf(file: string): string {
  const slash = file.lastIndexOf('/');
  if (slash === 0) return '/.';
  return slash < 0 ? '.' : file.slice(0, slash);
}
