/** The backfill that a person means: an id, what one begins with, or 'last'. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Client } from './client.ts';

/** Throws HDL-NO-BACKFILL. */
export async function findBackfill(client: Client, text: string): Promise<string> {
  if (/^[0-9A-HJKMNP-TV-Z]{26}$/.test(text)) return text;
  const { items } = await client.backfills({ limit: 500 });
  const found = text === 'last' ? items.slice(0, 1) : items.filter(({ id }) => id.startsWith(text.toUpperCase()));
  const [only] = found;
  if (only && found.length === 1) return only.id;
  throw new HeddleError('HDL-NO-BACKFILL', {
    what:
      found.length === 0
        ? `There is no backfill ${text}.`
        : `${found.length} backfills begin with ${text}: ${found
            .slice(0, 3)
            .map(({ id }) => id)
            .join(', ')}.`,
  });
}
