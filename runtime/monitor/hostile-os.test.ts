// An OS that is the attacker: any sequence of secure calls over everything that was ever rightly signed for this device or another,
// with resets in between. What must hold is looked at after each step.

import test from 'ava';
import fc from 'fast-check';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { timeSignedBytes } from '../../contracts/core/signed-time.ts';
import { decodeEvidence } from '../../contracts/wire/evidence.ts';
import {
  BUILD_TIME,
  BootBench,
  CATALOG,
  COMPONENT,
  appImage,
  benchKeys,
  capabilityFile,
  claimStatement,
  signedStages,
  stageParts,
} from '../../test/support/boot-bench.ts';
import type { ClaimFacts } from './abi/service-records.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service, publisher, developer } = keys;
const OTHER_CATALOG = '00000000-0000-4000-8000-00000000ca7b' as ComponentId;
const { app: componentId } = COMPONENT;
const NONCE = new Uint8Array(32);

/** What may run here: the first two under the claim, the last under the capability, the others never. */
const IMAGES = [
  appImage({ key: service, publisher, rollbackIndex: 1 }),
  appImage({ key: service, publisher, rollbackIndex: 2 }),
  appImage({ key: service, rollbackIndex: 3 }),
  appImage({ key: service, publisher, catalogId: OTHER_CATALOG, rollbackIndex: 3 }),
  appImage({ key: publisher, role: 'publisher', rollbackIndex: 3 }),
  appImage({ key: developer, role: 'publisher', rollbackIndex: 3 }),
];
const DEVELOPED = 5;

type Step =
  | { readonly do: 'bind' | 'install' | 'capability' | 'answer'; readonly which: number }
  | { readonly do: 'write'; readonly fill: number }
  | { readonly do: 'launch' | 'stop' | 'remove' | 'drop' | 'ask' | 'attest' | 'reset' | 'wait' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('bind', 'install', 'capability', 'answer'), which: fc.nat(5) }),
  fc.record({ do: fc.constant('write' as const), fill: fc.nat(3) }),
  fc.record({ do: fc.constantFrom('launch', 'stop', 'remove', 'drop', 'ask', 'attest', 'reset', 'wait') }),
);

class Attack {
  readonly bench = new BootBench(keys, stages);
  /** Every answer that the service ever gave to a question of this device, rising in time. */
  readonly #answers: { nonce: Uint8Array; seconds: number; signature: Uint8Array }[] = [];
  readonly #seeds = new Map<number, string>();
  #taken: unknown;
  #claim: ClaimFacts | undefined;
  #floor = BUILD_TIME;
  #hadDevelopment = false;
  #rollback = 0;
  #written: Uint8Array | undefined;

