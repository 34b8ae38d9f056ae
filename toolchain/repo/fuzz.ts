// `npm run fuzz`: hands over to the fuzz targets, which live with the tests. It must never know one of them.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './check/tree.ts';

const { status } = spawnSync(process.execPath, [join(ROOT, 'test/fuzz/main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
