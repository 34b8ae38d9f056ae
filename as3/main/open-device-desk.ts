// Puts attestation, claims and certificates together for a service process. Never makes a key: `openServiceFolder` did.

import { evidenceCrypto } from '../adapters/evidence-crypto.ts';
import { noncePrimitives } from '../adapters/nonce-secret.ts';
import type { ServiceCredentials } from '../adapters/service-folder.ts';
import type { DeviceDesk } from '../domain/device-desk.ts';
import { deviceDesk } from '../domain/device-desk.ts';
import type { Journal } from '../domain/journal.ts';
import type { Clock } from '../domain/ports.ts';
import type { UpdateDesk } from '../domain/update-desk.ts';
import type { OpenStore } from '../store/open-store.ts';

export function openDeviceDesk(
  { pki, keys, ledger, nonceSecret }: ServiceCredentials,
  stores: OpenStore,
  updates: Pick<UpdateDesk, 'publisherKeys' | 'references'>,
  parts: { readonly clock: Clock; readonly journal: Journal },
): DeviceDesk {
  return deviceDesk({
    stores,
    publishers: updates.publisherKeys,
    apps: updates.references,
    pki,
    keys,
    ledger,
    nonceSecret,
    ...parts,
    noncePrimitives,
    evidencePrimitives: evidenceCrypto,
  });
}
