// Puts images, deployments, director and reports together for a service process on one state folder. Never makes an authority: the
// service's own start did.

import { join } from 'node:path';
import { sha256, withAuthority } from '../adapters/authority-folder.ts';
import { componentCheck } from '../adapters/validate-component.ts';
import { verifyEs256 } from '../adapters/verify-es256.ts';
import type { Journal } from '../domain/journal.ts';
import type { Clock } from '../domain/ports.ts';
import type { UpdateDesk } from '../domain/update-desk.ts';
import { updateDesk } from '../domain/update-desk.ts';
import type { OpenStore } from '../store/open-store.ts';

/** `state`: the folder that `openServiceFolder` has opened. Errors: `AuthorityErrorCode`. */
export async function openUpdateDesk(
  state: string,
  stores: OpenStore,
  parts: { readonly clock: Clock; readonly newId: () => string; readonly journal: Journal },
): Promise<UpdateDesk> {
  const opened = { clock: parts.clock, mayMake: false } as const;
  const { keys, tufRoot } = await withAuthority(join(state, 'authority'), opened, async ({ keys, anchors }) => ({
    keys,
    tufRoot: anchors.tufRoot,
  }));
  return updateDesk({ stores, keys, tufRoot, ...parts, sha256, verifyEs256, components: componentCheck() });
}
