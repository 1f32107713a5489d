/**
 * The handle of the SQL catalog: the truth for what has happened. Opened by the server only; the functions over it lie in
 * one file a concept (runs.ts, steps.ts, keys.ts, pins.ts, waits.ts, models.ts, audit.ts...).
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import { migrations, SCHEMA_VERSION } from './migrations.ts';
import type { CatalogSchema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

export interface Catalog {
  readonly kind: 'sqlite' | 'postgres';
  readonly db: Kysely<CatalogSchema>;
  /** Runs `work` in one transaction; begins IMMEDIATE on SQLite. */
  transaction<T>(work: (trx: Transaction<CatalogSchema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A handle or a transaction of it: what the small functions take. */
export type CatalogDb = Kysely<CatalogSchema> | Transaction<CatalogSchema>;

/**
 * Opens the catalog at 'sqlite:<absolute file>' or 'postgres://...' and brings its tables up to date.
 * Throws HDL-CATALOG-UNREACHABLE, HDL-CATALOG-LOCKED, HDL-CATALOG-NEWER.
 */
export async function openCatalog(url: string, options: { readonly busyTimeoutMs?: number } = {}): Promise<Catalog> {
  const where = withoutPassword(url);
  const kind = url.startsWith('sqlite:') ? 'sqlite' : 'postgres';
  let db: Kysely<CatalogSchema> | undefined;
  try {
    db = kind === 'sqlite' ? openSqlite(url.slice('sqlite:'.length), options.busyTimeoutMs) : openPostgres(url);
    await migrate(db, kind, where);
  } catch (error) {
    await db?.destroy().catch(() => undefined);
    throw catalogError(error, where);
  }
  const opened = db;
  return {
    kind,
    db: opened,
    transaction: async (work) => {
      try {
        return await opened.transaction().execute(work);
      } catch (error) {
        throw isLocked(error) ? catalogError(error, where) : error;
      }
    },
    close: () => opened.destroy(),
  };
}

function openSqlite(file: string, busyTimeoutMs: number | undefined): Kysely<CatalogSchema> {
  mkdirSync(dirname(file), { recursive: true });
  return new Kysely({ dialect: sqliteDialect(file, busyTimeoutMs) });
}

function openPostgres(url: string): Kysely<CatalogSchema> {
  // bigint as number: every one of ours is a time or a count far below 2^53.
  const types = { getTypeParser: (oid: number, format?: 'text' | 'binary') => (oid === 20 ? Number : pg.types.getTypeParser(oid, format as 'text')) };
  const pool = new pg.Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 5_000, types });
  pool.on('error', () => undefined); // an idle connection that breaks is replaced at its next use
  return new Kysely({ dialect: new PostgresDialect({ pool }) });
}

async function migrate(db: Kysely<CatalogSchema>, kind: Catalog['kind'], where: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(740213)`.execute(trx); // two servers that start at once migrate in turn
    await trx.schema
      .createTable('heddle_schema')
      .ifNotExists()
      .addColumn('version', 'integer', (c) => c.primaryKey())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .execute();
    const row = await trx
      .selectFrom('heddle_schema')
      .select((eb) => eb.fn.max('version').as('version'))
      .executeTakeFirst();
    const version = Number(row?.version ?? 0);
    if (version > SCHEMA_VERSION) {
      throw new HeddleError('HDL-CATALOG-NEWER', {
        what: `The catalog has schema version ${version}; this Heddle knows versions up to ${SCHEMA_VERSION}.`,
        where,
        why: 'Writing to it could harm what the newer version keeps there.',
      });
    }
    for (let next = version; next < SCHEMA_VERSION; next++) {
      await migrations[next]?.(trx as unknown as Kysely<unknown>); // a migration makes the tables, so it does not know their types
      await trx
        .insertInto('heddle_schema')
        .values({ version: next + 1, at: Date.now() })
        .execute();
    }
  });
}

function catalogError(error: unknown, where: string): unknown {
  if (isHeddleError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (isLocked(error)) {
    return new HeddleError('HDL-CATALOG-LOCKED', { what: "Another process holds the catalog's write lock.", where, cause: error });
  }
  return new HeddleError('HDL-CATALOG-UNREACHABLE', { what: `The catalog cannot be opened: ${text || 'no answer'}.`, where, cause: error });
}

const isLocked = (error: unknown): boolean => error instanceof Error && /database (table )?is locked|SQLITE_BUSY/.test(error.message);

/** The URL as people may see it. */
export const withoutPassword = (url: string): string => url.replace(/\/\/([^:/@]+):[^@]*@/, '//$1@');
