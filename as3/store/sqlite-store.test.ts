import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { sql } from 'kysely';
import { attestationStoreConformance } from '../../test/support/attestation-store-conformance.ts';
import { catalogKey, managementStoreConformance } from '../../test/support/management-store-conformance.ts';
import { nameKey } from '../domain/resource-names.ts';
import { MIGRATIONS } from './migrations.ts';
import { openStore } from './open-store.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-store-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
let count = 0;
const newFile = (): string => join(base, `store-${count++}.db`);
const STAMP = { by: 'operator', at: '2026-11-22T12:00:00.000Z' };

managementStoreConformance(test, 'SQLite', async () => {
  const file = newFile();
  const opened = await openStore(`sqlite:${file}`);
  return {
    store: opened.management,
    close: () => opened.close(),
    insertDevice(catalogId, id, group) {
      const database = new DatabaseSync(file);
      const [product, name] = group === undefined ? [null, null] : [nameKey(group.product), nameKey(group.deviceGroup)];
      database.prepare('insert into devices values (?, ?, ?, ?)').run(id, catalogId, product, name);
      database.close();
    },
  };
});

attestationStoreConformance(test, 'SQLite', async () => {
  const { attestation, management, close } = await openStore(`sqlite:${newFile()}`);
  return { store: attestation, management, close };
});

async function storeWithCatalog(): Promise<string> {
  const file = newFile();
  const { management, close } = await openStore(`sqlite:${file}`);
  await management.writeCatalog(catalogKey('Kept'), { tags: {} }, STAMP, 'id-1');
  await close();
  return file;
}

async function catalogIn(file: string): Promise<string | undefined> {
  const { management, close } = await openStore(`sqlite:${file}`);
  const catalog = await management.findCatalog(catalogKey('Kept'));
  await close();
  return catalog?.id;
}

test('a new store is its owner’s alone', async (t) => {
  const file = newFile();
  const { management, close } = await openStore(`sqlite:${file}`);
  await management.writeCatalog(catalogKey('Kept'), { tags: {} }, STAMP, 'id-1');
  for (const part of ['', '-wal', '-shm']) t.is(statSync(`${file}${part}`).mode & 0o077, 0, part);
  await close();
});

test('a store that is opened again has what it had', async (t) => {
  t.is(await catalogIn(await storeWithCatalog()), 'id-1');
});

test('a later step of the tables runs by itself and keeps every row', async (t) => {
  const file = await storeWithCatalog();
  const later = {
    ...MIGRATIONS,
    '9999-later': {
      up: async (database: Parameters<(typeof MIGRATIONS)[string]['up']>[0]) => {
        await database.schema.alterTable('catalogs').addColumn('note', 'text').execute();
      },
    },
  };
  await (await openStore(`sqlite:${file}`, later)).close();
  const { management, close } = await openStore(`sqlite:${file}`, later);
  t.is((await management.findCatalog(catalogKey('Kept')))?.id, 'id-1');
  await close();
  // The version before it must not write into tables that it does not know.
  await t.throwsAsync(openStore(`sqlite:${file}`), { code: 'store-too-new' });
});

test('a step that fails leaves the store as it was', async (t) => {
  const file = await storeWithCatalog();
  const failing = {
    ...MIGRATIONS,
    '9999-failing': {
      up: async (database: Parameters<(typeof MIGRATIONS)[string]['up']>[0]) => {
        await sql`delete from catalogs`.execute(database);
        await database.schema.dropTable('no_such_table').execute();
      },
    },
  };
  await t.throwsAsync(openStore(`sqlite:${file}`, failing), { code: 'store-unusable' });
  t.is(await catalogIn(file), 'id-1');
});

test('commits are on the disk, and references are enforced', async (t) => {
  const file = await storeWithCatalog();
  const database = new DatabaseSync(file);
  t.is(database.prepare('pragma journal_mode').get()?.['journal_mode'], 'wal');
  database.exec('pragma foreign_keys = on');
  const insert = database.prepare("insert into devices values ('x', 'id-1', 'no product', 'no group')");
  t.throws(() => insert.run());
  database.close();
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['of another kind', 'postgres://localhost/x', 'store-address-malformed'],
  ['without a file', 'sqlite:', 'store-address-malformed'],
  ['that is gone at the end', 'sqlite::memory:', 'store-address-malformed'],
  ['of SQLite with options in it', 'sqlite:file:x?mode=memory', 'store-address-malformed'],
  ['in a folder that is not there', `sqlite:${join(base, 'no', 'x.db')}`, 'store-unusable'],
  ['of a folder', `sqlite:${base}`, 'store-unusable'],
];
for (const [what, address, code] of REFUSED) {
  test(`an address ${what} is refused`, async (t) => {
    await t.throwsAsync(openStore(address), { code });
  });
}

test('a file of something else is refused and not touched', async (t) => {
  const file = newFile();
  writeFileSync(file, 'not a database, but long enough to have a header of one: '.repeat(10));
  await t.throwsAsync(openStore(`sqlite:${file}`), { code: 'store-unusable' });
});

test('two processes make one store at one moment, and write into it together', async (t) => {
  const file = newFile();
  const program = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'open-store.ts'))};
    import { catalogKey } from ${JSON.stringify(join(import.meta.dirname, '../../test/support/management-store-conformance.ts'))};
    const { management, close } = await openStore('sqlite:' + process.argv[1]);
    for (let number = 0; number < 20; number++) {
      const name = process.argv[2] + number;
      await management.writeCatalog(catalogKey(name), { tags: {} }, ${JSON.stringify(STAMP)}, name);
    }
    await close();`;
  const run = (name: string): Promise<number | null> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, file, name], { stdio: 'inherit' });
      child.once('close', resolve);
    });
  t.deepEqual(await Promise.all([run('a'), run('b'), run('c')]), [0, 0, 0]);
  const { management, close } = await openStore(`sqlite:${file}`);
  const { items } = await management.listCatalogs(catalogKey('x'), { skip: 0, limit: 100 });
  t.is(items.length, 60);
  await close();
});
