// The TUF workflow against repositories that attack it, with tuf-js as the judge of the same repositories.

import { createHash } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import fc from 'fast-check';
import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { DeviceId } from '../../../contracts/core/ids.ts';
import { BENCH_DEVICE, BenchSession } from '../../../test/support/bench-session.ts';
import { StoringMonitor } from '../../../test/support/storing-monitor.ts';
import { TufOracle } from '../../../test/support/tuf-oracle.ts';
import type { TufRoleName } from '../../../test/support/tuf-repository.ts';
import { TUF_ROLES, TufRepository, TufSigner } from '../../../test/support/tuf-repository.ts';
import { ROOT_STEPS_MAX, keptTargets, refreshTuf } from './tuf-workflow.ts';
import { UpdateRecords } from './update-records.ts';
import { UpdateSource } from './update-source.ts';

/** The oracle's clock cannot be set, so these repositories live now. */
const NOW = Math.floor(Date.now() / 1000);
const HOUR = 60 * 60;
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

function bench({ namesDigests = true } = {}) {
  const repository = new TufRepository(NOW);
  repository.namesDigests = namesDigests;
  repository.release();
  const monitor = new StoringMonitor(repository.file('1.root.json'), BENCH_DEVICE as DeviceId);
  const session = new BenchSession(repository, NOW);
  const source = new UpdateSource(session, sha256);
  const records = new UpdateRecords(monitor);
  const fetch = (name: string, maxBytes: number) => source.metadata(name, maxBytes);
  const refresh = (nowSeconds = NOW) =>
    refreshTuf({ fetch, records, sha256 }, nowSeconds, ({ signed }) => signed.version);
  /** `accepted`, or the code. */
  const verdict = (): Promise<string> =>
    refresh().then(
      () => 'accepted',
      (error: unknown) => (error instanceof CodedError ? String(error.code) : Promise.reject(error as Error)),
    );
  return { repository, monitor, session, records, refresh, verdict };
}

function oracleFor(t: ExecutionContext, repository: TufRepository): TufOracle {
  const oracle = new TufOracle(repository);
  t.teardown(() => oracle.remove());
  return oracle;
}

interface Case {
  readonly what: string;
  /** From a repository that was accepted once to what the device meets at its second look. */
  readonly attack: (repository: TufRepository) => void;
  /** `accepted`, or the code. */
  readonly verdict: string;
  readonly namesDigests?: false;
  /** Before the first look. */
  readonly before?: (repository: TufRepository) => void;
}

/** Sets the version that the next file of the role gets. */
const next = (repository: TufRepository, role: TufRoleName, version: number): void => {
  repository.versions[role] = version - 1;
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value);
/** Changes the text of a file without signing it again. */
const forge = (repository: TufRepository, name: string, from: string | RegExp, to: string): void => {
  const old = text(repository.file(name));
  const changed = old.replace(from, to);
  if (changed === old) throw new Error(`${name} has no ${String(from)}`);
  repository.files.set(name, bytesOf(changed));
};

