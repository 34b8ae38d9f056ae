// Opens a Unix socket for the owner of this process alone. Never leaves it to others to connect.

import { chmodSync } from 'node:fs';
import type { Server } from 'node:net';

/** Resolves when `server` listens at this path (mode 0600). Errors: the system's. */
export async function listenForOwner(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, 0o600);
}
