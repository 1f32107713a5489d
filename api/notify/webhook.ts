/**
 * The webhook: JSON, signed with HMAC-SHA256 over '<time>.<body>'. A message is a chore of the catalog, written with what it
 * tells of, and sent at least once: workers/server-chores.ts sends, with growing pauses. It never holds up or fails a run. Server only.
 */
import { createHmac } from 'node:crypto';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { CatalogDb } from '../../catalog/catalog.ts';
import { addChore } from '../../catalog/chores.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';

export type NotifyKind = 'failed' | 'done' | 'approval' | 'message';

/** Writes a message down, in the caller's transaction or by itself. The same id is sent once, or again when an answer was lost. */
export type Notifier = (db: CatalogDb, kind: NotifyKind, id: string, body: Json) => Promise<void>;
/** Sends one. Throws where the receiver did not take it. */
export type Sender = (message: Json) => Promise<void>;

const TIMEOUT_MS = 10_000;

/** Header value: 't=<ms>,v1=<hex>'. A receiver computes v1 itself and refuses old times. */
export const signature = (secret: string, at: number, body: string): string =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;

export function createNotifier(config: ResolvedConfig['notify'], project: string): Notifier {
  return async (db, kind, id, body) => {
    if (!config || (kind !== 'message' && !config.on.includes(kind))) return;
    const at = Date.now();
    await addChore(db, { id: `webhook ${kind} ${id}`, project, kind: 'webhook', detail: { project, kind, id, at, body }, createdAt: at, dueAt: at });
  };
}

/** null: no webhook is configured. Throws HDL-BAD-VARIABLE where the secret is not there: nothing goes out unsigned by mistake. */
export function createSender(config: ResolvedConfig['notify']): Sender | null {
  if (!config) return null;
  const secret = config.secretEnv === null ? undefined : process.env[config.secretEnv];
  if (config.secretEnv !== null && !secret)
    throw new HeddleError('HDL-BAD-VARIABLE', {
      what: `${config.secretEnv} is not set; it should be the secret that signs the webhook.`,
      where: 'notify.secretEnv',
      why: 'Messages would go out unsigned.',
      fix: 'Set it where the server runs, or leave notify.secretEnv out.',
    });
  return async (message) => {
    const body = JSON.stringify(message);
    const headers = { 'content-type': 'application/json', ...(secret !== undefined && { 'heddle-signature': signature(secret, Date.now(), body) }) };
    const answer = await fetch(config.url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  };
}