const CASES: readonly Case[] = [
  // What an honest repository does.
  { what: 'nothing new', attack: () => undefined, verdict: 'accepted' },
  { what: 'a new release', attack: (r) => r.release(), verdict: 'accepted' },
  { what: 'a new release that names no digests', namesDigests: false, attack: (r) => r.release(), verdict: 'accepted' },
  { what: 'a new timestamp alone', attack: (r) => r.makeTimestamp(), verdict: 'accepted' },
  {
    // Section 5.4.3.1: of two with one number the first counts, and it is still good.
    what: 'another timestamp of the same version',
    attack: (r) => {
      r.makeTargets();
      r.makeSnapshot();
      next(r, 'timestamp', r.versions.timestamp);
      r.makeTimestamp();
    },
    verdict: 'accepted',
  },

  // Root rotation (5.3).
  {
    what: 'new root keys, twice',
    attack: (r) => {
      r.rotate('root');
      r.rotate('root');
      r.release();
    },
    verdict: 'accepted',
  },
  {
    what: 'new keys of every role',
    attack: (r) => {
      r.rotate('root', 'timestamp', 'snapshot', 'targets');
      r.release();
    },
    verdict: 'accepted',
  },
  {
    what: 'a second root that the first one’s keys did not sign',
    attack: (r) => {
      r.roles.root = { signers: [new TufSigner()], threshold: 1 };
      r.makeRoot(r.roles.root.signers);
    },
    verdict: 'update-root-chain-broken',
  },
  {
    what: 'a second root that its own keys did not sign',
    attack: (r) => {
      const old = r.roles.root.signers;
      r.roles.root = { signers: [new TufSigner()], threshold: 1 };
      r.makeRoot(old);
    },
    verdict: 'update-root-chain-broken',
  },
  {
    what: 'a second root whose own threshold is not met',
    attack: (r) => {
      const old = r.roles.root.signers;
      r.roles.root = { signers: [...old, new TufSigner()], threshold: 2 };
      r.makeRoot(old);
    },
    verdict: 'update-root-chain-broken',
  },
  {
    what: 'a second root that says it is the third',
    attack: (r) => r.makeRoot(r.roles.root.signers, 3),
    verdict: 'update-root-chain-broken',
  },
  {
    what: 'the first root as the second',
    attack: (r) => r.files.set('2.root.json', r.file('1.root.json')),
    verdict: 'update-root-chain-broken',
  },
  {
    what: 'a root that has expired',
    attack: (r) => {
      r.expires.root = NOW - 1;
      r.makeRoot(r.roles.root.signers);
      r.release();
    },
    verdict: 'update-metadata-expired',
  },
  {
    // 5.3.6: the age of an intermediate root does not matter.
    what: 'an expired root with a good one after it',
    attack: (r) => {
      r.expires.root = NOW - 1;
      r.makeRoot(r.roles.root.signers);
      r.expires.root = NOW + HOUR;
      r.makeRoot(r.roles.root.signers);
      r.release();
    },
    verdict: 'accepted',
  },
  {
    what: 'a timestamp of a key that root no longer names',
    attack: (r) => {
      const old = r.roles.timestamp;
      r.rotate('timestamp');
      r.roles.timestamp = old;
      r.release();
    },
    verdict: 'update-signature-invalid',
  },

  // Freeze (5.4.4, 5.5.6, 5.6.5).
  ...(['timestamp', 'snapshot', 'targets'] as const).map((role): Case => ({
    what: `${role} metadata that has expired`,
    attack: (r) => {
      r.expires[role] = NOW - 1;
      r.release();
    },
    verdict: 'update-metadata-expired',
  })),

  // Rollback (5.4.3, 5.5.5).
  {
    what: 'an older timestamp',
    before: (r) => r.release(),
    attack: (r) => {
      next(r, 'timestamp', 1);
      r.makeTimestamp();
    },
    verdict: 'update-metadata-rolled-back',
  },
  {
    what: 'a newer timestamp that names an older snapshot',
    before: (r) => r.release(),
    attack: (r) => {
      r.versions.snapshot = 1;
      r.makeTimestamp();
    },
    verdict: 'update-metadata-rolled-back',
  },
  {
    what: 'a newer snapshot that names older targets',
    before: (r) => r.release(),
    attack: (r) => {
      r.versions.targets = 1;
      r.makeSnapshot();
      r.makeTimestamp();
    },
    verdict: 'update-metadata-rolled-back',
  },
  {
    what: 'a newer snapshot that names an older file of another role',
    before: (r) => Object.assign(r.listed, { 'other.json': 7 }) && r.release(),
    attack: (r) => Object.assign(r.listed, { 'other.json': 6 }) && r.release(),
    verdict: 'update-metadata-rolled-back',
  },
  {
    what: 'a newer snapshot that no longer lists a file',
    before: (r) => Object.assign(r.listed, { 'other.json': 7 }) && r.release(),
    attack: (r) => delete r.listed['other.json'] && r.release(),
    verdict: 'update-metadata-rolled-back',
  },

  // Mix and match (5.5.2, 5.5.4, 5.6.2, 5.6.4).
  ...(['snapshot', 'targets'] as const).flatMap((role): Case[] => [
    {
      what: `another ${role} of the same version under good signatures`,
      attack: (r) => {
        r.release();
        const named = r.file(`${r.versions[role]}.${role}.json`);
        next(r, role, r.versions[role]);
        r.expires[role] += HOUR;
        if (role === 'snapshot') r.makeSnapshot();
        else r.makeTargets();
        if (text(named) === text(r.file(`${r.versions[role]}.${role}.json`))) throw new Error('it is the same file');
      },
      verdict: 'update-metadata-mismatch',
    },
    {
      what: `${role} of another version than its parent names, without digests`,
      namesDigests: false,
      attack: (r) => {
        r.release();
        const version = r.versions[role];
        r.files.set(`${version}.${role}.json`, r.file(`${version - 1}.${role}.json`));
      },
      verdict: 'update-metadata-mismatch',
    },
    {
      what: `${role} one byte longer than its parent names`,
      attack: (r) => {
        r.release();
        const name = `${r.versions[role]}.${role}.json`;
        r.files.set(name, bytesOf(`${text(r.file(name))} `));
      },
      verdict: 'service-answer-too-large',
    },
    {
      what: `${role} one byte shorter than its parent names`,
      attack: (r) => {
        r.release();
        const name = `${r.versions[role]}.${role}.json`;
        r.files.set(name, r.file(name).slice(0, -1));
      },
      verdict: 'update-metadata-mismatch',
    },
    {
      what: `${role} that is not there`,
      attack: (r) => {
        r.release();
        r.files.delete(`${r.versions[role]}.${role}.json`);
      },
      verdict: 'update-service-refused',
    },
  ]),
  {
    what: 'a snapshot without targets',
    attack: (r) => {
      r.release();
      forge(r, `${r.versions.snapshot}.snapshot.json`, 'targets.json', 'target5.json');
      r.signAgain('snapshot');
      r.makeTimestamp();
    },
    verdict: 'update-metadata-rolled-back',
  },

  // Signatures (5.4.2, 5.5.3, 5.6.3).
  ...(['timestamp', 'snapshot', 'targets'] as const).flatMap((role): Case[] => [
    {
      what: `${role} signed by nobody`,
      attack: (r) => {
        r.roles[role] = { signers: [], threshold: 1 };
        r.release();
      },
      verdict: 'update-signature-invalid',
    },
    {
      what: `${role} signed by the key of another role`,
      attack: (r) => {
        r.roles[role] = r.roles[role === 'timestamp' ? 'snapshot' : 'timestamp'];
        r.release();
      },
      verdict: 'update-signature-invalid',
    },
    {
      what: `${role} signed by one of two keys that it needs`,
      before: (r) => {
        const both = { signers: [...r.roles[role].signers, new TufSigner()], threshold: 2 };
        r.roles[role] = both;
        r.makeRoot(r.roles.root.signers);
        r.release();
      },
      attack: (r) => {
        r.roles[role] = { signers: r.roles[role].signers.slice(0, 1), threshold: 2 };
        r.release();
      },
      verdict: 'update-signature-invalid',
    },
  ]),
  {
    what: 'a timestamp whose version was changed after it was signed',
    attack: (r) => forge(r, 'timestamp.json', '"version":1,"expires"', '"version":9,"expires"'),
    verdict: 'update-signature-invalid',
  },
  {
    what: 'a timestamp whose one signature stands there twice',
    before: (r) => {
      r.roles.timestamp = { signers: [...r.roles.timestamp.signers, new TufSigner()], threshold: 2 };
      r.makeRoot(r.roles.root.signers);
      r.release();
    },
    attack: (r) => {
      r.roles.timestamp = { signers: r.roles.timestamp.signers.slice(0, 1), threshold: 2 };
      r.release();
      forge(r, 'timestamp.json', /"signatures":\[(.*?)\]/, '"signatures":[$1,$1]');
    },
    verdict: 'update-metadata-malformed',
  },
  {
    what: 'a snapshot as the timestamp',
    attack: (r) => r.files.set('timestamp.json', r.file('1.snapshot.json')),
    verdict: 'update-metadata-malformed',
  },

  // Fast-forward (5.3.11): versions driven up by a thief of keys, and the way back.
  {
    what: 'low versions again after high ones, under the same keys',
    before: (r) => {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) next(r, role, 1_000_000);
      r.release();
    },
    attack: (r) => {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) next(r, role, 2);
      r.release();
    },
    verdict: 'update-metadata-rolled-back',
  },
  {
    what: 'low versions again after high ones, under new keys',
    before: (r) => {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) next(r, role, 1_000_000);
      r.release();
    },
    attack: (r) => {
      r.rotate('timestamp', 'snapshot', 'targets');
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) next(r, role, 2);
      r.release();
    },
    verdict: 'accepted',
  },

  // Not metadata.
  ...['', '{', '[]', 'null', '{"signed":{},"signatures":[]}', '\u0000'].map((what): Case => ({
    what: `${JSON.stringify(what)} as the timestamp`,
    attack: (r) => r.files.set('timestamp.json', bytesOf(what)),
    verdict: 'update-metadata-malformed',
  })),
  {
    what: 'a timestamp without end',
    attack: (r) => r.files.set('timestamp.json', new Uint8Array(100_000).fill(0x20)),
    verdict: 'service-answer-too-large',
  },
  {
    what: 'no timestamp',
    attack: (r) => r.files.delete('timestamp.json'),
    verdict: 'update-service-refused',
  },
];

