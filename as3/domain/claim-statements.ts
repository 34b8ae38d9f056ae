// Signs what a device binds itself to: its catalog, and whose apps it takes. Never two statements of one epoch, so that a device
// can tell a replay from a change.

import { sameBytes } from '../../contracts/core/bytes.ts';
import {
  claimSignedBytes,
  decodeClaimStatement,
  encodeClaimStatement,
  withClaimSignature,
} from '../../contracts/core/claim-statement.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { DeviceRefusal } from './device-refusal.ts';
import type { KeyStore } from './ports.ts';
import type { PublisherPolicy } from './publisher-keys.ts';
import { signerFor } from './signer-for.ts';

/** Whose signature a catalog's apps need. Errors: `catalog-without-publisher-key`. */
export function publisherOf({ isRequired, key }: PublisherPolicy): Uint8Array | undefined {
  if (!isRequired) return undefined;
  if (key !== undefined) return key.keyId;
  throw new DeviceRefusal('catalog-without-publisher-key', 'the catalog has no publisher key yet', {
    fault: 'caller',
    hint: 'register one under publisherKeys, or say publisherSignature NotRequired',
  });
}

export interface StatementWanted {
  readonly deviceId: DeviceId;
  readonly catalogId: ComponentId;
  /** Of the catalog as it is now: asked for a device that was given no statement yet. */
  readonly policy: () => Promise<PublisherPolicy>;
}

/**
 * The statement that the device was given last: it bound itself to that catalog and publisher, and refuses every other, whatever
 * the catalog says by now. The first one, 256 bytes, is of epoch 1; one that another claim key signed is signed anew with the
 * next epoch. Errors: `catalog-without-publisher-key`.
 */
export async function statementFor(
  { deviceId, catalogId, policy }: StatementWanted,
  given: Uint8Array | undefined,
  keys: KeyStore,
): Promise<Uint8Array> {
  const signer = await signerFor(keys, 'device-claim');
  const last = given === undefined ? undefined : decodeClaimStatement(given);
  if (given !== undefined && last !== undefined && sameBytes(last.keyId, signer.keyId)) return given;
  const publisherKeyId = last === undefined ? publisherOf(await policy()) : last.publisherKeyId;
  const body = encodeClaimStatement({ deviceId, catalogId, publisherKeyId, epoch: (last?.epoch ?? 0) + 1 });
  return withClaimSignature(body, signer.keyId, await signer.sign(claimSignedBytes(body), 'p1363'));
}
