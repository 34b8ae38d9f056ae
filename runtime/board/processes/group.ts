// The process of several apps of one signer, where the board accepts that they share their grants. Composes only; it has no right to anything.
//
// Started as a compartment is, with this file's bundle on standard input; the same bundle is what its workers run.
// Descriptors: 3 orders of the secure world and words to it, then a pipe pair for each context of the group (docs/architecture.md).

import { sha256 } from '../../adapters/engine-modules.ts';
import { serveOrders } from '../../adapters/group-orders.ts';
import { ThreadHost } from '../../adapters/thread-host.ts';
import { IS_WORKER, WorkerHost, runInWorker } from '../../adapters/worker-host.ts';
import { KeptComponents } from '../../compartment/kept-components.ts';
import { runApp } from '../../compartment/run-app.ts';
import { ThreadApp } from '../../compartment/thread-app.ts';

if (IS_WORKER) runInWorker(runApp);
else {
  const kept = new KeptComponents(sha256);
  serveOrders(({ placement, pipes }, moduleCode) =>
    placement === 'thread'
      ? new ThreadHost(pipes, (parts) => new ThreadApp({ ...parts, kept }))
      : new WorkerHost(pipes, moduleCode),
  );
}