for (const { what, attack, verdict, namesDigests = true, before } of CASES) {
  const isAccepted = verdict === 'accepted';
  test(`${what}: ${isAccepted ? 'accepted' : `refused as ${verdict}`}, as tuf-js says`, async (t) => {
    const device = bench({ namesDigests });
    const oracle = oracleFor(t, device.repository);
    before?.(device.repository);
    t.is(await device.verdict(), 'accepted', 'the first look');
    t.is(await oracle.refresh(), undefined, 'the first look of tuf-js');
    const kept = { ...Object.fromEntries(device.monitor.records), tufRoot: undefined };
    attack(device.repository);
    t.is(await device.verdict(), verdict);
    t.is((await oracle.refresh()) === undefined, isAccepted);
    if (!isAccepted) t.deepEqual({ ...Object.fromEntries(device.monitor.records), tufRoot: undefined }, kept);
  });
}

test('a device that was refused once accepts the repository when it is honest again', async (t) => {
  const { repository, verdict } = bench();
  t.is(await verdict(), 'accepted');
  const good = repository.file('timestamp.json');
  repository.files.set('timestamp.json', bytesOf('{}'));
  t.is(await verdict(), 'update-metadata-malformed');
  repository.files.set('timestamp.json', good);
  repository.release();
  t.is(await verdict(), 'accepted');
});

