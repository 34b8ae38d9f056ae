import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { updateStoreConformance } from '../../test/support/update-store-conformance.ts';
import { nameKey } from '../domain/resource-names.ts';
import { openStore } from './open-store.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-update-stores-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
let count = 0;

updateStoreConformance(test, 'SQLite', async () => {
  const file = join(base, `store-${count++}.db`);
  const stores = await openStore(`sqlite:${file}`);
  return {
    stores,
    close: () => stores.close(),
    insertDevice(catalogId, id, group) {
      const database = new DatabaseSync(file);
      const [product, name] = group === undefined ? [null, null] : [nameKey(group.product), nameKey(group.deviceGroup)];
      database
        .prepare('insert into devices (id, catalog_id, product_key, device_group_key) values (?, ?, ?, ?)')
        .run(id, catalogId, product, name);
      database.close();
    },
  };
});
