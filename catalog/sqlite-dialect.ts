/**
 * Kysely on the SQLite that is built into Node. One connection, used by one query or transaction at a time. Transactions
 * begin IMMEDIATE: two writers wait for each other instead of failing in the middle.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';

/** How long a statement waits for another process's write before the catalog counts as locked. */
export const BUSY_TIMEOUT_MS = 5_000;

export const sqliteDialect = (file: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Dialect => ({
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new NodeSqliteDriver(file, busyTimeoutMs),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
});

class NodeSqliteDriver implements Driver {
  readonly #file: string;
  readonly #busyTimeoutMs: number;
  #database: DatabaseSync | undefined;
  #connection: NodeSqliteConnection | undefined;
  /** Resolves when the connection is free. */
  #turn: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(file: string, busyTimeoutMs: number) {
    this.#file = file;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  async init(): Promise<void> {
    const database = new DatabaseSync(this.#file, { timeout: this.#busyTimeoutMs });
    database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;');
    this.#database = database;
    this.#connection = new NodeSqliteConnection(database);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    let release: () => void = () => undefined;
    this.#turn = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    if (!this.#connection) throw new Error('the catalog is closed');
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
    this.#connection = undefined;
  }
}

/** Statements kept compiled; the catalog's own queries are fewer. */
const KEPT_STATEMENTS = 200;

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly gives: boolean }>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, gives } = this.#prepare(query.sql);
    const parameters = query.parameters as readonly SQLInputValue[]; // the catalog binds strings, numbers and nulls only
    // Rows have the shape that the query builder derived from the schema.
    if (gives) return { rows: statement.all(...parameters) as R[] };
    const { changes } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  /** A statement with columns gives rows. */
  #prepare(sql: string): { readonly statement: StatementSync; readonly gives: boolean } {
    const kept = this.#statements.get(sql);
    if (kept) return kept;
    const statement = this.#database.prepare(sql);
    const made = { statement, gives: statement.columns().length > 0 };
    if (this.#statements.size >= KEPT_STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, made);
    return made;
  }

  // oxlint-disable-next-line require-yield -- the catalog pages its queries and streams none
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the catalog does not stream queries');
  }
}
