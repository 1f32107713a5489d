/**
 * The webhook: JSON, signed with HMAC-SHA256 over '<time>.<body>', tried again with growing pauses. Best effort: it never
 * holds up or fails a run. Server only.
 */
import { createHmac } from 'node:crypto';
import type { Logger } from 'pino';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';

export type NotifyKind = 'failed' | 'done' | 'approval' | 'message';

/** Sends in the background. The same id is sent once a process. */
export type Notifier = (kind: NotifyKind, id: string, body: Json) => void;

const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000];
const REMEMBERED = 10_000;

/** Header value: 't=<ms>,v1=<hex>'. A receiver computes v1 itself and refuses old times. */
export const signature = (secret: string, at: number, body: string): string =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;

/** Throws HDL-BAD-VARIABLE where the secret is not there: nothing goes out unsigned by mistake. */
export function createNotifier(config: ResolvedConfig['notify'], project: string, log: Logger, pausesMs: readonly number[] = PAUSES_MS): Notifier {
  if (!config) return () => undefined;
  const secret = config.secretEnv === null ? undefined : process.env[config.secretEnv];
  if (config.secretEnv !== null && !secret)
    throw new HeddleError('HDL-BAD-VARIABLE', {
      what: `${config.secretEnv} is not set; it should be the secret that signs the webhook.`,
      where: 'notify.secretEnv',
      why: 'Messages would go out unsigned.',
      fix: 'Set it where the server runs, or leave notify.secretEnv out.',
    });
  const sent = new Set<string>();
  return (kind, id, body) => {
    if ((kind !== 'message' && !config.on.includes(kind)) || sent.has(`${kind} ${id}`)) return;
    if (sent.size >= REMEMBERED) sent.clear();
    sent.add(`${kind} ${id}`);
    void deliver(config.url, JSON.stringify({ project, kind, id, at: Date.now(), body }), secret, pausesMs).catch((error: unknown) => {
      log.warn({ kind, id, error: String(error) }, 'the webhook was given up');
    });
  };
}

async function deliver(url: string, body: string, secret: string | undefined, pausesMs: readonly number[]): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const headers = { 'content-type': 'application/json', ...(secret !== undefined && { 'heddle-signature': signature(secret, Date.now(), body) }) };
      const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000), redirect: 'error' });
      await answer.body?.cancel();
      if (answer.ok) return;
      throw new Error(`HTTP ${answer.status}`);
    } catch (error) {
      const pause = pausesMs[tries];
      if (pause === undefined) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, pause).unref();
      }); // a closing server does not wait for it
    }
  }
}
