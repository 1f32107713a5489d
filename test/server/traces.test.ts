/** Spans of a run as a collector gets them from server and worker: one trace, attempts below steps below the run. The collector is a fake. */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/temporal-server.mjs';
import { startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly service: string;
}
interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

const pipelineFile = `import { command, pipeline, task, z } from 'heddle';
export const flaky = task({ name: 'o.flaky', version: '1', retry: { attempts: 1, backoff: '1s', classes: { user: 1 } }, output: z.int(), async run(_, ctx) {
  if (ctx.attempt === 1) throw new Error('once');
  return ctx.attempt;
} });
export const program = command({ name: 'o.program', version: '1', argv: ['sh', '-c', 'echo "\\\\"$TRACEPARENT\\\\"" > "$HEDDLE_OUTPUT"'], input: z.object({ n: z.int() }), output: z.string() });
export const p = pipeline({ name: 'o.traced' }, () => program({ n: flaky({}, { id: 'flaky' }) }, { id: 'program' }));
`;

const spans: Span[] = [];
let headers: string | undefined;
let collector: Server;
let system: System;
beforeAll(async () => {
  const port = await freePort();
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        headers = `${request.url} ${String(request.headers['x-key'])}`;
        const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Request; // OTLP as JSON
        for (const { resource, scopeSpans } of resourceSpans)
          for (const span of scopeSpans.flatMap((scope) => scope.spans))
            spans.push({ ...span, service: resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '' });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
  });
  await new Promise<void>((resolve) => collector.listen(port, '127.0.0.1', resolve));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/`, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b' };
  system = await startSystem({ files: { 'pipelines/traced.ts': pipelineFile }, env });
}, 300_000);
afterAll(async () => {
  await system?.stop();
  await new Promise((resolve) => collector.close(resolve));
});

it('are one trace: the run, its steps, their attempts, and what a program hangs below', async () => {
  const run = await system.ended(await system.run('o.traced'));
  expect(run.status).toBe('done');
  await until('the spans', () => spans.length >= 6);
  const named = (name: string): Span =>
    spans.find((span) => span.name === name) ?? expect.fail(`no span ${name} in ${spans.map((span) => span.name).join(', ')}`);
  const root = named('run o.traced');
  expect(root.parentSpanId).toBeUndefined();
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
  for (const step of ['flaky', 'program']) expect(named(`step ${step}`).parentSpanId).toBe(root.spanId);
  for (const [attempt, step] of [
    ['attempt 1 of flaky', 'flaky'],
    ['attempt 2 of flaky', 'flaky'],
    ['attempt 1 of program', 'program'],
  ] as const)
    expect(named(attempt).parentSpanId).toBe(named(`step ${step}`).spanId);
  expect(spans.map(({ name, service }) => [name, service]).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
    ['attempt 1 of flaky', 'heddle-worker'],
    ['attempt 1 of program', 'heddle-worker'],
    ['attempt 2 of flaky', 'heddle-worker'],
    ['run o.traced', 'heddle-server'],
    ['step flaky', 'heddle-server'],
    ['step program', 'heddle-server'],
  ]);
  expect(named('attempt 1 of flaky').status).toEqual({ code: 2, message: 'user Error' });
  expect(named('attempt 2 of flaky').status).toEqual({ code: 1 });
  expect(run.output).toBe(`00-${root.traceId}-${named('attempt 1 of program').spanId}-01`);
  for (const span of spans) {
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
  }
  expect(headers).toBe('/v1/traces a b');
}, 120_000);
