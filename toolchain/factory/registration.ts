// Tells the profile's authority what a service has to know of this station: its key, and the ground that its devices boot on. Never
// twice for the same: each is a process of its own.

import { readFile, writeFile } from 'node:fs/promises';
import { ROM_VERSION, romFacts } from '../../runtime/board/rom-facts.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { AuthorityClient } from './authority-client.ts';
import type { FactoryKey } from './signing-key.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** `place`: a file that remembers what was told to which authority. Losing it costs time alone. Errors: the authority's own. */
export async function registerStation(
  place: string,
  authority: AuthorityClient,
  anchors: TrustAnchors,
  key: FactoryKey,
): Promise<void> {
  const { romDigest, engine } = romFacts();
  const measurements = [
    { type: 'rom', digest: bytesToHex(romDigest), version: ROM_VERSION },
    { type: 'engine', digest: bytesToHex(engine.digest), version: engine.version },
  ] as const;
  const told = `${JSON.stringify({ authority: bytesToHex(anchors.deviceClaimKey), factory: bytesToHex(key.keyId), measurements })}\n`;
  if ((await textOf(place)) === told) return;
  await authority.trustFactory(key.publicKey);
  for (const measurement of measurements) await authority.allowMeasurement(measurement);
  await writeFile(place, told, { mode: 0o600 });
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
