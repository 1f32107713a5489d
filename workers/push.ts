/**
 * Pushes step events and the worker's hello to the server, in batches, best effort: it never blocks or fails a step, and
 * what the server does not take within a short time is dropped. Workers only.
 */
import { readFile } from 'node:fs/promises';
import type { StepEvent, WorkerHello } from '../dsl/contract/api.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';

/** A batch is sent this long after its first event. Steps that end sooner are not announced. */
export const BATCH_MS = 250;
const HELLO_MS = 10_000;
const TIMEOUT_MS = 5_000;
const MAX_EVENTS = 10_000;
/** Below the server's 8 MiB for one request, with room for JSON around it. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** After a failed push the next waits, so that a server that is gone costs nothing. */
const RETRY_MS = 5_000;

export interface PushOptions {
  readonly server: Pick<ResolvedConfig['server'], 'url' | 'tokenFile'>;
  hello(): WorkerHello;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The server does not take the token; told once, until it takes one. */
  readonly refused?: (status: number) => void;
}

export class EventPush {
  /** Events that were dropped because the server did not take them. */
  dropped = 0;
  private readonly options: PushOptions;
  private events: StepEvent[] = [];
  /** Newest progress of a step's attempt: one a batch is enough. */
  private readonly progress = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
  private readonly helloTimer: NodeJS.Timeout;
  private sending: Promise<void> = Promise.resolve();
  private notBefore = 0;
  private token: string | null = null;
  private wasRefused = false;

  constructor(options: PushOptions) {
    this.options = options;
    this.helloTimer = setInterval(() => void this.hello(), HELLO_MS);
    this.helloTimer.unref();
  }

  push(event: StepEvent): void {
    if (event.kind === 'progress') {
      const key = `${event.runId}/${event.step}/${event.attempt}`;
      const at = this.progress.get(key);
      if (at !== undefined && this.events[at]) {
        this.events[at] = event;
        return;
      }
      this.progress.set(key, this.events.length);
    }
    if (this.events.length >= MAX_EVENTS) {
      this.dropped++;
      return;
    }
    this.events.push(event);
    this.timer ??= setTimeout(
      () => {
        this.flush();
      },
      Math.max(BATCH_MS, this.notBefore - Date.now()),
    ).unref();
  }

  /** Says that the worker is here. Never rejects. */
  async hello(): Promise<void> {
    await this.post('/workers', this.options.hello());
  }
  /** Sends what is there and waits for it, within the timeout. */
  async close(): Promise<void> {
    clearInterval(this.helloTimer);
    this.flush();
    await this.sending;
    await this.hello();
  }

  private flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const events = this.events;
    this.events = [];
    this.progress.clear();
    for (const batch of batches(events)) {
      this.sending = this.sending.then(async () => {
        if (await this.post('/events', { events: batch })) return;
        this.dropped += batch.length;
        this.notBefore = Date.now() + RETRY_MS;
      });
    }
  }
  private async post(path: string, body: unknown): Promise<boolean> {
    try {
      this.token ??= await this.readToken();
      const answer = await fetch(`${this.options.server.url}/api/v1${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { 'content-type': 'application/json', ...(this.token && { authorization: `Bearer ${this.token}` }) },
      });
      await answer.body?.cancel();
      if (answer.status === 401) this.token = null; // a new server made a new one
      const refused = answer.status === 401 || answer.status === 403;
      if (refused && !this.wasRefused) this.options.refused?.(answer.status);
      this.wasRefused = refused;
      return answer.ok;
    } catch {
      return false; // no server: steps go on
    }
  }
  private async readToken(): Promise<string | null> {
    const given = (this.options.env ?? process.env)['HEDDLE_TOKEN'];
    if (given) return given;
    return readFile(this.options.server.tokenFile, 'utf8').then(
      (text) => text.trim(),
      () => null,
    );
  }
}

function* batches(events: readonly StepEvent[]): Generator<readonly StepEvent[]> {
  let batch: StepEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = event.kind === 'log' ? event.line.text.length * 2 + 1000 : 1000;
    if (bytes + size > BATCH_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