// tuf-js keeps the old timestamp here; section 5.3.11 says that new keys of either role end both.
test('new snapshot keys alone let the versions of timestamp and snapshot start afresh', async (t) => {
  const { repository, verdict } = bench();
  for (const role of ['timestamp', 'snapshot'] as const) next(repository, role, 1_000_000);
  repository.release();
  t.is(await verdict(), 'accepted');
  repository.rotate('snapshot');
  for (const role of ['timestamp', 'snapshot'] as const) next(repository, role, 3);
  repository.release();
  t.is(await verdict(), 'accepted');
});

test('the time is the one that was handed in, to the second', async (t) => {
  const { repository, refresh } = bench();
  repository.expires.timestamp = NOW + HOUR;
  repository.release();
  t.is(await refresh(NOW + HOUR - 1), 2);
  await t.throwsAsync(refresh(NOW + HOUR), { code: 'update-metadata-expired' });
});

test('what is refused by the caller is not kept either: another device’s numbers shut nobody out', async (t) => {
  const { repository, monitor, records, session, verdict } = bench();
  t.is(await verdict(), 'accepted');
  const before = new Map(monitor.records);
  const fetch = (name: string, maxBytes: number) => new UpdateSource(session, sha256).metadata(name, maxBytes);
  const honest = new Map(repository.files);
  for (const role of ['timestamp', 'snapshot', 'targets'] as const) next(repository, role, 1_000_000);
  repository.release();
  const refusal = refreshTuf({ fetch, records, sha256 }, NOW, () => {
    throw new CodedError('not-mine', '');
  });
  await t.throwsAsync(refusal, { code: 'not-mine' });
  t.deepEqual(monitor.records, before);
  repository.files.clear();
  for (const [name, bytes] of honest) repository.files.set(name, bytes);
  t.is(await verdict(), 'accepted');
});

test('nothing is written when nothing changed, and only what changed otherwise', async (t) => {
  const { repository, monitor, verdict } = bench();
  await verdict();
  t.is(monitor.writes, 3, 'timestamp, snapshot, targets; the root is the keystore’s');
  await verdict();
  t.is(monitor.writes, 3);
  repository.makeTimestamp();
  await verdict();
  t.is(monitor.writes, 4);
});

test('what is kept is not downloaded again', async (t) => {
  const { repository, session, verdict } = bench();
  await verdict();
  repository.makeTimestamp();
  session.paths.length = 0;
  await verdict();
  t.deepEqual(
    session.paths.map((path) => path.split('/').at(-1)),
    ['2.root.json', 'timestamp.json'],
  );
});

test('a device whose records were lost starts from the root in its keystore', async (t) => {
  const { repository, monitor, verdict } = bench();
  repository.rotate('root');
  repository.release();
  t.is(await verdict(), 'accepted');
  for (const name of ['tufRoot', 'tufTimestamp', 'tufSnapshot', 'tufTargets'] as const) monitor.lost.add(name);
  t.is(await verdict(), 'accepted');
  t.deepEqual(monitor.records.get('tufRoot'), repository.file('2.root.json'));
});

