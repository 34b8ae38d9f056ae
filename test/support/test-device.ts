// A device of a test, as a service sees one: a factory that endorses it, an identity key that signs evidence, the keys of its two
// certificates. It must never need a board: what it sends is put together from the contracts.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { withAuthority } from '../../as3/adapters/authority-folder.ts';
import type { LedgerEntry } from '../../as3/domain/ledger.ts';
import { NO_CATALOG } from '../../contracts/core/image.ts';
import type { ImageKind } from '../../contracts/core/image.ts';
import type { EvidenceClaims, EvidenceComponent } from '../../contracts/core/evidence.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { toLowS } from '../../contracts/core/p256.ts';
import type { AttestAnswer } from '../../contracts/wire/device-api.ts';
import {
  encodeEndorsement,
  endorsementSignedBytes,
  withEndorsementSignature,
} from '../../contracts/wire/endorsement-file.ts';
import { nodeCrypto } from '../../runtime/adapters/node-crypto.ts';
import { COMPONENTS, EvidenceSigner } from './evidence.ts';
import type { Answer, ServiceBench } from './service-bench.ts';

export const TEST_BOARD = 'bench';
/** What a device of a test boots: the stages, and no app. */
export const BOOT_STAGES: readonly EvidenceComponent[] = COMPONENTS.slice(0, 6);

interface Pair {
  readonly privateKey: KeyObject;
  /** SEC 1 point. */
  readonly point: Uint8Array;
}

function newPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, point: Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)) };
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export class TestFactory {
  readonly #key = newPair();
  readonly publicKey = this.#key.point;
  readonly keyId = nodeCrypto.sha256(this.#key.point);

  /** A signed endorsement file. */
  endorse(deviceIds: readonly DeviceId[], board = TEST_BOARD): Uint8Array {
    const body = encodeEndorsement(deviceIds.map((deviceId) => ({ deviceId, board })));
    const key = { key: this.#key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return withEndorsementSignature(body, this.keyId, toLowS(sign('sha256', endorsementSignedBytes(body), key)));
  }
}

/** What an authority that made and signed `BOOT_STAGES`, and trusts `factory`, has in its ledger. */
export function testLedger(factory: TestFactory): readonly LedgerEntry[] {
  const stages = BOOT_STAGES.map(({ measurementType: type, digest, version }): LedgerEntry => {
    const hex = bytesToHex(digest);
    if (type === 'rom' || type === 'engine') return { entry: 'measurement', type, digest: hex, version };
    return {
      entry: 'image',
      kind: type as ImageKind,
      componentId: '6b0f6a4e-52a5-4c0e-9d6c-0a1f4f1d7c0f' as ComponentId,
      catalogId: NO_CATALOG,
      rollbackIndex: Number(version),
      digest: hex,
      signerKeyId: '64'.repeat(32),
    };
  });
  return [...stages, { entry: 'factory', keyId: bytesToHex(factory.keyId), key: bytesToHex(factory.publicKey) }];
}

/** Adds entries to the ledger of the service in `state`; it reads them at the next request. */
export async function recordInLedger(state: string, entries: readonly LedgerEntry[]): Promise<void> {
  const clock = { nowMs: () => Date.now() };
  await withAuthority(join(state, 'authority'), { clock, mayMake: true }, async ({ ledger }) => {
    for (const entry of entries) await ledger.add(entry);
  });
}

/** What a device holds after it attested. */
export interface TestAttestation {
  readonly answer: AttestAnswer;
  /** PEM of key and chain, for `askDevice`. */
  readonly update: string;
  readonly customer: string;
}

export class TestDevice extends EvidenceSigner {
  readonly id: DeviceId = this.claims().deviceId;
  #certificateKeys = { update: newPair(), customer: newPair() };
  #boot = { bootCount: 1, bootSeed: Uint8Array.from(randomBytes(32)) };

  /** Power off and on. */
  restart(): void {
    this.#boot = { bootCount: this.#boot.bootCount + 1, bootSeed: Uint8Array.from(randomBytes(32)) };
  }

  /** The private key of the update certificate, which signs reports. */
  get updateKey(): KeyObject {
    return this.#certificateKeys.update.privateKey;
  }

  /** A token over `nonce`; `keys`: one that asks for certificates, with keys of its own. */
  evidence(nonce: Uint8Array, keys: boolean, changes: Partial<EvidenceClaims> = {}): Uint8Array {
    if (keys) this.#certificateKeys = { update: newPair(), customer: newPair() };
    const { update, customer } = this.#certificateKeys;
    const wanted = keys ? { certificateKey: update.point, customerKey: customer.point } : {};
    return this.token({ nonce, board: TEST_BOARD, components: BOOT_STAGES, ...this.#boot, ...wanted, ...changes });
  }

  /** Asks the service for a nonce of its own. */
  async nonce(bench: ServiceBench): Promise<Uint8Array> {
    const { body } = await bench.askDevice('POST', '/device/v1/nonce', { body: { deviceId: this.id } });
    return Uint8Array.from(Buffer.from(body['nonce'] as string, 'base64'));
  }

  /** The service's answer to evidence over a fresh nonce. */
  async tryAttest(bench: ServiceBench, changes: Partial<EvidenceClaims> = {}): Promise<Answer> {
    const evidence = this.evidence(await this.nonce(bench), true, changes);
    return bench.askDevice('POST', '/device/v1/attest', { body: { evidence: base64(evidence) } });
  }

  /** Attests, and keeps what it gets. Throws when it is refused. */
  async attest(bench: ServiceBench): Promise<TestAttestation> {
    const { status, body } = await this.tryAttest(bench);
    if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`);
    const answer = body as unknown as AttestAnswer;
    const { update, customer } = this.#certificateKeys;
    return {
      answer,
      update: `${pemOf(update.privateKey)}${answer.certificates.update}`,
      customer: `${pemOf(customer.privateKey)}${answer.certificates.customer}`,
    };
  }

  /** Claims it into the group at `path` (`/subscriptions/…/deviceGroups/NAME`) by its own evidence. */
  async claim(bench: ServiceBench, path: string): Promise<Answer> {
    const query = '?api-version=2024-04-01';
    const catalog = path.slice(0, path.indexOf('/products/'));
    const { body } = await bench.ask('POST', `${catalog}/retrieveClaimNonce${query}`);
    const nonce = Uint8Array.from(Buffer.from(body['nonce'] as string, 'base64'));
    const properties = { deviceId: this.id, claimEvidence: base64(this.evidence(nonce, false)) };
    return bench.ask('PUT', `${path}/devices/${this.id}${query}`, { body: { properties } });
  }
}

/** Lets the service of a bench know the boot of test devices and this factory, and takes the endorsement of these devices in. */
export async function endorseDevices(
  bench: ServiceBench,
  factory: TestFactory,
  devices: readonly TestDevice[],
): Promise<Answer> {
  await recordInLedger(bench.state, testLedger(factory));
  const endorsement = base64(factory.endorse(devices.map(({ id }) => id)));
  const path = '/subscriptions/s1/providers/Microsoft.AzureSphere/importEndorsements?api-version=2024-04-01';
  return bench.ask('POST', path, { body: { endorsement } });
}
