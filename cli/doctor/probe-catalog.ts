/** Can the catalog be opened? Looks only: nothing is made or migrated here. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { bad, ok, reason, type Check } from './check.ts';
import { withoutPassword } from './effective-values.ts';

export async function probeCatalog({ catalog }: ResolvedConfig): Promise<Check> {
  const shown = withoutPassword(catalog);
  try {
    if (catalog.startsWith('sqlite:')) {
      const file = catalog.slice('sqlite:'.length);
      if (!existsSync(file)) {
        accessSync(nearest(dirname(file)), constants.W_OK);
        return ok('catalog', `${shown}, made when the server starts`);
      }
      const { DatabaseSync } = await import('node:sqlite');
      const db = new DatabaseSync(file, { readOnly: true });
      try {
        db.prepare('select count(*) from sqlite_master').get();
      } finally {
        db.close();
      }
    } else {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: catalog, connectionTimeoutMillis: 3_000 });
      await client.connect();
      try {
        await client.query('select 1');
      } finally {
        await client.end();
      }
    }
    return ok('catalog', shown);
  } catch (error) {
    return bad('catalog', `${shown}: ${reason(error)}`, 'Correct `catalog` in heddle.config.ts (HEDDLE_CATALOG), or start the database.');
  }
}

/** The folder itself or the nearest above it that is there. */
export function nearest(folder: string): string {
  let found = folder;
  while (!existsSync(found)) found = dirname(found);
  return found;
}