  async perform(wish: Step): Promise<void> {
    const { bench } = this;
    switch (wish.do) {
      case 'bind':
        return void bench.call({ call: 'bindClaim', statement: this.#statement(wish.which) });
      case 'install':
        return this.#install(wish.which);
      case 'capability':
        return void bench.call({ call: 'applyCapability', file: this.#capability(BigInt(wish.which)) });
      case 'answer':
        return this.#answer(wish.which);
      case 'write':
        this.#written = new Uint8Array(100).fill(wish.fill);
        return void bench.call({ call: 'writeRecord', record: 'tufRoot', bytes: this.#written });
      case 'launch':
        return this.#launch();
      case 'stop':
        return void bench.call({ call: 'stop', context: 1 });
      case 'remove':
        return void bench.call({ call: 'removeImage', componentId });
      case 'drop':
        return void bench.call({ call: 'removeCapability' });
      case 'ask':
        return this.#ask();
      case 'attest':
        return this.#attest();
      case 'reset':
        this.#hadDevelopment = false;
        return void (await bench.boot());
      case 'wait':
        return bench.advance(200);
    }
  }

  /** What holds after every step, whatever the OS did. */
  check(): void {
    const { bench } = this;
    const claim = bench.call({ call: 'claim' });
    if (typeof claim === 'string') throw new Error(claim);
    if (this.#claim !== undefined && claim === undefined) throw new Error('the claim is gone');
    if (claim !== undefined) {
      if (claim.catalogId !== CATALOG || String(claim.publisherKeyId) !== String(publisher.keyId))
        throw new Error('bound to what no statement for this device says first');
      if (claim.epoch < (this.#claim?.epoch ?? 1)) throw new Error('the epoch went back');
    }
    this.#claim = claim;
    const time = bench.call({ call: 'trustedTime' });
    if (typeof time === 'string' || time.seconds < this.#floor) throw new Error('the time went below its floor');
    if (!time.isSet) this.#floor = time.seconds;
    const rights = bench.call({ call: 'capability' });
    if (typeof rights === 'object') this.#hadDevelopment ||= rights.rights.includes('appDevelopment');
    const record = bench.call({ call: 'readRecord', record: 'tufRoot' });
    if (String(record) !== String(this.#written)) throw new Error('a record is not what was written last');
  }

  /** The first three are this device's; the rest are true of another device, or signed with another key of the service. */
  #statement(which: number): Uint8Array {
    const facts = { deviceId: this.bench.deviceId, catalogId: CATALOG, publisherKeyId: publisher.keyId, epoch: 1 };
    const elsewhere = 'ab'.repeat(64) as typeof facts.deviceId;
    // Statements that would be good on an unbound device alone are signed only once it is bound: a service binds once.
    const later = this.#claim === undefined ? keys.capability : keys.claim;
    const statements = [
      () => claimStatement(facts, keys.claim),
      () => claimStatement({ ...facts, epoch: 2 }, keys.claim),
      () => claimStatement({ ...facts, epoch: 5, catalogId: OTHER_CATALOG }, later),
      () => claimStatement({ ...facts, epoch: 5, publisherKeyId: undefined }, later),
      () => claimStatement({ ...facts, epoch: 5, deviceId: elsewhere, catalogId: OTHER_CATALOG }, keys.claim),
      () => claimStatement({ ...facts, epoch: 5, catalogId: OTHER_CATALOG }, service),
    ];
    return statements[which]?.() ?? NONCE;
  }

  /** Even serials give development, odd ones do not. */
  #capability(serial: bigint): Uint8Array {
    const isDevelopment = serial % 2n === 0n;
    const developmentKey = isDevelopment ? developer.publicKey : undefined;
    const rights = [isDevelopment ? 'appDevelopment' : 'fieldServicing'] as const;
    return capabilityFile({ serial, rights, deviceId: this.bench.deviceId, developmentKey }, keys.capability);
  }

  #install(which: number): void {
    const { bench } = this;
    const installed = bench.install(IMAGES[which] ?? NONCE);
    if (typeof installed === 'string') return;
    this.#checkMayRun(which);
    if (installed.rollbackIndex < this.#rollback) throw new Error('a version went back');
    if (installed.trust === 'service') this.#rollback = installed.rollbackIndex;
  }

  #launch(): void {
    const launched = this.bench.call({ call: 'launch', componentId });
    if (typeof launched === 'string') return;
    const image = this.bench.compartments.at(-1)?.image;
    this.#checkMayRun(IMAGES.findIndex((candidate) => String(candidate) === String(image)));
  }

  #checkMayRun(which: number): void {
    const capability = this.bench.call({ call: 'capability' });
    const isDevelopment = typeof capability === 'object' && capability.rights.includes('appDevelopment');
    const may = which === DEVELOPED ? isDevelopment : which <= 1 && this.#claim !== undefined;
    if (!may) throw new Error(`image ${which} may not run here`);
  }

  #ask(): void {
    const nonce = this.bench.call({ call: 'timeNonce' });
    if (typeof nonce === 'string') throw new Error(nonce);
    const seconds = BUILD_TIME + 10_000 * (this.#answers.length + 1);
    this.#answers.push({ nonce, seconds, signature: keys.time.sign(timeSignedBytes(nonce, seconds)) });
  }

  /** Any answer that was ever given; the newest is the only one that can count, and it counts once. */
  #answer(which: number): void {
    const answer = this.#answers.at(-1 - which);
    if (answer === undefined) return;
    const taken = this.bench.call({ call: 'setTime', ...answer });
    if (taken !== undefined) return;
    if (which !== 0 || this.#taken === answer) throw new Error('an old answer was taken, or one twice');
    this.#taken = answer;
    this.#floor = answer.seconds;
  }

  #attest(): void {
    const attested = this.bench.call({ call: 'attest', nonce: NONCE, keys: false });
    if (typeof attested === 'string') throw new Error(attested);
    const { bootCount, bootSeed, securityLifecycle } = decodeEvidence(attested.evidence).claims;
    const known = this.#seeds.get(bootCount);
    if (known !== undefined && known !== String(bootSeed)) throw new Error('two boots have one count');
    this.#seeds.set(bootCount, String(bootSeed));
    if (this.#hadDevelopment && securityLifecycle !== 'nonPsaRotDebug') throw new Error('development was hidden');
  }
}

/** A device in its owner's hands: the attacks that need one are met in every run. */
const LIFE: readonly Step[] = [
  { do: 'bind', which: 1 },
  { do: 'install', which: 1 },
  { do: 'ask' },
  { do: 'answer', which: 0 },
  { do: 'attest' },
];

test('no sequence of secure calls, replays and resets takes a device over or sets it back', async (t) => {
  const attack = fc.asyncProperty(
    fc.constantFrom([], LIFE, LIFE),
    fc.array(step, { minLength: 8, maxLength: 25 }),
    async (before, steps) => {
      const run = new Attack();
      await run.bench.boot();
      for (const next of [...before, ...steps]) {
        await run.perform(next);
        run.check();
      }
    },
  );
  await t.notThrowsAsync(fc.assert(attack, { numRuns: 60 }));
});
