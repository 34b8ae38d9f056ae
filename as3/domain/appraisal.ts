// Appraises a device's evidence by everything that the service knows of that device. Never changes anything: accepting is the
// store's, in one step.

import type { EvidenceClaims, SecurityLifecycle } from '../../contracts/core/evidence.ts';
import type { Evidence } from '../../contracts/wire/evidence.ts';
import type { AppReferences } from './app-references.ts';
import type { AcceptedEvidence, DeviceStanding } from './attestation-store.ts';
import { DeviceRefusal } from './device-refusal.ts';
import type { Ledger } from './ledger.ts';
import { developersOf, referencesIn } from './ledger.ts';
import type { Clock } from './ports.ts';
import type { NoncePurpose, ServiceNonces } from './service-nonce.ts';
import type { EvidencePrimitives, EvidenceVerdict } from './verify-evidence.ts';
import { verifyEvidence, verifySender } from './verify-evidence.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';

/** A device in the field; or one of those, with somebody's development images on it. */
const LIFECYCLES: readonly SecurityLifecycle[] = ['secured', 'nonPsaRotDebug'];

export interface AppraisalParts {
  readonly ledger: Ledger;
  readonly apps: AppReferences;
  readonly nonces: ServiceNonces;
  readonly clock: Clock;
  readonly primitives: EvidencePrimitives;
}

export class Appraisal {
  readonly #parts: AppraisalParts;

  constructor(parts: AppraisalParts) {
    this.#parts = parts;
  }

  /**
   * That this device said it at all: before anything is looked up, since anybody may send something in a device's name. Errors:
   * `evidence-wrong-key`, `evidence-signature-invalid`.
   */
  requireSender(evidence: Evidence): void {
    requireGood(verifySender(evidence, evidence.claims, this.#parts.primitives));
  }

  /**
   * What the store needs to accept it. Errors: every code of `DeviceRefusal` that speaks of nonces and evidence; `details.claim`
   * names the claim.
   */
  async appraise(
    evidence: Evidence,
    standing: DeviceStanding,
    purpose: NoncePurpose,
    catalogId: string,
  ): Promise<AcceptedEvidence> {
    const { ledger, apps, nonces, clock, primitives } = this.#parts;
    const { claims } = evidence;
    const { expiresMs } = nonces.check(claims.nonce, purpose);
    this.requireSender(evidence);
    const entries = await ledger.entries();
    const verdict = verifyEvidence(
      evidence,
      {
        deviceId: claims.deviceId,
        // The MAC has just said that it is one of ours, and whose.
        nonce: claims.nonce,
        references: [...referencesIn(entries, catalogId), ...(await apps.of(catalogId))],
        lifecycles: LIFECYCLES,
        developers: developersOf(entries, claims.deviceId),
        last: standing.last,
      },
      primitives,
    );
    requireGood(verdict);
    checkBoard(claims, standing);
    const digest = bytesToHex(primitives.sha256(claims.nonce));
    const { deviceId, bootCount, bootSeed } = claims;
    return { deviceId, nonce: { digest, expiresMs }, boot: { bootCount, bootSeed }, nowMs: clock.nowMs() };
  }
}

function requireGood(verdict: EvidenceVerdict): void {
  if (!verdict.ok) throw new DeviceRefusal(verdict.code, verdict.detail, { details: { claim: verdict.claim } });
}

/** The factory knows which board it put the chip on; a device could call itself another one to get another one's images. */
function checkBoard({ board }: EvidenceClaims, standing: DeviceStanding): void {
  if (board === standing.board) return;
  throw new DeviceRefusal('evidence-board-wrong', `the factory endorsed a ${standing.board}, not a ${board}`, {
    details: { claim: 'board' },
  });
}
