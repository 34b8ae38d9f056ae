// Results of the secure calls that the service is behind: evidence, time, claim, stored records. Never decides anything.

import type { ComponentId } from '../../../contracts/core/ids.ts';
import { EVIDENCE_MAX_BYTES } from '../../../contracts/core/limits.ts';
import { TIME_NONCE_BYTES } from '../../../contracts/core/signed-time.ts';
import { AbiError } from './abi-error.ts';
import type { Layout } from './records.ts';
import { COMPONENT_ID, flag, keyOf } from './records.ts';

/** What a certificate of a fresh key is for. */
export const KEY_PURPOSE = { update: 1, customer: 2 } as const;
export type KeyPurpose = keyof typeof KEY_PURPOSE;

/** A TLS key that the monitor made for one attestation. It lives in the memory of the process that owns the sockets, nowhere else. */
export interface AttestedKey {
  readonly purpose: KeyPurpose;
  /** P-256 scalar, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** SEC 1 uncompressed point, 65 bytes; the same is in the evidence. */
  readonly publicKey: Uint8Array;
}

export interface Attestation {
  /** A PSA attestation token (contracts/core/evidence.ts). */
  readonly evidence: Uint8Array;
  /** One for each purpose, or none when none were asked for. */
  readonly keys: readonly AttestedKey[];
}

export interface TrustedTimeFacts {
  /** Whether the service has answered since power-on. */
  readonly isSet: boolean;
  /** Since 1970-01-01T00:00:00Z; while not set, the floor: the true time is not before it. */
  readonly seconds: number;
}

/** Whose device this is. */
export interface ClaimFacts {
  readonly catalogId: ComponentId;
  /** SHA-256 of the P-256 point whose signature the catalog's apps need; `undefined`: none is required. */
  readonly publisherKeyId: Uint8Array | undefined;
  readonly epoch: number;
}

const SCALAR_BYTES = 32;
const POINT_BYTES = 65;
const KEY_ID_BYTES = 32;

const ATTESTED_KEY: Layout<AttestedKey> = {
  write: (writer, key) => void writer.u8(KEY_PURPOSE[key.purpose]).bytes(key.privateKey).bytes(key.publicKey),
  read: (reader) => ({
    purpose: keyOf(KEY_PURPOSE, reader.u8()),
    privateKey: reader.bytes(SCALAR_BYTES).slice(),
    publicKey: reader.bytes(POINT_BYTES).slice(),
  }),
};

export const ATTESTATION: Layout<Attestation> = {
  write(writer, { evidence, keys }) {
    writer.u32(evidence.length).bytes(evidence).u8(keys.length);
    for (const key of keys) ATTESTED_KEY.write(writer, key);
  },
  read(reader) {
    const length = reader.u32();
    if (length > EVIDENCE_MAX_BYTES) throw new AbiError('abi-malformed', `evidence of ${length} bytes`);
    const evidence = reader.bytes(length).slice();
    return { evidence, keys: Array.from({ length: reader.u8() }, () => ATTESTED_KEY.read(reader)) };
  },
};

export const TIME_NONCE: Layout<Uint8Array> = {
  write: (writer, nonce) => void writer.bytes(nonce),
  read: (reader) => reader.bytes(TIME_NONCE_BYTES).slice(),
};

export const TRUSTED_TIME_FACTS: Layout<TrustedTimeFacts> = {
  write: (writer, { isSet, seconds }) => void writer.u8(isSet ? 1 : 0).u64(BigInt(seconds)),
  read(reader) {
    const isSet = flag(reader.u8());
    const seconds = reader.u64();
    if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) throw new AbiError('abi-malformed', `${seconds} seconds`);
    return { isSet, seconds: Number(seconds) };
  },
};

/** Also how the sealed state record holds the claim. */
export const CLAIM_FACTS: Layout<ClaimFacts | undefined> = {
  write(writer, facts) {
    writer.u8(facts === undefined ? 0 : 1);
    if (facts === undefined) return;
    COMPONENT_ID.write(writer, facts.catalogId);
    writer.u32(facts.epoch).u8(facts.publisherKeyId === undefined ? 0 : 1);
    if (facts.publisherKeyId !== undefined) writer.bytes(facts.publisherKeyId);
  },
  read(reader) {
    if (!flag(reader.u8())) return undefined;
    const catalogId = COMPONENT_ID.read(reader);
    const epoch = reader.u32();
    const publisherKeyId = flag(reader.u8()) ? reader.bytes(KEY_ID_BYTES).slice() : undefined;
    return { catalogId, publisherKeyId, epoch };
  },
};

export const RECORD_CONTENT: Layout<Uint8Array | undefined> = {
  write(writer, bytes) {
    writer.u8(bytes === undefined ? 0 : 1);
    if (bytes !== undefined) writer.bytes(bytes);
  },
  read: (reader) => (flag(reader.u8()) ? reader.rest().slice() : undefined),
};