test('a keystore root that is newer than the kept one counts', async (t) => {
  const { repository, monitor, session } = bench();
  repository.rotate('root');
  repository.rotate('timestamp');
  repository.release();
  const renewed = new StoringMonitor(repository.file('3.root.json'), BENCH_DEVICE as DeviceId);
  renewed.records.set('tufRoot', repository.file('2.root.json'));
  const fetch = (name: string, maxBytes: number) => new UpdateSource(session, sha256).metadata(name, maxBytes);
  await refreshTuf({ fetch, records: new UpdateRecords(renewed), sha256 }, NOW, () => undefined);
  t.true(session.paths[0]?.endsWith('4.root.json'));
  t.is(monitor.writes, 0);
});

for (const record of ['tufRoot', 'tufTimestamp', 'tufSnapshot', 'tufTargets'] as const) {
  test(`${record} with senseless content does not end updates`, async (t) => {
    const { repository, monitor, verdict } = bench();
    t.is(await verdict(), 'accepted');
    monitor.records.set(record, bytesOf('{"signed":'));
    repository.release();
    t.is(await verdict(), 'accepted');
  });
}

test('keptTargets() gives what was accepted last, and nothing that the root’s keys did not sign', async (t) => {
  const { repository, monitor, records, verdict } = bench();
  t.is(await keptTargets(records), undefined);
  repository.release();
  await verdict();
  t.is((await keptTargets(records))?.signed.version, 2);
  monitor.records.set(
    'tufTargets',
    bytesOf(text(repository.file('2.targets.json')).replace('"version":2', '"version":3')),
  );
  t.is(await keptTargets(records), undefined);
});

// tuf-js would search them; a director has nobody to delegate to.
test('targets with delegations are refused', async (t) => {
  const { repository, verdict } = bench();
  repository.makeTargets();
  forge(repository, '2.targets.json', '"targets":{}', '"targets":{},"delegations":{"keys":{},"roles":[]}');
  repository.signAgain('targets');
  repository.makeSnapshot();
  repository.makeTimestamp();
  t.is(await verdict(), 'update-metadata-malformed');
});

test('a device that missed many roots goes on where it got to', async (t) => {
  const { repository, session, verdict } = bench();
  for (let step = 0; step < ROOT_STEPS_MAX + 2; step++) repository.makeRoot(repository.roles.root.signers);
  t.is(await verdict(), 'accepted');
  const asked = (): number => session.paths.filter((path) => path.endsWith('.root.json')).length;
  t.is(asked(), ROOT_STEPS_MAX);
  session.paths.length = 0;
  t.is(await verdict(), 'accepted');
  t.is(asked(), 3, 'two more, and the one that is not there');
});

test('a root with one key under two ids is refused: it would count twice', async (t) => {
  const { repository, verdict } = bench();
  t.is(await verdict(), 'accepted');
  const twin = new TufSigner(repository.roles.timestamp.signers[0]);
  repository.roles.timestamp = { signers: [...repository.roles.timestamp.signers, twin], threshold: 2 };
  repository.makeRoot(repository.roles.root.signers);
  repository.release();
  t.is(await verdict(), 'update-metadata-malformed');
});

for (const role of TUF_ROLES) {
  test(`mutated ${role} metadata: accepted or a coded error, and after an error the records are as before`, async (t) => {
    const { repository, monitor, verdict } = bench({ namesDigests: false });
    await verdict();
    const kept = new Map(monitor.records);
    if (role === 'root') repository.makeRoot(repository.roles.root.signers);
    else repository.release();
    const name = role === 'timestamp' ? 'timestamp.json' : `${repository.versions[role]}.${role}.json`;
    const good = repository.file(name);
    const change = fc.record({
      at: fc.nat(good.length - 1),
      byte: fc.integer({ min: 0, max: 255 }),
      cut: fc.boolean(),
    });
    const seen = new Set<string>();
    const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      let bytes = good.slice();
      for (const { at, byte, cut } of changes) {
        if (cut) bytes = Uint8Array.of(...bytes.slice(0, at), ...bytes.slice(at + 1));
        else bytes[Math.min(at, bytes.length - 1)] = byte;
      }
      repository.files.set(name, bytes);
      const said = await verdict();
      seen.add(said);
      if (said !== 'accepted') t.deepEqual(new Map(monitor.records), kept);
      monitor.records.clear();
      for (const [record, content] of kept) monitor.records.set(record, content);
    });
    await fc.assert(property, { numRuns: 200 });
    t.true(seen.has('update-metadata-malformed'), [...seen].join(' '));
    repository.files.set(name, good);
    t.is(await verdict(), 'accepted', 'what was mutated was good');
  });
}
