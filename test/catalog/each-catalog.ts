/** Runs one suite on every kind of catalog: SQLite in a temp folder, PostgreSQL on a real server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { openCatalog, type Catalog } from '../../catalog/catalog.ts';
import { startPostgres } from '../real-parts/postgres.ts';

/** `catalog()` gives the opened catalog within tests; `url()` where it is. */
export function eachCatalog(name: string, suite: (catalog: () => Catalog, url: () => string) => void): void {
  describe(`${name} on SQLite`, () => {
    let folder = '';
    let catalog: Catalog | undefined;
    const url = (): string => `sqlite:${join(folder, 'catalog.db')}`;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'heddle-catalog-'));
      catalog = await openCatalog(url());
    });
    afterAll(async () => {
      await catalog?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    suite(() => catalog as Catalog, url);
  });

  describe(`${name} on PostgreSQL`, () => {
    let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
    let catalog: Catalog | undefined;
    beforeAll(async () => {
      server = await startPostgres();
      catalog = await openCatalog(server.url);
    });
    afterAll(async () => {
      await catalog?.close();
      await server?.stop();
    });
    suite(
      () => catalog as Catalog,
      () => server?.url ?? '',
    );
  });
}
