// `casemate attest …`: a device's evidence for a person. Never says that a device is good: who knows which bytes were signed, and which
// nonce was asked, is the service.

import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { sameBytes } from '../../../contracts/core/bytes.ts';
import { deviceIdOf, p256Spki } from '../../../contracts/core/device-identity.ts';
import { implementationIdOf, instanceIdOf } from '../../../contracts/core/evidence.ts';
import type { EvidenceClaims, EvidenceComponent, SecurityLifecycle } from '../../../contracts/core/evidence.ts';
import { bytesToHex } from '../../../contracts/core/ids.ts';
import type { Evidence } from '../../../contracts/wire/evidence.ts';
import { decodeEvidence } from '../../../contracts/wire/evidence.ts';
import type { DeviceChoice } from '../attached.ts';
import { withDevice } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { deviceLeaf } from '../device-command.ts';
import { readInput, writeOutput } from '../files.ts';
import { CliError, EXIT } from '../outcome.ts';
import { table } from '../table.ts';

/** What can be told about a token without knowing anything else. */
export interface Explanation {
  /** All of `checks` hold. */
  readonly verified: boolean;
  readonly checks: Readonly<
    Record<'signature' | 'deviceId' | 'instanceId' | 'implementationId' | 'nonce', boolean | null>
  >;
  readonly claims: object;
  readonly lifecycle: string;
}

const NONCE_BYTES = 32;
const LIFECYCLE: Readonly<Record<SecurityLifecycle, string>> = {
  assemblyAndTest: 'not yet made',
  provisioning: 'being provisioned',
  secured: 'secured: nobody but its service has apps on it',
  nonPsaRotDebug: 'in development: apps of a developer’s key may run above a root of trust that is whole',
};

export function registerAttest(root: Command, { outcome, cwd }: CommandContext): void {
  const attest = root
    .command('attest')
    .description('Evidence: what a device says about itself, signed by its own key.');
  attest
    .command('explain')
    .description(
      'Explains an evidence token (RFC 9783) line by line. Signature and ids are checked with the key in the token, which proves nothing about whose device it is. Exit code 1: a check does not hold.',
    )
    .argument('<file>', 'token, as casemate attest collect writes it')
    .option('--nonce <hex>', 'the nonce that was asked, to check that the token is over it')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  npx casemate attest collect -o token.cbor\n  npx casemate attest explain token.cbor',
    )
    .action(async (file: string, choice: { readonly nonce?: string }) => {
      const evidence = decodeEvidence(await readInput(resolve(cwd, file)));
      const nonce = choice.nonce === undefined ? undefined : nonceOf(choice.nonce);
      const explained = explain(evidence, nonce);
      if (!explained.verified) process.exitCode = EXIT.refused;
      outcome.result({ file, ...explained }, () => describe(evidence.claims, explained));
    });
  deviceLeaf(attest, 'collect', 'Has the attached device sign a token over a nonce, without any certificate key.')
    .requiredOption('-o, --output <file>', 'where the token goes')
    .option('--nonce <hex>', '32, 48 or 64 bytes (default: 32 random ones)')
    .addHelpText('after', '\nExample:\n  npx casemate attest collect -o token.cbor')
    .action((choice: DeviceChoice & { readonly output: string; readonly nonce?: string }) =>
      withDevice(cwd, choice, async (client) => {
        const nonce = choice.nonce === undefined ? new Uint8Array(randomBytes(NONCE_BYTES)) : nonceOf(choice.nonce);
        const token = await client.collectEvidence(nonce);
        const file = resolve(cwd, choice.output);
        await writeOutput(file, token);
        outcome.result(
          { file, bytes: token.length, nonce: bytesToHex(nonce) },
          () => `${token.length} bytes over the nonce ${bytesToHex(nonce)} in ${file}`,
        );
      }),
    );
}

/** Checks the token against itself. `nonce` undefined: that check is left out, and `verified` says nothing of freshness. */
export function explain({ claims, signedBytes, signature }: Evidence, nonce: Uint8Array | undefined): Explanation {
  const { identityKey } = claims;
  const rom = claims.components.find(({ measurementType }) => measurementType === 'rom');
  const checks = {
    signature: verifies(identityKey, signedBytes, signature),
    deviceId: deviceIdOf(identityKey, sha512) === claims.deviceId,
    instanceId: sameBytes(instanceIdOf(identityKey, sha256), claims.instanceId),
    implementationId:
      rom !== undefined && sameBytes(implementationIdOf(claims.board, rom.digest, sha256), claims.implementationId),
    nonce: nonce === undefined ? null : sameBytes(nonce, claims.nonce),
  };
  return {
    verified: Object.values(checks).every((held) => held !== false),
    checks,
    claims: {
      ...claims,
      nonce: bytesToHex(claims.nonce),
      instanceId: bytesToHex(claims.instanceId),
      implementationId: bytesToHex(claims.implementationId),
      bootSeed: bytesToHex(claims.bootSeed),
      identityKey: bytesToHex(identityKey),
      certificateKey: hexOrNull(claims.certificateKey),
      customerKey: hexOrNull(claims.customerKey),
      components: claims.components.map((component) => ({
        ...component,
        digest: bytesToHex(component.digest),
        signerId: hexOrNull(component.signerId),
      })),
    },
    lifecycle: LIFECYCLE[claims.securityLifecycle],
  };
}

function describe(claims: EvidenceClaims, { verified, checks, lifecycle }: Explanation): string {
  const held = (name: keyof Explanation['checks'], wrong: string): string =>
    checks[name] === null ? 'not checked: give --nonce' : checks[name] ? 'yes' : `NO: ${wrong}`;
  const facts = [
    ['verified', verified ? 'yes, with the key in the token' : 'NO'],
    ['  signature holds', held('signature', 'the token was changed, or signed with another key')],
    ['  device id is the key’s', held('deviceId', 'the key in the token is not this device’s')],
    ['  instance id is the key’s', held('instanceId', 'the key in the token is not this instance’s')],
    ['  board and ROM as claimed', held('implementationId', 'the measured ROM is not the claimed one')],
    ['  over the asked nonce', held('nonce', 'it answers another question, or an older one')],
    ['device id', claims.deviceId],
    ['board', claims.board],
    ['lifecycle', `${claims.securityLifecycle}: ${lifecycle}`],
    ['boots that attested', String(claims.bootCount)],
    ['boot seed', bytesToHex(claims.bootSeed)],
    ['nonce', bytesToHex(claims.nonce)],
    ['asks for certificates', claims.certificateKey === undefined ? 'no' : 'yes, for keys made for them'],
  ];
  const components = claims.components.map((component: EvidenceComponent) => [
    component.measurementType,
    component.version,
    bytesToHex(component.digest),
    component.signerId === undefined ? '' : bytesToHex(component.signerId).slice(0, 16),
  ]);
  return `${table(undefined, facts)}\n\n${table(['RAN, IN THIS ORDER', 'VERSION', 'SHA-256', 'SIGNER'], components)}`;
}

function verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(p256Spki(publicKey)), format: 'der', type: 'spki' });
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function nonceOf(hex: string): Uint8Array {
  if (/^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i.test(hex)) return new Uint8Array(Buffer.from(hex, 'hex'));
  throw new CliError('usage', '--nonce wants 32, 48 or 64 bytes in hex', { fault: 'caller' });
}

function hexOrNull(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : bytesToHex(bytes);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(bytes).digest());
}
