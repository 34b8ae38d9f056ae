// Kysely on the SQLite that comes with Node. Never shares its connection, and never begins a transaction that could find
// out only later that another process writes.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';
import { ServiceError } from '../domain/service-error.ts';
import { CompiledQuery as Query, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';

/** Mode of a new store. Of one that is there its owner has decided. */
const OWNER_ALONE = 0o600;
/** How long a write waits for another process's. */
const BUSY_TIMEOUT_MS = 10_000;
/**
 * WAL lets readers and one writer work at once; FULL syncs it at each commit, so that an answered request is on the disk;
 * SQLite enforces foreign keys only when asked (https://www.sqlite.org/pragma.html).
 */
const PRAGMAS = ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON', 'trusted_schema = OFF'] as const;

/** A dialect on one file. Errors: `store-busy`, `store-unusable`. */
export function sqliteDialect(file: string): Dialect {
  return {
    createDriver: () => new NodeSqliteDriver(file),
    createAdapter: () => new NodeSqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  };
}

/** Kysely has one user of the connection at a time because the base class says that there is only one. */
class NodeSqliteAdapter extends SqliteAdapter {
  /** SQLite rolls a changed schema back as well, and so a migration is whole or not there. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver implements Driver {
  readonly #file: string;
  #connection: NodeSqliteConnection | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    // SQLite would make it readable by everybody, and gives the files beside it the mode of this one.
    coded(() => closeSync(openSync(this.#file, 'a', OWNER_ALONE)));
    const database = coded(() => new DatabaseSync(this.#file, { timeout: BUSY_TIMEOUT_MS }));
    try {
      for (const pragma of PRAGMAS) coded(() => database.exec(`PRAGMA ${pragma}`));
    } catch (error) {
      database.close();
      throw error;
    }
    this.#connection = new NodeSqliteConnection(database);
  }

  async acquireConnection(): Promise<NodeSqliteConnection> {
    if (this.#connection === undefined) throw new Error('the store is not open');
    return this.#connection;
  }

  /** IMMEDIATE: a transaction that reads first and writes later would fail, not wait, when another wrote in between. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(Query.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(Query.raw('commit'));
  }

  /** SQLite has rolled back by itself after some errors, a full disk among them. */
  async rollbackTransaction(connection: NodeSqliteConnection): Promise<void> {
    if (connection.isInTransaction) await connection.executeQuery(Query.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {
    await Promise.resolve();
  }

  async destroy(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return coded(() => {
      const statement = this.#database.prepare(sql);
      const values = parameters as readonly SQLInputValue[];
      if (statement.columns().length > 0) return { rows: statement.all(...values) as Row[] };
      const { changes } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes) };
    });
  }

  /** The store reads page by page and streams nothing. */
  streamQuery(): never {
    throw new Error('this store does not stream');
  }

  close(): void {
    this.#database.close();
  }
}

/** Primary result code SQLITE_BUSY; extended codes have more in the upper bits (https://www.sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/** Never lets the text of a statement out: it can hold values of another catalog. */
function coded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const code = (cause as { errcode?: number }).errcode;
    if (code !== undefined && (code & 0xff) === SQLITE_BUSY) {
      throw new ServiceError('store-busy', 'another process holds the store', {
        fault: 'world',
        hint: 'try again; whatever works on the store for so long is not the service',
        cause,
      });
    }
    throw new ServiceError('store-unusable', `SQLite failed${code === undefined ? '' : ` with its code ${code}`}`, {
      fault: 'world',
      hint: 'is the disk full, is the file whole, and may this user write to it and to its folder?',
      cause,
    });
  }
}
