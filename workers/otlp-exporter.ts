/**
 * Sends spans by OTLP over HTTP as JSON, where OpenTelemetry's own variables say so: OTEL_EXPORTER_OTLP_ENDPOINT,
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, ..._HEADERS, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_SDK_DISABLED. In batches, best
 * effort: a collector that is away holds nothing up. One a process; workers and server.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */

export type Attributes = Readonly<Record<string, string | number | boolean>>;
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** ms since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  /** Why it failed; left out: it went well. */
  readonly failure?: string | undefined;
}
type Env = Readonly<Record<string, string | undefined>>;

const DELAY_MS = 2_000;
const TIMEOUT_MS = 10_000;
/** More than this waits for nobody. */
const MOST_SPANS = 4_096;
const IN_ONE = 512;

export class OtlpExporter {
  /** Spans that no collector took. */
  dropped = 0;
  private readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly resource: Attributes;
  private spans: Span[] = [];
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> = Promise.resolve();

  constructor(url: string, headers: Readonly<Record<string, string>>, resource: Attributes) {
    this.url = url;
    this.headers = headers;
    this.resource = resource;
  }

  add(span: Span): void {
    if (this.spans.length >= MOST_SPANS) {
      this.dropped++;
      return;
    }
    this.spans.push(span);
    this.timer ??= setTimeout(() => void this.flush(), DELAY_MS).unref();
  }

  /** Sends what is there and waits for it. Never rejects. */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.sending = this.sending.then(async () => {
      while (this.spans.length > 0) {
        const batch = this.spans.splice(0, IN_ONE);
        if (!(await this.post(batch))) this.dropped += batch.length;
      }
    });
    await this.sending;
  }

  private async post(spans: readonly Span[]): Promise<boolean> {
    const body = {
      resourceSpans: [{ resource: { attributes: attributesOf(this.resource) }, scopeSpans: [{ scope: { name: 'heddle' }, spans: spans.map(spanJson) }] }],
    };
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }
}

const attributesOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }));

const nanoseconds = (ms: number): string => `${Math.trunc(ms)}000000`;

/** kind 1: internal; status 1: ok, 2: error. */
const spanJson = ({ traceId, spanId, parentSpanId, name, start, end, attributes, failure }: Span) => ({
  traceId,
  spanId,
  ...(parentSpanId !== undefined && { parentSpanId }),
  name,
  kind: 1,
  startTimeUnixNano: nanoseconds(start),
  endTimeUnixNano: nanoseconds(Math.max(start, end)),
  attributes: attributesOf(attributes),
  status: failure === undefined ? { code: 1 } : { code: 2, message: failure },
});

/** null where the variables ask for none. */
export function exporterOf(env: Env, role: 'server' | 'worker'): OtlpExporter | null {
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const url = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? (base ? `${base.replace(/\/$/, '')}/v1/traces` : undefined);
  if (!url || env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return null;
  const headers = pairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS']);
  const resource = { ...pairs(env['OTEL_RESOURCE_ATTRIBUTES']), 'service.name': env['OTEL_SERVICE_NAME'] ?? `heddle-${role}` };
  return new OtlpExporter(url, headers, resource);
}

/** 'a=b,c=d', values URL-encoded. */
function pairs(text: string | undefined): Record<string, string> {
  return Object.fromEntries(
    (text ?? '').split(',').flatMap((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) return [];
      const value = pair.slice(at + 1).trim();
      try {
        return [[pair.slice(0, at).trim(), decodeURIComponent(value)]];
      } catch {
        return [[pair.slice(0, at).trim(), value]];
      }
    }),
  );
}
