// How AVA finds and runs the tests: as they stand, since Node strips the types. It must never build anything.

import { availableParallelism } from 'node:os';

export default {
  files: ['**/*.test.ts', '!**/node_modules/**', '!.casemate/**', '!bench-results/**'],
  extensions: ['ts'],
  // Tests start processes, send signals and change the working folder: a thread could do none of these alone.
  workerThreads: false,
  concurrency: Math.max(2, availableParallelism()),
  // Without any test ending for so long; a longer test says so itself with t.timeout().
  timeout: '2m',
};
