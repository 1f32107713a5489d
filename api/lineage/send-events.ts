/** Sends waiting OpenLineage events to where the configuration says: an HTTP endpoint or a file of JSON lines. Server only. */
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { closeOutbox, waitingOutbox } from '../../catalog/outbox.ts';
import type { ServerParts } from '../server-parts.ts';

const BATCH = 50;
const TIMEOUT_MS = 5_000;

/** In order; stops at the first that nobody takes now. False: there is more, and the receiver is away. What it refuses for good is given up and logged. */
export async function sendEvents({ config, catalog, log }: Pick<ServerParts, 'config' | 'catalog' | 'log'>): Promise<boolean> {
  const { lineage, project } = config;
  if (!lineage) return true;
  for (;;) {
    const waiting = await waitingOutbox(catalog.db, project, 'openlineage', BATCH);
    for (const { id, body } of waiting) {
      if (lineage.file !== null) {
        await mkdir(dirname(lineage.file), { recursive: true });
        await appendFile(lineage.file, `${body}\n`);
        await closeOutbox(catalog.db, id, Date.now());
        continue;
      }
      const answer = await post(lineage.url ?? '', body, lineage.tokenEnv === null ? undefined : process.env[lineage.tokenEnv]);
      if (answer.later) return false;
      if (answer.refused !== null) log.warn({ id, why: answer.refused }, 'an OpenLineage event was refused and is given up');
      await closeOutbox(catalog.db, id, Date.now(), answer.refused);
    }
    if (waiting.length < BATCH) return true;
  }
}

async function post(url: string, body: string, token: string | undefined): Promise<{ readonly later: boolean; readonly refused: string | null }> {
  try {
    const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = (await response.text()).slice(0, 300);
    if (response.ok) return { later: false, refused: null };
    // too many, too slow, not allowed yet, broken: it may be another answer next time
    const later = response.status >= 500 || [401, 403, 408, 425, 429].includes(response.status);
    return { later, refused: later ? null : `${response.status} ${text}` };
  } catch {
    return { later: true, refused: null };
  }
}
