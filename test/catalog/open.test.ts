/** What goes wrong while a catalog is opened, and ids. */
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCatalog, withoutPassword } from '../../catalog/catalog.ts';
import { childRunId, newId } from '../../catalog/ids.ts';
import { migrations } from '../../catalog/migrations.ts';
import { sqliteDialect } from '../../catalog/sqlite-dialect.ts';
import { listAttempts } from '../../catalog/step-events.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-open-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('opening a catalog', () => {
  it('says that another process holds the write lock', async () => {
    const file = join(folder, 'locked.db');
    const other = new DatabaseSync(file);
    other.exec('pragma journal_mode = wal; begin immediate');
    await expect(openCatalog(`sqlite:${file}`, { busyTimeoutMs: 20 })).rejects.toMatchObject({ code: 'HDL-CATALOG-LOCKED', where: `sqlite:${file}` });
    other.exec('rollback');
    other.close();
    await (await openCatalog(`sqlite:${file}`)).close();
  });

  it('brings an older one up to date, with the attempts that it holds', async () => {
    const file = join(folder, 'older.db');
    const db = new Kysely<never>({ dialect: sqliteDialect(file) });
    const before = migrations.findIndex(({ name }) => name === 'tries');
    expect(before).toBeGreaterThan(0);
    for (const migration of migrations.slice(0, before)) await migration(db as never);
    await sql`create table heddle_schema (version integer primary key, at bigint)`.execute(db);
    await sql`insert into heddle_schema values (${before}, 1)`.execute(db);
    await sql`insert into attempts values ('r', 'fit', 2, 'w', 10, 20, null, 0)`.execute(db);
    await db.destroy();
    const catalog = await openCatalog(`sqlite:${file}`);
    expect(await listAttempts(catalog.db, 'r')).toEqual([
      { step: 'fit', retry: 0, attempt: 2, worker: 'w', startedAt: 10, endedAt: 20, failure: null, observed: false },
    ]);
    await catalog.close();
  });

  it('says that the database does not answer, without the password', async () => {
    const error = await openCatalog('postgres://heddle:hunter2@127.0.0.1:1/heddle').then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'HDL-CATALOG-UNREACHABLE', where: 'postgres://heddle@127.0.0.1:1/heddle' });
    expect(String(error)).not.toContain('hunter2');
    expect(withoutPassword('sqlite:/a/b.db')).toBe('sqlite:/a/b.db');
  });
});

describe('ids', () => {
  it('are in order of their making', () => {
    const ids = Array.from({ length: 100 }, newId);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('of a child are the same for the same parent and step, and look like others', () => {
    const parent = newId();
    expect(childRunId(parent, 'score')).toBe(childRunId(parent, 'score'));
    expect(childRunId(parent, 'score')).not.toBe(childRunId(parent, 'score2'));
    expect(childRunId(parent, 'score')).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(childRunId(parent, 'score').slice(0, 10)).toBe(parent.slice(0, 10));
  });
});
