// `npm run format [-- PATH...]`: rewrites the code of the tree, or below the paths, as Prettier would. It must never
// touch prose, data or C.

import { relative, resolve } from 'node:path';
import { formatTree } from './check/format.ts';
import { ROOT } from './check/tree.ts';

const { summary, findings } = await formatTree(process.argv.slice(2).map((path) => relative(ROOT, resolve(path))));
for (const finding of findings) console.error(finding);
console.log(summary);
process.exitCode = findings.length > 0 ? 1 : 0;
